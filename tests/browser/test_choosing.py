"""Every kind of input in a modal, menus that ask the bot, files, reactions, replies sent to the channel too."""

import base64
import re

import pytest
from playwright.sync_api import FilePayload, Locator, expect

from tests.browser import gallery
from tests.browser.conftest import Opener, Workspace
from tests.browser.desk import Desk
from tests.browser.gallery import Json

pytestmark = pytest.mark.browser
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)


@pytest.fixture
def desk(workspace: Workspace, open_page: Opener) -> Desk:
    return Desk(open_page(workspace.slack, workspace.ada, workspace.team))


def opened(workspace: Workspace, desk: Desk, view: Json) -> Locator:
    """Open a modal for Ada."""
    seen = workspace.slack.message_shortcut(workspace.ada, workspace.team, workspace.post(), "decide_message")
    workspace.client.views_open(trigger_id=str(seen.trigger_id), view=view)
    expect(desk.modal).to_be_visible()
    return desk.modal


def pdf(name: str) -> FilePayload:
    return {"name": name, "mimeType": "application/pdf", "buffer": b"%PDF-1.7"}


def test_every_input_is_filled_in_and_sent(workspace: Workspace, desk: Desk) -> None:
    modal = opened(workspace, desk, gallery.every_input())
    modal.get_by_label("E-mail").fill("nobody")
    modal.get_by_role("button", name="Send").click()
    wrong = modal.locator(".error:not(:empty)")
    expect(wrong).to_have_text(["That is no e-mail address.", *["Please fill this in."] * 5])
    modal.get_by_label("E-mail").fill("ada@example.com")
    modal.get_by_label("Words").fill("in my own words")
    modal.get_by_label("Time", exact=True).fill("17:45")
    modal.get_by_label("Moment").fill("2026-12-05T10:30")
    modal.get_by_label("Size", exact=True).select_option(label="Large")
    modal.get_by_label("Sizes").select_option(label=["Small", "Huge"])
    modal.get_by_label("People").select_option(label=["@Ada Lovelace", "@Grace Hopper"])
    modal.get_by_label("Room").select_option(label="#team")
    choose_places(desk, modal)
    choose_files(modal)
    modal.get_by_role("button", name="Send").click()
    expect(modal).to_be_hidden()
    check_sent(workspace, workspace.acted[-1])


def choose_places(desk: Desk, modal: Locator) -> None:
    place = modal.get_by_role("combobox", name=re.compile("^Place$"))
    place.press_sequentially("P")
    expect(modal.locator(".options:visible")).to_have_text("Type 1 more")
    place.press_sequentially("a")
    expect(modal.locator(".options [role=option]:visible")).to_have_text(["Paris", "Parma"])
    place.press("ArrowDown")
    place.press("Enter")
    expect(modal.get_by_role("button", name="Remove Parma")).to_be_focused()
    places = modal.get_by_role("combobox", name="Places")
    places.focus()
    expect(modal.locator(".options [role=option]:visible")).to_have_count(3)
    places.press("Escape")
    expect(modal.locator(".options [role=option]:visible")).to_have_count(0)
    expect(modal).to_be_visible()
    places.press_sequentially("x")
    expect(modal.locator(".options:visible")).to_have_text("Nothing found")
    for name in ("Paris", "Rome"):
        places.fill(name)
        modal.locator(".options [role=option]:visible", has_text=name).click()
    modal.get_by_role("button", name="Remove Paris").click()
    expect(modal.locator(".chip span")).to_have_text(["Parma", "Rome"])
    assert desk.fits()


def choose_files(modal: Locator) -> None:
    chooser, listed = (
        modal.get_by_label("Bills"),
        modal.locator(".chosen-files li span"),
    )
    problem = modal.locator(".files .error")
    chooser.set_input_files(pdf("notes.txt"))
    expect(problem).to_have_text("notes.txt: only pdf, png.")
    chooser.set_input_files([pdf("first.pdf"), pdf("second.PDF"), pdf("third.pdf")])
    expect(problem).to_have_text("At most 2 files.")
    expect(listed).to_have_text(["first.pdf", "second.PDF"])
    modal.get_by_role("button", name="Remove first.pdf").click()
    chooser.set_input_files({"name": "photo.png", "mimeType": "image/png", "buffer": PNG})
    expect(listed).to_have_text(["second.PDF", "photo.png"])
    expect(problem).to_be_empty()


def check_sent(workspace: Workspace, values: Json) -> None:
    assert values["time"]["time"]["selected_time"] == "17:45"
    assert values["moment"]["moment"]["selected_date_time"] > 1_790_000_000
    assert values["words"]["words"]["rich_text_value"]["type"] == "rich_text"
    assert [one["value"] for one in values["sizes"]["sizes"]["selected_options"]] == ["small", "huge"]
    assert values["people"]["people"]["selected_users"] == [workspace.ada, workspace.grace]
    assert values["room"]["room"]["selected_channel"] == workspace.team
    assert values["place"]["place"]["selected_option"]["text"]["text"] == "Parma"
    assert [one["value"] for one in values["places"]["places"]["selected_options"]] == ["rome"]
    assert [one["name"] for one in values["bills"]["bills"]["files"]] == ["second.PDF", "photo.png"]


def test_a_menu_of_a_message_asks_the_bot(workspace: Workspace, desk: Desk) -> None:
    menu = {
        "type": "external_select",
        "action_id": "where",
        "min_query_length": 1,
        "placeholder": gallery.plain("Where?"),
    }
    workspace.post(gallery.section("A place", accessory=menu))
    box = desk.messages.last.get_by_role("combobox")
    box.press_sequentially("ro")
    desk.page.get_by_role("option", name="Rome").click()
    workspace.slack.until(lambda: workspace.acted)
    assert workspace.acted[0]["selected_option"]["value"] == "rome"
    expect(desk.messages.last.locator(".chip span")).to_have_text("Rome")


def test_pickers_and_boxes_of_a_message_send_at_once(workspace: Workspace, desk: Desk) -> None:
    options = [gallery.option("One", "1"), gallery.option("Two", "2")]
    kinds: list[Json] = [
        {"type": "datepicker", "action_id": "day"},
        {"type": "timepicker", "action_id": "hour"},
        {"type": "checkboxes", "action_id": "some", "options": options},
        {"type": "radio_buttons", "action_id": "one", "options": options},
        {"type": "users_select", "action_id": "who", "confirm": gallery.CONFIRM},
    ]
    workspace.post({"type": "actions", "elements": kinds})
    message = desk.messages.last
    message.locator("[data-action=day]").fill("2026-12-05")
    message.locator("[data-action=hour]").fill("08:15")
    message.get_by_role("checkbox", name="Two").check()
    message.get_by_role("radio", name="One").check()
    who = message.locator("[data-action=who]")
    who.select_option(label="@Grace Hopper")
    desk.page.get_by_role("dialog").get_by_role("button", name="Keep it").click()
    expect(who).to_have_value("")
    who.select_option(label="@Grace Hopper")
    desk.page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
    workspace.slack.until(lambda: len(workspace.acted) == len(kinds))
    sent = {action["action_id"]: action for action in workspace.acted}
    assert (sent["day"]["selected_date"], sent["hour"]["selected_time"]) == ("2026-12-05", "08:15")
    assert [one["value"] for one in sent["some"]["selected_options"]] == ["2"]
    assert (sent["one"]["selected_option"]["value"], sent["who"]["selected_user"]) == ("1", workspace.grace)


def test_reactions_are_added_and_taken_back(workspace: Workspace, desk: Desk, open_page: Opener) -> None:
    other = Desk(open_page(workspace.slack, workspace.grace, workspace.team))
    desk.type("done!")
    desk.messages.last.hover()
    add = desk.messages.last.get_by_role("button", name="Add a reaction")
    add.click()
    picker = desk.page.get_by_role("dialog", name="Add a reaction")
    expect(picker.get_by_role("searchbox")).to_be_focused()
    desk.page.keyboard.press("Escape")
    expect(add).to_be_focused()
    add.press("Enter")
    picker.get_by_role("searchbox").fill("tad")
    desk.page.keyboard.press("Enter")
    theirs = other.messages.last.get_by_role("button", name="tada: Ada Lovelace")
    expect(theirs).to_have_text("🎉 1")
    theirs.click()
    mine = desk.messages.last.get_by_role("button", name="tada: Ada Lovelace, Grace Hopper")
    expect(mine).to_have_attribute("aria-pressed", "true")
    mine.click()
    expect(other.messages.last.get_by_role("button", name="tada: Grace Hopper")).to_have_text("🎉 1")
    other.messages.last.get_by_role("button", name="Add a reaction").last.click()
    other.page.get_by_role("dialog").get_by_role("button", name="eyes", exact=True).click()
    expect(desk.messages.last.get_by_role("button", name="eyes: Grace Hopper")).to_be_visible()


def test_a_reply_goes_to_the_channel_too(workspace: Workspace, desk: Desk) -> None:
    desk.type("who decides?")
    desk.messages.last.hover()
    desk.messages.last.get_by_role("button", name="Reply in thread").click()
    desk.thread.get_by_label("Also send to #team").check()
    desk.reply("Grace does")
    expect(desk.messages).to_have_count(2)
    expect(desk.messages.last).to_contain_text("Replied to a thread: who decides?")
    expect(desk.thread.locator("article").last).to_contain_text("Also sent to the channel")
    expect(desk.thread.get_by_label("Also send to #team")).not_to_be_checked()
    desk.reply("by tomorrow")
    expect(desk.thread.locator("article")).to_have_count(3)
    expect(desk.messages).to_have_count(2)
    desk.page.keyboard.press("Escape")
    desk.messages.last.get_by_role("button", name="who decides?").click()
    expect(desk.thread.locator("article").last).to_contain_text("by tomorrow")
    sent = workspace.slack.deliveries("message")
    assert [one.payload["event"].get("subtype") for one in sent] == [None, "thread_broadcast", None]
