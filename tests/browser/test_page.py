"""The page of the local Slack, as somebody uses it."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Browser, WebSocketRoute, expect

from tests.browser import gallery
from tests.browser.conftest import Opener, Workspace
from tests.browser.desk import Desk

pytestmark = pytest.mark.browser


@pytest.fixture
def desk(workspace: Workspace, open_page: Opener) -> Desk:
    return Desk(open_page(workspace.slack, workspace.ada, workspace.team))


def test_words_are_set_as_people_know_them(workspace: Workspace, desk: Desk) -> None:
    workspace.post(gallery.words(workspace.ada, workspace.team))
    body = desk.messages.last.locator(".body")
    expect(body.locator("strong").first).to_have_text("$2,285.40 left for July")
    expect(body.locator("em")).to_have_text("1.2 billion")
    expect(body.locator("s")).to_have_text("not 2")
    expect(body.locator("code")).to_have_text("nightly*migration*")
    expect(body.locator("blockquote")).to_have_text("finish the billing migrationbefore the freeze")
    expect(body.locator("pre")).to_have_text("swarm --agents 46\n  *not bold*")
    expect(body.locator(".item")).to_have_count(2)
    expect(body.locator("a[target=_blank]")).to_have_text(["a link", "https://example.com/plain"])
    expect(body.locator("a[target=_blank]").first).to_have_attribute("href", "https://example.com/a?b=c")
    expect(body.locator(".mention")).to_have_text(["@Ada Lovelace", "#team"])
    expect(body.get_by_label("hourglass flowing sand")).to_have_text("⏳")
    expect(body).to_contain_text(":unheard_of:")
    in_stockholm = datetime.fromtimestamp(1784639100, ZoneInfo("Europe/Stockholm"))
    expect(body.locator("time")).to_have_text(f"Jul 21, 2026 {in_stockholm:%H:%M}")


def test_blocks_stand_there(workspace: Workspace, desk: Desk) -> None:
    workspace.post(*gallery.blocks())
    message = desk.messages.last
    expect(message.locator(".header")).to_have_text("Your AI budget 💰")
    expect(message.locator(".fields > div")).to_have_count(3)
    expect(message.locator("ol li")).to_have_text(["first", "second"])
    # A picture from elsewhere is never fetched: its words stand in for it.
    expect(message.locator("img")).to_have_count(1)
    expect(message.get_by_role("img", name="a cat elsewhere")).to_be_visible()
    message.locator("select").select_option(label="August")
    workspace.slack.until(lambda: workspace.acted)
    assert workspace.acted[0]["selected_option"]["value"] == "8"


def test_markup_in_data_is_only_text(workspace: Workspace, desk: Desk) -> None:
    evil = '<img src=x onerror="document.title=1"> <script>document.title=2</script>'
    workspace.post(gallery.section(evil), {"type": "header", "text": gallery.plain(evil)}, text=evil)
    markdown = {"type": "markdown", "text": f"[x](javascript:alert(1)) {evil}"}
    workspace.post(gallery.section("<javascript:alert(1)|click me>"), markdown)
    workspace.slack.say(workspace.grace, workspace.team, f"{evil} <https://example.com/'><b>")
    expect(desk.messages).to_have_count(3)
    assert desk.page.locator("#messages img, #messages script, #messages b, #messages a[href^=javascript]").count() == 0
    expect(desk.page).to_have_title(re.compile("team"))


def test_charts_say_what_they_show(workspace: Workspace, desk: Desk) -> None:
    for kind in ("bar", "line", "area"):
        workspace.post(gallery.chart(kind, "Opus", "Sonnet"))
    workspace.post(gallery.PIE)
    charts = desk.page.locator("figure.chart")
    expect(charts).to_have_count(4)
    expect(charts.nth(0).locator("rect")).to_have_count(28)
    expect(charts.nth(1).locator("path.line")).to_have_count(2)
    expect(charts.nth(2).locator("path.area")).to_have_count(2)
    expect(charts.nth(3).locator("path")).to_have_count(3)
    expect(charts.nth(0).locator(".legend li")).to_have_text(["Opus", "Sonnet"])
    assert "Opus: 8 Jul 310.5" in str(charts.nth(0).locator("svg").get_attribute("aria-label"))
    charts.nth(3).locator("summary").click()
    expect(charts.nth(3).locator("tbody tr").first).to_have_text("opus4,210.551.26 %")


def test_tables_are_sorted_filtered_and_paged(workspace: Workspace, desk: Desk) -> None:
    workspace.post(gallery.data_table())
    table = desk.messages.last.locator(".data-table")
    expect(table.locator("tbody tr")).to_have_count(10)
    table.get_by_role("button", name="Next").click()
    expect(table.locator(".table-foot")).to_contain_text("page 2 of 3")
    calls = table.get_by_role("columnheader", name="Calls")
    calls.get_by_role("button").click()
    expect(calls).to_have_attribute("aria-sort", "ascending")
    expect(table.locator("tbody tr").first).to_have_text("agent-230$9.50")
    workspace.slack.react(workspace.grace, workspace.team, workspace.slack.messages(workspace.team)[0]["ts"], "eyes")
    expect(desk.messages.last.locator(".reaction").first).to_be_visible()
    expect(calls).to_have_attribute("aria-sort", "ascending")
    table.get_by_role("searchbox").fill("agent-7")
    expect(table.locator("tbody tr")).to_have_count(1)


def test_commands_complete_and_answer_one_person_only(workspace: Workspace, desk: Desk, open_page: Opener) -> None:
    other = Desk(open_page(workspace.slack, workspace.grace, workspace.team))
    desk.box.press_sequentially("/a")
    expect(desk.page.get_by_role("listbox", name="Completions").get_by_role("option")).to_have_text(["/ask Ask"])
    desk.box.press("Tab")
    desk.box.press_sequentially("what is left")
    desk.box.press("Enter")
    expect(desk.messages.last).to_contain_text("Only visible to you")
    expect(desk.messages.last).to_contain_text("You asked what is left")
    desk.type("/nonsense")
    expect(desk.messages.last).to_contain_text("/nonsense is not a valid command.")
    desk.type("hello @grace")
    expect(other.messages).to_have_count(1)
    expect(other.messages.last.locator(".mention.mine")).to_have_text("@Grace Hopper")
    desk.page.reload()
    expect(desk.messages).to_have_count(1)


def test_a_modal_checks_asks_and_stacks(workspace: Workspace, desk: Desk) -> None:
    desk.page.get_by_role("button", name="Shortcuts and commands").click()
    desk.page.keyboard.press("Enter")
    modal = desk.modal
    expect(modal.get_by_label("How much more?")).to_be_focused()
    modal.get_by_role("button", name="Ask").click()
    expect(modal.locator(".error:not(:empty)")).to_have_count(3)
    modal.get_by_label("How much more?").fill("666")
    modal.get_by_label("What for?").fill("the migration")
    modal.get_by_label("Once").check()
    modal.get_by_label("finance").check()
    modal.get_by_label("Until when?").fill("2026-12-05")
    modal.get_by_role("button", name="Look at the rules").click()
    expect(modal.get_by_role("heading")).to_have_text("Rules")
    desk.page.keyboard.press("Escape")
    expect(modal.get_by_label("How much more?")).to_have_value("666")
    modal.get_by_role("button", name="Ask").click()
    expect(modal.locator(".error:not(:empty)")).to_have_text("Not that one.")
    modal.get_by_label("How much more?").fill("500")
    desk.page.keyboard.press("Enter")
    expect(modal).to_be_hidden()
    values = workspace.acted[-1]
    assert values["amount"]["amount"]["value"] == "500"
    assert values["kind"]["kind"]["selected_option"]["value"] == "once"
    assert [one["value"] for one in values["tell"]["tell"]["selected_options"]] == ["finance"]
    assert values["until"]["until"]["selected_date"] == "2026-12-05"


def test_buttons_ask_first_where_they_should(workspace: Workspace, desk: Desk) -> None:
    workspace.post(gallery.blocks()[-1])
    message = desk.messages.last
    message.get_by_role("button", name="Withdraw").click()
    question = desk.page.get_by_role("dialog")
    expect(question).to_contain_text("Nobody can decide it any more.")
    desk.page.keyboard.press("Escape")
    expect(question).to_be_hidden()
    message.get_by_role("button", name="More actions", exact=True).click()
    desk.page.keyboard.press("ArrowDown")
    desk.page.keyboard.press("Enter")
    workspace.slack.until(lambda: workspace.acted)
    assert [(one["action_id"], one["selected_option"]["value"]) for one in workspace.acted] == [("more", "mute")]
    message.get_by_role("button", name="Withdraw").click()
    question.get_by_role("button", name="Withdraw").click()
    workspace.slack.until(lambda: len(workspace.acted) == 2)
    message.get_by_role("button", name="Approve $500").click()
    expect(message).to_contain_text("@Ada Lovelace approved")


def test_a_click_is_not_lost_to_a_change(workspace: Workspace, desk: Desk) -> None:
    actions = gallery.blocks()[-1] | {"block_id": "decide"}
    ts = workspace.post(actions)
    button = desk.page.get_by_role("button", name="Another amount…")
    button.hover()
    desk.page.mouse.down()
    changed = [actions, gallery.section("now with a text")]
    workspace.client.chat_update(channel=workspace.team, ts=ts, text="changed", blocks=changed)
    desk.page.wait_for_timeout(150)
    desk.page.mouse.up()
    workspace.slack.until(lambda: workspace.acted)
    assert workspace.acted[0]["action_id"] == "amount"
    expect(desk.messages.last).to_contain_text("now with a text")


def test_a_late_answer_does_not_change_who_one_is(workspace: Workspace, chromium: Browser) -> None:
    page = chromium.new_page()
    heard: list[str | bytes] = []
    sockets: list[WebSocketRoute] = []

    def listen(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        server = socket.connect_to_server()

        def told(message: str | bytes) -> None:
            heard.append(message)
            socket.send(message)

        server.on_message(told)

    page.route_web_socket("**/_page/live", listen)
    page.goto(f"{workspace.slack.base_url}/#as={workspace.ada}&at={workspace.team}")
    desk = Desk(page)
    of_ada = heard[-1]
    desk.become("Grace Hopper · Manager")
    sockets[-1].send(of_ada)
    workspace.post(text="news")
    expect(desk.messages.last).to_contain_text("news")
    expect(page.locator("#main")).to_have_attribute("data-viewer", workspace.grace)
    expect(page.get_by_label("You are")).to_have_value(workspace.grace)
    page.close()


def test_threads_edits_and_unread(workspace: Workspace, desk: Desk, open_page: Opener) -> None:
    general = workspace.slack.add_channel("general", members=[workspace.ada, workspace.grace])
    other = Desk(open_page(workspace.slack, workspace.grace, general))
    desk.type("who decides?")
    expect(other.place("team")).to_have_class(re.compile("unread"))
    other.go("team")
    other.messages.last.hover()
    other.page.get_by_role("button", name="Reply in thread").click()
    reply = other.thread.locator("textarea")
    expect(reply).to_be_focused()
    reply.press_sequentially("I do, @ada")
    reply.press("Enter")
    expect(other.thread.locator("article")).to_have_count(2)
    desk.page.get_by_role("button", name="1 reply").click()
    expect(desk.thread.locator("article").last).to_contain_text("I do, @Ada Lovelace")
    desk.messages.last.hover()
    desk.messages.last.get_by_role("button", name="More actions").click()
    desk.page.get_by_role("menuitem", name="Edit message").click()
    desk.page.get_by_label("Message", exact=True).fill("who decides now?")
    desk.page.get_by_role("button", name="Save").click()
    expect(other.messages.last.locator(".body")).to_have_text("who decides now? (edited)")
    desk.page.keyboard.press("Escape")
    expect(desk.thread).to_be_hidden()


def test_the_home_tab_is_filled_when_its_address_is_opened(workspace: Workspace, open_page: Opener) -> None:
    page = open_page(workspace.slack, workspace.ada, "home")
    expect(page.locator("#home")).to_contain_text("$2,285.40 left for July")
    expect(page.get_by_role("tab", name="Home")).to_have_attribute("aria-selected", "true")


def test_home_and_the_other_channels(desk: Desk) -> None:
    desk.go("Robot")
    expect(desk.page.locator("#home")).to_contain_text("$2,285.40 left for July")
    desk.page.get_by_role("tab", name="Messages").click()
    expect(desk.box).to_be_visible()
    desk.go("other")
    desk.page.get_by_role("button", name="Join").click()
    expect(desk.box).to_be_visible()
    desk.become("Grace Hopper · Manager")
    expect(desk.page.locator("#place-head")).to_contain_text("2 members")


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it(workspace: Workspace, open_page: Opener, dark: bool) -> None:
    workspace.post(gallery.words(workspace.ada, workspace.team), *gallery.blocks())
    workspace.post(gallery.chart("bar", "Dollars"), gallery.PIE)
    workspace.post(gallery.data_table())
    desk = Desk(open_page(workspace.slack, workspace.ada, workspace.team, width=375, height=720, dark=dark))
    expect(desk.page.locator("figure.chart")).to_have_count(2)
    assert desk.fits()
    expect(desk.page.get_by_label("You are")).not_to_be_in_viewport()
    desk.page.locator(".burger").click()
    expect(desk.page.get_by_label("You are")).to_be_in_viewport()
    desk.page.keyboard.press("Escape")
    expect(desk.page.locator(".burger")).to_be_focused()
    desk.go("Robot")
    expect(desk.page.locator("#home table")).to_be_visible()
    assert desk.fits()
    workspace.slack.shortcut(workspace.ada, "ask_global")
    expect(desk.modal).to_be_visible()
    assert desk.fits()
    workspace.slack.close(workspace.ada)
    desk.go("team")
    desk.messages.first.get_by_role("button", name="Reply in thread").click()
    desk.reply("a" * 90)
    expect(desk.thread.locator("article")).to_have_count(2)
    assert desk.fits()
    desk.thread.locator("article").last.get_by_role("button", name="Add a reaction").click()
    assert desk.fits()


def test_earlier_messages_come_when_asked_for(workspace: Workspace, desk: Desk) -> None:
    for number in range(90):
        workspace.client.chat_postMessage(channel=workspace.team, text=f"number {number}")
    expect(desk.messages.last).to_contain_text("number 89")
    expect(desk.messages.last).to_be_in_viewport()
    expect(desk.messages).to_have_count(80)
    desk.page.get_by_role("button", name="Earlier messages").click()
    expect(desk.messages).to_have_count(90)
    expect(desk.page.get_by_text("number 10", exact=True)).to_be_in_viewport()


def test_the_page_waits_for_a_server_that_is_gone(workspace: Workspace, open_page: Opener) -> None:
    desk = Desk(open_page(workspace.slack, workspace.ada, workspace.team))
    expect(desk.page.locator("#offline")).to_be_hidden()
    workspace.slack._page.close()
    expect(desk.page.locator("#offline")).to_be_visible()
