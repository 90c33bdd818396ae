"""Requests: asked, decided once by one who may, withdrawn, ended by time."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.rules.top_up import Dollars, ShareOfAllotment, TokenCount
from bot.rules.top_up_reply import Approve, Deny
from bot.services import top_up, top_up_look
from bot.services.top_up import AlreadyAsked, AlreadyDecided, NobodyDecides, NotAnApprover, NotYours, UnknownRequest
from bot.services.verb import Channels, Company
from tests.services.top_up_town import GRANTED, HEADER, USD, Town, make_town


@pytest.fixture
def town(company: Company) -> Town:
    return make_town(company)


def ask(town: Town, dollars: float, who: str = "ada", key: str = "k1", reason: str = "the migration") -> top_up.Request:
    return top_up.ask(town.company, town[who], int(dollars * USD), reason, key)


def test_a_request_is_put_to_the_manager(town: Town) -> None:
    request = ask(town, 500)
    assert (request.status, request.step, request.deciders) == ("pending", "manager", ["Grace"])
    card, question = town.owed()
    assert (card.kind, card.channel, question.kind) == ("top_up.card", "C0APPROVE", "top_up.ask_decision")
    assert question.parent_uid == card.uid
    assert [one["slack_id"] for one in question.facts["REQUESTED"]["deciders"]] == ["U0GRACE"]
    assert town.available("ada") == GRANTED


def test_what_the_channel_is_told_is_the_request_and_nothing_else(town: Town) -> None:
    request = ask(town, 500)
    top_up.decide(town.company, request.id, town["grace"], Approve(300 * USD, note="private words"))
    for message in town.owed():
        if message.channel is not None:
            assert set(message.facts) == {"NAME", "PERIOD", "REQUESTED"}
            assert "private words" not in str(message.facts)


def test_small_requests_approve_themselves_up_to_a_total(town: Town) -> None:
    request = ask(town, 30)
    assert (request.status, request.approved_nanos) == ("approved", 30 * USD)
    assert town.available("ada") == GRANTED + 30 * USD
    assert ask(town, 20, key="k2").status == "approved"
    assert ask(town, 0.01, key="k3").step == "manager"
    assert [one.kind for one in town.owed() if one.facts["REQUESTED"]["step"] == "auto"] == [
        "top_up.card",
        "top_up.outcome",
        "top_up.card",
        "top_up.outcome",
    ]
    assert len(town.grants()) == 2


def test_large_requests_go_to_finance(town: Town) -> None:
    assert ask(town, 2000.01).deciders == ["Fin", "Flo"]
    assert ask(town, 3000, who="fin", key="k2").deciders == ["Flo"]
    assert ask(town, 500, who="grace", key="k3").deciders == ["Fin", "Flo"]  # she has no manager


def test_a_request_that_nobody_could_decide_is_not_made(company: Company) -> None:
    town = make_town(company, f"{HEADER}\nada@example.com,Ada,Engines,,,1200,,,USD,,\n")
    with pytest.raises(NobodyDecides, match="finance person besides yourself"):
        ask(town, 500)
    assert town.owed() == []


def test_the_same_click_twice_is_one_request(town: Town) -> None:
    assert ask(town, 500).id == ask(town, 500).id
    assert len(town.owed("top_up.card")) == 1


def test_one_request_waits_at_a_time(town: Town) -> None:
    ask(town, 500)
    with pytest.raises(AlreadyAsked, match=r"You asked for \$500 on 16 November already, and Grace has not decided"):
        ask(town, 40, key="k2")
    assert len(town.owed("top_up.card")) == 1


def test_approval_grants_and_tells(town: Town) -> None:
    request = ask(town, 500)
    decided = top_up.decide(town.company, request.id, town["grace"], Approve())
    assert (decided.status, decided.approved_nanos, decided.decided_by) == ("approved", 500 * USD, "Grace")
    assert town.available("ada") == GRANTED + 500 * USD
    card, question, edited_card, edited_question, outcome = town.owed()
    assert (edited_card.edits, edited_card.parent_uid) == (True, card.uid)
    assert (edited_question.edits, edited_question.parent_uid) == (True, question.uid)
    assert (outcome.person_id, outcome.facts["BUDGET"]) == (town["ada"], {"available": GRANTED + 500 * USD})


def test_approval_in_part_keeps_both_figures(town: Town) -> None:
    request = ask(town, 400)
    top_up.decide(town.company, request.id, town["grace"], Approve(300 * USD))
    row = town.row(request.id)
    assert (row.asked_nanos, row.approved_nanos) == (400 * USD, 300 * USD)
    assert town.available("ada") == GRANTED + 300 * USD


def test_never_more_than_asked_nor_nothing(town: Town) -> None:
    request = ask(town, 400)
    for nanos in (401 * USD, 0, -1):
        with pytest.raises(Refused):
            top_up.decide(town.company, request.id, town["grace"], Approve(nanos))
    assert town.row(request.id).status == "pending"


@pytest.mark.parametrize("who", ["ada", "olga", "mia", "fin"])
@pytest.mark.parametrize("verdict", [Approve(), Deny("no")])
def test_others_are_told_who_decides(town: Town, who: str, verdict: Approve | Deny) -> None:
    request = ask(town, 500)
    with pytest.raises(NotAnApprover, match="for Grace to decide"):
        top_up.decide(town.company, request.id, town[who], verdict)
    assert town.row(request.id).status == "pending"
    assert len(town.owed()) == 2


def test_a_finance_person_never_decides_their_own(town: Town) -> None:
    request = ask(town, 5000, who="fin")
    with pytest.raises(NotAnApprover, match="nobody decides their own request"):
        top_up.decide(town.company, request.id, town["fin"], Approve())


def test_who_is_manager_is_read_when_it_is_decided(town: Town) -> None:
    request = ask(town, 500)
    town.hire(f"{HEADER}\nada@example.com,Ada,Engines,mia@example.com,,500000,,,USD,U0ADA,\n")
    with pytest.raises(NotAnApprover, match="for Mia to decide"):
        top_up.decide(town.company, request.id, town["grace"], Approve())
    assert top_up.decide(town.company, request.id, town["mia"], Approve()).status == "approved"


@pytest.mark.parametrize(
    ("verdict", "says"),
    [
        (Approve(), r"Grace has approved the \$500 already"),
        (Approve(300 * USD), r"Grace has approved \$300 of the \$500 already"),
        (Deny("no"), r"Grace has denied this request for \$500 already"),
    ],
)
def test_late_clicks_learn_who_decided(town: Town, verdict: Approve | Deny, says: str) -> None:
    request = ask(town, 500)
    top_up.decide(town.company, request.id, town["grace"], verdict)
    before = town.available("ada")
    for who in ("grace", "ada", "olga"):
        with pytest.raises(AlreadyDecided, match=says):
            top_up.decide(town.company, request.id, town[who], Approve())
    with pytest.raises(AlreadyDecided, match=says):
        top_up.withdraw(town.company, request.id, town["ada"])
    assert town.available("ada") == before


def test_denial_carries_its_reason_to_the_requester(town: Town) -> None:
    request = ask(town, 500)
    top_up.decide(town.company, request.id, town["grace"], Deny("too early"))
    (outcome,) = town.owed("top_up.outcome")
    assert outcome.facts["REQUESTED"]["note"] == "too early"
    assert "BUDGET" not in outcome.facts
    assert town.grants() == []


def test_only_the_requester_withdraws(town: Town) -> None:
    request = ask(town, 500)
    with pytest.raises(NotYours):
        top_up.withdraw(town.company, request.id, town["grace"])
    assert top_up.withdraw(town.company, request.id, town["ada"]).status == "withdrawn"
    with pytest.raises(AlreadyDecided, match="Ada has withdrawn"):
        top_up.decide(town.company, request.id, town["grace"], Approve())
    assert ask(town, 600, key="k2").status == "pending"


@pytest.mark.parametrize("unknown", [0, 999, -1])
def test_a_request_that_does_not_exist(town: Town, unknown: int) -> None:
    with pytest.raises(UnknownRequest):
        top_up.decide(town.company, unknown, town["grace"], Approve())
    with pytest.raises(UnknownRequest):
        top_up.withdraw(town.company, unknown, town["ada"])


def test_it_expires_after_the_policys_days(town: Town, clock: FixedClock) -> None:
    request = ask(town, 500)
    clock.at += timedelta(days=7) - timedelta(seconds=1)
    assert top_up.expire_due(town.company) == 0
    clock.at += timedelta(seconds=1)
    assert (top_up.expire_due(town.company), top_up.expire_due(town.company)) == (1, 0)
    assert town.row(request.id).status == "expired"
    (outcome,) = town.owed("top_up.outcome")
    assert outcome.facts["REQUESTED"]["status"] == "expired"


def test_the_end_of_its_period_is_its_own_outcome(town: Town, clock: FixedClock) -> None:
    clock.at = datetime(2026, 11, 29, tzinfo=UTC)
    request = ask(town, 500)
    clock.at = datetime(2026, 12, 1, tzinfo=UTC)
    assert top_up.expire_due(town.company) == 1
    assert town.row(request.id).status == "period_ended"


@pytest.mark.parametrize("days", [7, 8, 40])
def test_a_click_after_its_time_decides_nothing(town: Town, clock: FixedClock, days: int) -> None:
    request = ask(town, 500)
    clock.at += timedelta(days=days)
    with pytest.raises(AlreadyDecided, match="has expired; Ada can ask again"):
        top_up.decide(town.company, request.id, town["grace"], Approve())
    assert town.row(request.id).status == "expired"
    assert town.grants() == []


def test_an_expired_request_does_not_bar_the_next(town: Town, clock: FixedClock) -> None:
    first = ask(town, 500)
    clock.at += timedelta(days=8)
    assert ask(town, 600, key="k2").status == "pending"
    assert town.row(first.id).status == "expired"


def test_until_is_the_end_of_that_day_where_the_approver_is(town: Town) -> None:
    request = ask(town, 500)
    top_up.decide(town.company, request.id, town["grace"], Approve(last_day=date(2026, 11, 20)))
    (grant,) = town.grants()
    assert grant.expires_at == datetime(2026, 11, 21, 5, tzinfo=UTC)  # midnight in New York


def test_until_the_periods_last_day_ends_with_the_period(town: Town) -> None:
    request = ask(town, 500)
    top_up.decide(town.company, request.id, town["grace"], Approve(last_day=date(2026, 11, 30)))
    (grant,) = town.grants()
    assert grant.expires_at is None


def test_without_a_channel_each_who_may_decide_gets_it(company: Company) -> None:
    town = make_town(replace(company, channels=Channels()))
    request = ask(town, 5000)
    assert [one.person_id for one in town.owed("top_up.card")] == [town["fin"], town["flo"]]
    top_up.decide(town.company, request.id, town["flo"], Approve())
    assert len([one for one in town.owed() if one.edits]) == 4


@pytest.mark.parametrize("point", ["top_up.ask.before_commit", "top_up.decide.before_commit"])
def test_a_crash_before_the_commit_leaves_nothing(town: Town, point: str) -> None:
    class Killed(BaseException):
        pass

    def crash(reached: str) -> None:
        if reached == point:
            raise Killed

    request = ask(town, 500) if "decide" in point else None
    before = len(town.owed())
    database = town.company.database
    database._crash = crash
    with pytest.raises(Killed):
        top_up.decide(town.company, request.id, town["grace"], Approve()) if request else ask(town, 500)
    database._crash = lambda _point: None
    assert len(town.owed()) == before
    assert town.grants() == []
    assert request is None or top_up.decide(town.company, request.id, town["grace"], Approve()).status == "approved"


def test_wishes_are_priced_from_ones_own_figures(town: Town) -> None:
    assert top_up_look.price_wish(town.company, town["ada"], Dollars(5 * USD)).nanos == 5 * USD
    share = top_up_look.price_wish(town.company, town["ada"], ShareOfAllotment(Fraction(1, 10)))
    assert (share.nanos, share.derived) == (5000 * USD, True)  # 2,083.33 rounded up
    with pytest.raises(Refused, match="Ask in dollars"):
        top_up_look.price_wish(town.company, town["ada"], TokenCount(5))


def test_details_show_no_budget(town: Town) -> None:
    ask(town, 40)
    request = ask(town, 500, key="k2")
    visible = top_up_look.details(town.company, request.id, town["grace"])
    shown = str(visible._facts)
    assert "earlier" in shown
    assert str(GRANTED) not in shown
    for who in ("ada", "olga", "fin"):
        with pytest.raises(NotAnApprover):
            top_up_look.details(town.company, request.id, town[who])


def test_the_roster_is_asked_today(town: Town) -> None:
    request = ask(town, 500)
    row = "grace@example.com,Grace,Engines,,,600000,,,USD,U0GRACE,America/New_York,2026-11-15"
    town.hire(f"{HEADER},ends_on\n{row}\n")
    assert top_up.request(town.company, request.id).deciders == ["Fin", "Flo"]


def test_nothing_is_granted_to_who_has_left(town: Town) -> None:
    request = ask(town, 500)
    town.hire(f"{HEADER},ends_on\nada@example.com,Ada,Engines,grace@example.com,,500000,,,USD,U0ADA,,2026-11-15\n")
    # Who has left has no manager any more, so finance decides.
    with pytest.raises(top_up.HasLeft, match="You can still deny"):
        top_up.decide(town.company, request.id, town["fin"], Approve())
    assert top_up.decide(town.company, request.id, town["fin"], Deny()).status == "denied"
    assert town.grants() == []
