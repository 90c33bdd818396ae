"""The story by clicking and typing, with the real bot: look, ask, decide in the thread, be told; as each role."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import Opener
from tests.browser.desk import Desk
from tests.story.town import Town

pytestmark = pytest.mark.browser
WIDTHS = {"desk": 1280, "phone": 375}


@pytest.fixture(params=WIDTHS)
def desk(company: Town, open_page: Opener, request: pytest.FixtureRequest) -> Desk:
    """Ada in #general, at a desk and on a phone."""
    width = WIDTHS[request.param]
    return Desk(open_page(company.slack, company.people["ada"], company.channels["general"], width=width, height=740))


def asked(company: Town, desk: Desk, amount: int) -> None:
    """Olga asks; Mia has the request's thread before her."""
    seen = company.slack.command(
        company.people["olga"], company.channels["general"], f"/topup {amount} a larger context"
    )
    assert seen.ok, seen.error
    if desk.page.get_by_label("You are").input_value() != company.people["mia"]:
        desk.become("Mia Manager")
    desk.go("approvals")
    expect(desk.messages.last).to_contain_text(f"asks for ${amount} more")
    desk.messages.last.get_by_role("button", name="1 reply").click()
    expect(desk.thread.get_by_role("button", name=f"Approve ${amount}")).to_be_visible()


# The bot posts at most one message a second in a channel, so three requests take their time.
@pytest.mark.parametrize("desk", ["desk", pytest.param("phone", marks=pytest.mark.long)], indirect=True)
def test_a_manager_decides_in_the_thread(company: Town, desk: Desk) -> None:
    card = desk.thread.locator("article").first
    asked(company, desk, 200)
    desk.thread.get_by_role("button", name="Approve $200").click()
    expect(card).to_contain_text("Mia Manager approved $200")
    assert desk.fits()

    asked(company, desk, 210)
    desk.thread.get_by_role("button", name="Another amount…").click()
    desk.modal.locator("input").first.fill("90")
    desk.modal.get_by_role("button", name="Approve").click()
    expect(desk.modal).to_contain_text("Mia Manager approved $90 of the $210")
    desk.modal.get_by_role("button", name="Close", exact=True).click()
    expect(card).to_contain_text("Mia Manager approved $90")

    asked(company, desk, 220)
    desk.thread.get_by_role("button", name="Deny…").click()
    desk.modal.locator("textarea, input").first.fill("not before the freeze")
    desk.modal.get_by_role("button", name="Deny").click()
    expect(desk.modal).to_contain_text("has been told")
    desk.page.keyboard.press("Escape")
    expect(card).to_contain_text("Mia Manager denied")
    # Why is between the two of them.
    expect(desk.thread).not_to_contain_text("not before the freeze")
    desk.become("Olga Other")
    desk.open_messages_of("Stipend")
    expect(desk.messages.last).to_contain_text("not before the freeze")


def test_only_whole_replies_of_those_who_may_decide(company: Town, desk: Desk) -> None:
    asked(company, desk, 230)
    card = desk.thread.locator("article").first
    desk.reply("approve once legal signs off")
    desk.open_messages_of("Stipend")
    expect(desk.messages.last).to_contain_text("I act only on a reply that I understand as a whole")

    desk.become("Grace Hopper")
    desk.go("approvals")
    desk.messages.last.get_by_role("button", name=re.compile("repl")).click()
    desk.thread.get_by_role("button", name="Approve $230").click()
    private = desk.thread.locator("article.ephemeral")
    expect(private).to_contain_text("This request is for Mia Manager to decide")
    expect(card).to_contain_text("Waiting")
    desk.reply("approve")
    desk.open_messages_of("Stipend")
    expect(desk.messages.last).to_contain_text("This request is for Mia Manager to decide")

    desk.become("Mia Manager")
    desk.go("approvals")
    desk.messages.last.get_by_role("button", name=re.compile("repl")).click()
    expect(desk.thread).not_to_contain_text("Only visible to you")
    desk.reply("approve 80")
    expect(card).to_contain_text("Mia Manager approved $80")
    desk.become("Olga Other")
    desk.open_messages_of("Stipend")
    expect(desk.messages.last).to_contain_text("Mia Manager approved $80")


def test_finance_gets_names_and_the_channel_counts(desk: Desk) -> None:
    desk.become("Fin Ance")
    desk.open_messages_of("Stipend")
    expect(desk.messages.filter(has_text="Mia Manager is above their salary")).to_have_count(1)
    desk.go("alerts")
    post = desk.messages.filter(has_text="salary")
    expect(post).to_contain_text("1 person with AI spend near salary, 1 above")
    assert not re.search(r"[$%]|Mia|Olga", post.locator(".body").inner_text())
    assert desk.fits()


def test_a_stranger_is_told_so_kindly(desk: Desk) -> None:
    desk.become("A Stranger")
    desk.type("/tokens")
    expect(desk.messages.last).to_contain_text("I do not know you yet")
    expect(desk.messages.last).to_contain_text("Ask Fin Ance")
    desk.go("Stipend")
    expect(desk.page.locator("#home")).to_contain_text("I do not know you yet")
    assert desk.fits()


# Last, because what is asked and withdrawn here keeps the approvals channel busy for some seconds.
def test_an_engineer_looks_asks_and_withdraws(desk: Desk) -> None:
    desk.type("/tokens")
    expect(desk.messages.last).to_contain_text("$19,598.77 left")
    answer = desk.newest()
    expect(answer).to_contain_text("Only visible to you")
    answer.get_by_role("button", name="History").click()
    expect(desk.messages.last.locator("figure.chart svg")).to_be_visible()
    answer.get_by_role("button", name="Why this number?").click()
    expect(desk.messages.last.locator("tbody tr")).to_have_count(2)
    assert desk.fits()
    desk.type("/topup 500 finish the migration")
    expect(desk.messages.last).to_contain_text("You asked for $500")
    withdraw(desk, desk.messages.last)
    expect(desk.messages.last).to_contain_text(re.compile("withdr[ae]w"))

    desk.page.get_by_role("button", name="Shortcuts and commands").click()
    desk.page.get_by_role("menuitem", name=re.compile("Request a top-up")).click()
    desk.modal.get_by_label("How much more?").fill("lots")
    desk.modal.get_by_label("What for?").fill("finish the migration")
    desk.modal.get_by_role("button", name="Ask").click()
    expect(desk.modal.locator(".error:not(:empty)")).to_have_count(1)
    desk.modal.get_by_label("How much more?").fill("700")
    desk.modal.get_by_role("button", name="Ask").click()
    expect(desk.modal).to_contain_text("Grace Hopper decides")
    assert desk.fits()
    desk.page.keyboard.press("Escape")
    desk.go("Stipend")
    home = desk.page.locator("#home")
    expect(home).to_contain_text("$19,598.77 left")
    expect(home).to_contain_text("Waiting: $700")
    assert desk.fits()
    withdraw(desk, home)
    expect(home).not_to_contain_text("Waiting: $700")


def withdraw(desk: Desk, where: Locator) -> None:
    where.get_by_role("button", name="Withdraw").click()
    desk.page.get_by_role("dialog").get_by_role("button", name="Withdraw").click()
