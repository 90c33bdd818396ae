"""Requests in Slack, end to end on the local one: ask, decide in the thread, be told."""

from collections.abc import Iterator

import pytest

from bot.clock import FixedClock
from bot.services import top_up
from bot.services.policy import import_policy, start_company
from bot.services.verb import Company
from db.session import Database
from tests.services.top_up_town import GRANTED, USD
from tests.slack.top_up_desk import Desk, open_desk, shown


@pytest.fixture
def desk(sqlite_database: Database, clock: FixedClock) -> Iterator[Desk]:
    company = Company(sqlite_database, clock)
    start_company(company, "UTC")
    with open_desk(company) as made:
        yield made


def test_ask_and_approve(desk: Desk) -> None:
    told = desk.type_("/topup 500 finish the migration <!channel> & <https://evil.example|click>")
    assert "You asked for $500 more" in told["text"]
    assert "Grace decides" in told["text"]
    card, question = desk.card(), desk.question()
    assert "Ada asks for $500 more" in card["text"]
    assert question["text"].startswith(f"<@{desk.people['grace']}>, Ada asks for $500: finish the migration")
    for message in (card, question, told):
        assert "<!channel>" not in shown(message)
        assert "<https://evil" not in shown(message)
        assert "&lt;!channel&gt; &amp;" in shown(message)
    assert "Ada approved" not in shown(card)
    assert "Grace approved $500" in desk.answer(desk.click("top_up.approve"))["text"]
    desk.slack.until(lambda: any("Grace approved $500" in text and "left for" in text for text in desk.dms("ada")))
    desk.slack.until(lambda: "Grace approved $500" in desk.card()["text"])
    desk.slack.until(lambda: not [block for block in desk.question()["blocks"] if block["type"] == "actions"])
    assert desk.town.available("ada") == pytest.approx(GRANTED + 500 * USD, abs=5)


def test_a_click_of_others_is_answered_in_private(desk: Desk) -> None:
    desk.type_("/topup 500 finish the migration")
    for who in ("ada", "olga", "mia", "fin", "eve"):
        for action in ("top_up.approve", "top_up.amount", "top_up.deny", "top_up.details"):
            text = desk.answer(desk.click(action, who))["text"]
            assert ("Grace to decide" in text) or (who == "eve" and "do not know you" in text)
        assert desk.slack.view(desk.people[who]) is None
    assert desk.town.grants() == []


def test_another_amount(desk: Desk) -> None:
    desk.type_("/topup 400 a larger context")
    grace = desk.people["grace"]
    desk.click("top_up.amount")
    view = desk.slack.until(lambda: desk.slack.view(grace))
    assert "At most $400" in shown(view)
    wrong = desk.slack.submit(grace, {"amount": "401", "until": "yesterday", "note": "no"})
    assert "more than was asked for" in wrong.errors["amount"]
    assert "not a day that I know" in wrong.errors["until"]
    seen = desk.slack.submit(grace, {"amount": "$300", "until": "tomorrow", "note": "try a smaller one"})
    assert seen.ok, seen.error
    desk.slack.until(lambda: any("$300 of the $400" in text and "smaller one" in text for text in desk.dms("ada")))
    desk.slack.until(lambda: "$300 of the $400" in desk.card()["text"])
    assert "smaller one" not in shown(desk.slack.thread(desk.approvals, desk.card()["ts"]))


def test_deny_with_a_reason(desk: Desk) -> None:
    desk.type_("/topup 400 a larger context")
    desk.click("top_up.deny")
    desk.slack.until(lambda: desk.slack.view(desk.people["grace"]))
    assert desk.slack.submit(desk.people["grace"], {"note": "too early"}).ok
    desk.slack.until(lambda: any("denied" in text and "too early" in text for text in desk.dms("ada")))
    desk.slack.until(lambda: "Grace denied it" in desk.card()["text"])


def test_details_are_for_whoever_decides_and_show_no_budget(desk: Desk) -> None:
    desk.type_("/topup 400 a larger context")
    desk.click("top_up.details")
    view = shown(desk.slack.until(lambda: desk.slack.view(desk.people["grace"])))
    assert "Spent in" in view
    assert "a day" in view
    assert "Earlier requests" in view
    assert "20,833" not in view
    assert "%" not in view


def test_typed_replies(desk: Desk) -> None:
    desk.type_("/topup 400 a larger context")
    for who, text in [("grace", "approved?"), ("mia", "approve"), ("ada", "approve"), ("eve", "approve 300")]:
        before = len(desk.dms(who))
        ts = desk.say(text, who)
        desk.slack.until(lambda who=who, before=before: len(desk.dms(who)) > before)  # type: ignore[misc]
        assert "Nothing was changed" in desk.dms(who)[-1]
        desk.slack.edit(desk.people[who], desk.approvals, ts, "approve 400")
    assert desk.town.grants() == []
    desk.say("nice work everybody")
    desk.say("approve 300 because it helps")
    desk.slack.until(lambda: any("$300 of the $400" in text for text in desk.dms("ada")))
    assert len(desk.town.grants()) == 1


def test_derived_amounts_are_confirmed_before_anybody_sees_them(desk: Desk) -> None:
    told = desk.type_("/topup 10% more agents")
    assert "Ask for $5,000?" in told["text"]
    assert desk.slack.messages(desk.approvals) == []
    for _ in range(2):
        seen = desk.slack.click(desk.people["ada"], desk.approvals, told["ts"], "top_up.confirm")
        assert "You asked for $5,000" in desk.answer(seen)["text"].replace("*", "")
    card = desk.card()
    assert "$5,000" in card["text"]
    assert "2,083" not in shown(card)
    assert len(desk.slack.messages(desk.approvals)) == 1
    assert f"<@{desk.people['fin']}> or <@{desk.people['flo']}>, Ada asks" in desk.question()["text"]


def test_cancelling_asks_nobody(desk: Desk) -> None:
    told = desk.type_("/topup 10% more agents")
    seen = desk.slack.click(desk.people["ada"], desk.approvals, told["ts"], "top_up.cancel")
    assert "Nobody has seen it" in desk.answer(seen)["text"]
    assert desk.slack.messages(desk.approvals) == []


def test_the_form(desk: Desk) -> None:
    ada = desk.people["ada"]
    assert desk.slack.command(ada, desk.approvals, "/topup").ok
    desk.slack.until(lambda: desk.slack.view(ada))
    wrong = desk.slack.submit(ada, {"amount": "500k", "reason": "…"})
    assert "dollars or tokens" in wrong.errors["amount"]
    assert "needs a reason" in wrong.errors["reason"]
    seen = desk.slack.submit(ada, {"amount": "10%", "reason": "more agents"})
    assert seen.view is not None
    assert "$5,000" in shown(seen.view)
    assert desk.slack.messages(desk.approvals) == []
    assert desk.slack.submit(ada, {}).ok
    assert "Ada asks for $5,000" in desk.card()["text"]


def test_withdrawing(desk: Desk) -> None:
    told = desk.type_("/topup 500 finish the migration")
    seen = desk.slack.click(desk.people["ada"], desk.approvals, told["ts"], "top_up.withdraw")
    assert "You withdrew your request for $500" in desk.answer(seen)["text"]
    desk.slack.until(lambda: "Ada withdrew it" in desk.card()["text"])


def test_a_small_request_approves_itself_and_says_so(desk: Desk) -> None:
    told = desk.type_("/topup 40 one more try")
    assert "approved by itself" in told["text"]
    [card] = desk.slack.until(lambda: desk.slack.messages(desk.approvals))
    assert "Approved by itself" in card["text"]
    desk.slack.until(lambda: any("approved by itself" in text for text in desk.dms("ada")))


NONSENSE = {
    "-5": "more than zero",
    "1e99": "write it out",
    "NaN": "is not an amount",
    "x" * 10_000: "is not an amount",
    "500": "needs a reason",
    "500k agents": "dollars or tokens",
    "20M tokens agents": "Ask in dollars",
    "<!channel>": "is not an amount",
}


def test_nonsense_is_answered_with_a_sentence(desk: Desk) -> None:
    for typed, says in NONSENSE.items():
        told = desk.type_(f"/topup {typed}")
        assert says in told["text"]
        assert "<!channel>" not in shown(told)
    assert desk.town.owed() == []


def test_late_clicks_learn_who_decided(desk: Desk) -> None:
    desk.type_("/topup 500 finish the migration")
    desk.answer(desk.click("top_up.approve"))
    for who in ("grace", "ada", "mia"):
        assert (
            "Grace has approved the $500 already" in desk.answer(desk.click("top_up.approve", who, stale=True))["text"]
        )
    assert len(desk.town.grants()) == 1


def test_asking_again_offers_to_change_the_request_that_waits(desk: Desk) -> None:
    desk.type_("/topup 500 finish the migration")
    before = desk.question()["ts"]
    told = desk.type_("/topup 600 finish both migrations")
    assert "You asked for $500 already" in told["text"]
    assert "change it to $600?" in told["text"]
    for _ in range(2):
        seen = desk.slack.click(desk.people["ada"], desk.approvals, told["ts"], "top_up.change")
        assert "You asked for $600 more" in desk.answer(seen)["text"]
    desk.slack.until(lambda: "Ada asks for $600" in desk.card()["text"])
    thread = desk.slack.until(lambda: desk.slack.thread(desk.approvals, desk.card()["ts"])[2:])
    assert thread[0]["text"].startswith(f"<@{desk.people['grace']}>, Ada asks for $600: finish both migrations")
    # What was asked before has no buttons any more, and a click that is on its way changes nothing.
    seen = desk.slack.click(desk.people["grace"], desk.approvals, before, "top_up.approve", stale=True, value="1:1")
    assert "Ada has changed this request since: it is for $600 now" in desk.answer(seen)["text"]
    assert desk.town.grants() == []
    seen = desk.slack.click(desk.people["grace"], desk.approvals, thread[0]["ts"], "top_up.approve")
    assert "Grace approved $600" in desk.answer(seen)["text"]


def test_two_steps_in_one_thread(desk: Desk) -> None:
    import_policy(desk.town.company, '[[top_up.tier]]\nsteps = ["manager", "finance"]\n', by="test")
    desk.type_("/topup 500 finish the migration")
    assert "step 1 of 2" in shown(desk.card())
    told = desk.answer(desk.click("top_up.approve"))["text"]
    assert "You approved $500 for Ada" in told
    desk.slack.until(lambda: len(desk.slack.thread(desk.approvals, desk.card()["ts"])) > 2)
    asked = desk.slack.thread(desk.approvals, desk.card()["ts"])[2]
    assert asked["text"].startswith(f"<@{desk.people['fin']}> or <@{desk.people['flo']}>, Ada asks for $500")
    desk.slack.until(lambda: "step 1 of 2" in shown(desk.question()) and "Approve" not in shown(desk.question()))
    desk.slack.until(lambda: "Grace approved $500 · step 2 of 2" in shown(desk.card()))
    seen = desk.slack.click(desk.people["flo"], desk.approvals, asked["ts"], "top_up.approve")
    assert "Grace and Flo approved $500" in desk.answer(seen)["text"]
    desk.slack.until(lambda: any("Grace and Flo approved $500" in text for text in desk.dms("ada")))


def test_delegating(desk: Desk) -> None:
    olga = desk.people["olga"]
    told = desk.type_(f"/tokens delegate <@{olga}|olga> until tomorrow", "grace")
    assert "Olga* decides top-ups in your place" in shown(told)
    desk.slack.until(lambda: any("You decide top-ups for Grace" in text for text in desk.dms("olga")))
    desk.type_("/topup 500 finish the migration")
    assert "Olga for Grace approved $500" in desk.answer(desk.click("top_up.approve", "olga"))["text"]
    assert "Nobody decides top-ups in your place" in desk.type_("/tokens delegate off", "grace")["text"]
    desk.slack.until(lambda: any("not Grace's delegate any more" in text for text in desk.dms("olga")))
    for text, says in (
        (f"<@{olga}|olga>", "Until when?"),
        ("olga until friday", "choose them from Slack's list"),
        (f"<@{olga}> until friday 2019-01-01", "not a day that I know"),
        (f"<@{desk.people['grace']}> until tomorrow", "their own delegate"),
        (f"<@{desk.people['eve']}> until tomorrow", "do not know"),
    ):
        assert says in desk.type_(f"/tokens delegate {text}", "grace")["text"], text


@pytest.mark.parametrize("takes", [True, False])
def test_an_offer_of_more_is_taken_or_kept(desk: Desk, takes: bool) -> None:
    desk.type_("/topup 400 a larger context")
    desk.card()
    ada = desk.people["ada"]
    top_up.offer(desk.town.company, 1, desk.town["grace"], 800 * USD, 1, "take enough")
    (asked,) = desk.slack.until(lambda: [one for one in desk.slack.dms(ada) if "offers $800" in one["text"]])
    action = "top_up.accept" if takes else "top_up.keep"
    seen = desk.slack.click(ada, desk.slack.dm(ada), asked["ts"], action)
    said = "You asked for $800 more" if takes else "Your request for $400 stays as it is"
    assert said in desk.answer(seen)["text"]
    desk.slack.until(lambda: f"Ada asks for ${800 if takes else 400}" in desk.card()["text"])
