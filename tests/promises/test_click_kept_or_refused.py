"""A click is kept, or the one who clicked is told that it was not; it is never swallowed, and never counts twice."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from sqlalchemy import text

from bot.services.delivery import pending
from bot.services.verb import Company
from bot.slack.views import kit
from db.session import Database
from tests.slack.top_up_desk import Desk, open_desk


@pytest.fixture
def desk(company: Company) -> Iterator[Desk]:
    impatient = Database(company.database.url, company.database.master, busy_seconds=0.2)
    with open_desk(Company(impatient, company.clock, company.channels)) as made:
        yield made
    impatient.dispose()


def hold_the_request(company: Company) -> Iterator[None]:
    """Another process that keeps a lock for longer than anybody waits."""
    with company.database.engine.connect() as connection:
        if company.database.is_sqlite:
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(text("SELECT id FROM account FOR UPDATE"))
            connection.execute(text("SELECT id FROM top_up FOR UPDATE"))
        yield
        connection.rollback()


def test_a_busy_database_refuses_visibly_and_the_next_click_counts(desk: Desk, company: Company) -> None:
    desk.type_("/topup 500 finish the migration")
    desk.question()
    desk.slack.until(lambda: not pending(desk.town.company))
    holding = hold_the_request(company)
    next(holding)
    told = desk.answer(desk.click("top_up.approve"))["text"]
    assert "busy" in told
    assert "Nothing was changed" in told
    next(holding, None)
    assert "Grace approved $500" in desk.answer(desk.click("top_up.approve"))["text"]
    assert len(desk.town.grants()) == 1


def test_a_command_and_a_form_are_refused_visibly_too(desk: Desk, company: Company) -> None:
    desk.type_("/topup 10% to be known")
    holding = hold_the_request(company)
    next(holding)
    assert "busy" in desk.type_("/topup 500 finish the migration")["text"]
    next(holding, None)
    assert "You asked for $500" in desk.type_("/topup 500 finish the migration")["text"]


def test_an_answer_that_slack_does_not_take_changes_nothing_about_the_decision(desk: Desk) -> None:
    desk.type_("/topup 500 finish the migration")
    desk.question()
    desk.slack.fault("response_url", "http_500", times=5)
    assert desk.click("top_up.approve").ok
    desk.slack.until(lambda: any("Grace approved $500" in told for told in desk.dms("ada")))
    desk.slack.clear_faults()
    assert "Grace has approved" in desk.answer(desk.click("top_up.approve", stale=True))["text"]
    assert len(desk.town.grants()) == 1


def test_a_button_that_leads_nowhere_says_so(desk: Desk) -> None:
    client = WebClient(token=desk.slack.bot_token, base_url=desk.slack.api_url, retry_handlers=[])
    for value in ("abc", "999", "-1", "9" * 30, "\u0661"):
        names = ("approve", "amount", "deny", "details", "withdraw", "again", "confirm")
        buttons = kit.actions(*(kit.button(name, f"top_up.{name}", value=value) for name in names))
        ts = client.chat_postMessage(channel=desk.approvals, text="old", blocks=[buttons])["ts"]
        for name in names:
            seen = desk.slack.click(desk.people["grace"], desk.approvals, ts, f"top_up.{name}")
            assert desk.answer(seen)["text"], (name, value)
            assert "went wrong" not in desk.answer(seen)["text"], (name, value)
    assert desk.town.owed() == []
