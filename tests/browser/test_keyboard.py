"""The page without a mouse and without eyes: everything is named and reached, and the focus is never lost."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser import gallery
from tests.browser.conftest import Opener, Workspace
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser
CONTROLS = "button, input, select, textarea, a[href], summary, [tabindex='0']"
# What stands on the page and has no name: what a screen reader would call "button" and nothing more.
NAMELESS = """(wanted) => [...document.querySelectorAll(wanted)].filter((one) => {
  if (!one.checkVisibility()) return false;
  const labels = [...(one.labels ?? [])].map((label) => label.textContent).join("");
  const by = (one.getAttribute("aria-labelledby") ?? "").split(" ")
    .map((id) => document.getElementById(id)?.textContent ?? "").join("");
  return !(one.getAttribute("aria-label") ?? "").trim() && !labels.trim() && !by.trim() && !one.textContent.trim();
}).map((one) => one.outerHTML.slice(0, 200))"""


@pytest.fixture
def desk(workspace: Workspace, open_page: Opener) -> Desk:
    return Desk(open_page(workspace.slack, workspace.ada, workspace.team))


def nameless(desk: Desk) -> list[str]:
    found: list[str] = desk.page.evaluate(NAMELESS, CONTROLS)
    return found


def test_every_control_has_a_name(workspace: Workspace, desk: Desk) -> None:
    ts = workspace.post(*gallery.blocks())
    workspace.post(gallery.chart("line", "Opus"), gallery.data_table())
    workspace.slack.react(workspace.grace, workspace.team, ts, "eyes")
    workspace.slack.say(workspace.grace, workspace.team, "well?", thread_ts=ts)
    desk.page.get_by_role("button", name="1 reply").click()
    expect(desk.thread.locator("article")).to_have_count(2)
    assert nameless(desk) == []
    seen = workspace.slack.message_shortcut(workspace.ada, workspace.team, ts, "decide_message")
    workspace.client.views_open(trigger_id=str(seen.trigger_id), view=gallery.every_input())
    expect(desk.modal).to_be_visible()
    assert nameless(desk) == []
    desk.page.keyboard.press("Escape")
    desk.go("Robot")
    expect(desk.page.locator("#home")).to_contain_text("left for July")
    assert nameless(desk) == []


def test_the_whole_way_by_keyboard(workspace: Workspace, desk: Desk) -> None:
    workspace.post(gallery.blocks()[-1] | {"block_id": "decide"})
    expect(desk.box).to_be_focused()
    press = desk.page.keyboard.press
    desk.box.press_sequentially("/")
    press("ArrowDown")
    press("ArrowUp")
    press("Enter")
    desk.box.press_sequentially("now")
    press("Enter")
    expect(desk.messages.last).to_contain_text("You asked now")
    press("Shift+Tab")
    expect(desk.page.get_by_role("button", name="Shortcuts and commands")).to_be_focused()
    withdraw = desk.messages.first.get_by_role("button", name="Withdraw")
    withdraw.focus()
    press("Enter")
    expect(desk.page.get_by_role("dialog").get_by_role("button", name="Withdraw")).to_be_focused()
    press("Escape")
    expect(withdraw).to_be_focused()
    press("Tab")
    press("Enter")
    expect(desk.page.get_by_role("menuitem", name="Export")).to_be_focused()
    press("End")
    expect(desk.page.get_by_role("menuitem", name="Mute")).to_be_focused()
    press("Escape")
    expect(desk.messages.first.get_by_role("button", name="More actions", exact=True)).to_be_focused()


def test_the_focus_survives_what_others_do(workspace: Workspace, desk: Desk) -> None:
    ts = workspace.post(gallery.section("what?"), gallery.blocks()[-1] | {"block_id": "decide"})
    expect(desk.messages).to_have_count(1)
    button = desk.newest().get_by_role("button", name="Another amount…")
    button.focus()
    workspace.slack.say(workspace.grace, workspace.team, "meanwhile")
    expect(desk.messages).to_have_count(2)
    expect(button).to_be_focused()
    workspace.slack.react(workspace.grace, workspace.team, ts, "eyes")
    expect(desk.messages.first.locator(".reaction").first).to_be_visible()
    # The message is another now; whoever was at one of its buttons is at the same one again.
    expect(button).to_be_focused()
    done = [gallery.section("decided")]
    workspace.client.chat_update(channel=workspace.team, ts=ts, text="decided", blocks=done)
    expect(desk.messages.first).to_contain_text("decided")
    expect(desk.messages.first).to_be_focused()


def test_the_focus_goes_back_to_what_opened_a_modal(workspace: Workspace, desk: Desk) -> None:
    ts = workspace.post(gallery.section("rules?"), {"type": "actions", "elements": [gallery.button("Rules", "form")]})
    expect(desk.messages).to_have_count(1)
    button = desk.newest().get_by_role("button", name="Rules")
    for is_changed in (False, True):
        button.focus()
        desk.page.keyboard.press("Enter")
        expect(desk.modal.get_by_label("How much more?")).to_be_focused()
        if is_changed:
            workspace.slack.react(workspace.grace, workspace.team, ts, "eyes")
            expect(desk.messages.last.locator(".reaction").first).to_be_attached()
        desk.page.keyboard.press("Escape")
        expect(desk.modal).to_be_hidden()
        expect(button).to_be_focused()


def test_what_comes_is_said(workspace: Workspace, desk: Desk) -> None:
    workspace.slack.say(workspace.grace, workspace.team, "hello *there*")
    expect(desk.page.locator("#live")).to_have_text("Grace Hopper: hello there")
    desk.type("/ask why")
    expect(desk.page.locator("#live")).to_contain_text("only to you: You asked why")


def test_nothing_moves_for_those_who_want_it_still(workspace: Workspace, desk: Desk) -> None:
    moving = (
        "[...document.querySelectorAll('*')].filter((one) => getComputedStyle(one).transitionDuration !== '0s').length"
    )
    assert desk.page.evaluate(moving) > 0
    desk.page.emulate_media(reduced_motion="reduce")
    assert desk.page.evaluate(moving) == 0
    assert workspace.slack.messages(workspace.team) == []


def test_drafts_stay_where_they_were_begun(workspace: Workspace, desk: Desk) -> None:
    desk.box.fill("half a thou")
    desk.become("Grace Hopper · Manager")
    expect(desk.box).to_have_value("")
    desk.box.fill("hers")
    desk.go("other")
    desk.become("Ada Lovelace · Engineer")
    desk.go("team")
    expect(desk.box).to_have_value("half a thou")
    desk.type("half a thought")
    desk.become("Grace Hopper · Manager")
    expect(desk.box).to_have_value("hers")
    expect(desk.messages).to_have_count(1)
    assert [message["text"] for message in workspace.slack.messages(workspace.team)] == ["half a thought"]


def test_the_rest_of_the_controls(workspace: Workspace, desk: Desk) -> None:
    desk.write_to("Grace Hopper")
    desk.type("between us")
    expect(desk.messages.last).to_contain_text("between us")
    desk.menu(desk.messages.last, "Delete message")
    desk.page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(desk.messages).to_have_count(0)
    desk.go("team")
    workspace.post(text="decide this")
    desk.menu(desk.messages.last, "Decide")
    workspace.slack.until(lambda: workspace.acted)
    assert workspace.acted[0]["callback_id"] == "decide_message"
    # A command chosen by mouse waits in the box for its words.
    desk.box.press_sequentially("/p")
    desk.page.get_by_role("option").filter(has_text="Ask plainly").click()
    expect(desk.box).to_have_value("/plain ")
    desk.page.get_by_role("button", name="Shortcuts and commands").click()
    desk.page.get_by_role("menuitem").filter(has_text="/ask").click()
    expect(desk.box).to_have_value("/ask ")
    desk.box.press_sequentially("me")
    desk.page.get_by_role("button", name="Send").click()
    expect(desk.messages.last).to_contain_text("You asked me")


def test_it_is_nobodys_but_its_own(desk: Desk) -> None:
    """Neither the name nor the sign of any product stands on the page around what people write."""
    around = desk.page.evaluate("document.title + document.body.innerText + document.body.innerHTML")
    assert not re.search(r"\bslack\b|teams\b(?!/)|discord|hashtag-logo", around, re.IGNORECASE)
