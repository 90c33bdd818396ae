"""However many decide at the same instant, one of them has decided, and there is one grant or none."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.rules.top_up_reply import Approve, Deny
from bot.services import ledger, top_up, top_up_reply
from bot.services.policy import import_policy
from bot.services.top_up import AlreadyDecided, CapReached, Changed, what_became
from bot.services.verb import Company
from tests.services.top_up_town import GRANTED, USD, Town, make_large_town, make_town

ROUNDS = pytest.mark.parametrize("rounds", [10, pytest.param(200, marks=[pytest.mark.long, pytest.mark.timeout(900)])])
Act = Callable[[Town, int], object]


def approve(town: Town, top_up_id: int) -> object:
    return top_up.decide(town.company, top_up_id, town["fin"], Approve())


def approve_in_part(town: Town, top_up_id: int) -> object:
    return top_up.decide(town.company, top_up_id, town["flo"], Approve(2500 * USD))


def deny(town: Town, top_up_id: int) -> object:
    return top_up.decide(town.company, top_up_id, town["flo"], Deny("no"))


def withdraw(town: Town, top_up_id: int) -> object:
    return top_up.withdraw(town.company, top_up_id, town["ada"])


def type_approve(town: Town, top_up_id: int) -> object:
    reply_id = top_up_reply.reply_arrived(
        town.company,
        channel="C0APPROVE",
        thread_ts=f"1700000000.{top_up_id:06}",
        ts=f"1800000000.{top_up_id:06}",
        slack_user_id="U0FIN",
        text="approve 2600",
    )
    assert reply_id is not None
    return top_up_reply.handle_reply(town.company, reply_id)


def at_once(town: Town, top_up_id: int, acts: Sequence[Act]) -> list[object]:
    """Do all of it at the same moment; what each gave or raised."""
    barrier = threading.Barrier(len(acts))
    results: list[object] = [None] * len(acts)

    def run(number: int) -> None:
        barrier.wait()
        try:
            results[number] = acts[number](town, top_up_id)
        except Refused as refusal:
            results[number] = refusal

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@ROUNDS
@pytest.mark.parametrize("rival", [approve, approve_in_part, deny, withdraw, type_approve])
def test_one_of_two_decides_and_the_other_learns_who(company: Company, rival: Act, rounds: int) -> None:
    town = make_town(company)
    expected, asked_about, granted = GRANTED, 0, 0
    for number in range(1, rounds + 1):
        request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", f"k{number}")
        town.post_cards()
        results = at_once(town, request.id, [approve, rival])
        row = town.row(request.id)
        assert row.status in {"approved", "denied", "withdrawn"}
        told = [str(result) for result in results if isinstance(result, AlreadyDecided)]
        told += [one.facts["REQUESTED"]["sentence"] for one in town.owed("top_up.reply_question")[asked_about:]]
        asked_about = len(town.owed("top_up.reply_question"))
        assert told == [what_became(top_up.request(town.company, request.id))]
        expected += row.approved_nanos or 0
        granted += row.status == "approved"
        assert len(town.grants()) == granted
        assert town.available("ada") == expected
    assert len(town.owed("top_up.outcome")) + _withdrawn(town) == rounds


def _withdrawn(town: Town) -> int:
    return len(
        {
            one.facts["REQUESTED"]["top_up_id"]
            for one in town.owed("top_up.card")
            if one.facts["REQUESTED"]["status"] == "withdrawn"
        }
    )


def expire(town: Town, _top_up_id: int) -> object:
    later = FixedClock(town.company.clock.now() + timedelta(days=7))
    return top_up.expire_due(replace(town.company, clock=later))


@ROUNDS
def test_a_decision_against_the_end_of_its_time(company: Company, clock: FixedClock, rounds: int) -> None:
    town = make_town(company)
    for number in range(rounds):
        request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", f"k{number}")
        clock.at += timedelta(minutes=1)
        results = at_once(town, request.id, [approve, expire])
        row = town.row(request.id)
        assert row.status == ("expired" if results[1] == 1 else "approved")
        assert isinstance(results[0], AlreadyDecided) == (row.status == "expired")
        grants = [grant for grant in town.grants() if grant.cause == f"top_up:{request.id}"]
        assert len(grants) == (row.status == "approved")


def edit(town: Town, top_up_id: int) -> object:
    return top_up.edit(town.company, top_up_id, town["ada"], 4000 * USD, "more work", 1)


def approve_what_was_seen(town: Town, top_up_id: int) -> object:
    return top_up.decide(town.company, top_up_id, town["fin"], Approve(), 1)


@ROUNDS
def test_an_approval_against_an_edit(company: Company, rounds: int) -> None:
    town = make_town(company)
    for number in range(rounds):
        request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", f"k{number}")
        decided, edited = at_once(town, request.id, [approve_what_was_seen, edit])
        row = town.row(request.id)
        if row.status == "approved":
            assert (row.version, row.approved_nanos) == (1, 3000 * USD)
            assert "Fin has approved the $3,000 already" in str(edited)
        else:
            assert (row.status, row.version, row.asked_nanos) == ("pending", 2, 4000 * USD)
            assert isinstance(decided, Changed)
            top_up.withdraw(town.company, request.id, town["ada"])


@ROUNDS
def test_at_a_caps_edge_exactly_the_room_is_given(company: Company, rounds: int) -> None:
    """Eve's and Ada's requests fit under the cap of their team one at a time, and are approved at once."""
    fixed = '[allotment]\nkind = "fixed"\namount_usd = 1000\n'
    room = 3000
    town = make_large_town(company, f"{fixed}[team.Engines.cap]\ncap_usd = {room}\n")
    for number in range(rounds):
        room += 500
        import_policy(town.company, f"{fixed}[team.Engines.cap]\ncap_usd = {room}\n", by="test")
        asked = [top_up.ask(town.company, town[who], 400 * USD, "work", f"{who}{number}") for who in ("ada", "eve")]
        # Above the manager's limit finance decides: after some rounds it does.
        deciders = [one.deciders[0].lower() for one in asked]
        acts = [_by(request, who) for request, who in zip(asked, deciders, strict=True)]
        results = at_once(town, 0, acts)
        assert sum(isinstance(result, CapReached) for result in results) == 1
        (left,) = [one for one in asked if town.row(one.id).status == "pending"]
        again = top_up.decide(town.company, left.id, town[left.deciders[0].lower()], Approve(100 * USD))
        assert again.approved_nanos == 100 * USD


def _by(request: top_up.Request, who: str) -> Act:
    return lambda town, _id: top_up.decide(town.company, request.id, town[who], Approve())


@ROUNDS
def test_two_of_one_step_at_once(company: Company, rounds: int) -> None:
    """Mia and Nan can both decide the second step: one of them has."""
    town = make_large_town(company)
    for number in range(rounds):
        request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", f"k{number}")
        top_up.decide(town.company, request.id, town["grace"], Approve(), 1)
        results = at_once(town, 0, [_by(request, "mia"), _by(request, "nan")])
        now = top_up.request(town.company, request.id)
        assert [str(result) for result in results if isinstance(result, AlreadyDecided)] == [what_became(now)]
        assert now.steps[1]["decided_by"] == now.decided_by
        assert len(town.grants()) == number + 1


def test_ten_clicks_at_once(company: Company) -> None:
    town = make_town(company)
    request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", "k1")
    results = at_once(town, request.id, [approve] * 5 + [approve_in_part] * 5)
    assert sum(isinstance(result, top_up.Request) for result in results) == 1
    assert len(town.grants()) == 1


def test_asking_twice_at_once_is_one_request(company: Company) -> None:
    town = make_town(company)

    def ask(town: Town, _id: int) -> object:
        return top_up.ask(town.company, town["ada"], 3000 * USD, "work", "same click")

    def ask_other(town: Town, _id: int) -> object:
        return top_up.ask(town.company, town["ada"], 2500 * USD, "other", "other click")

    results = at_once(town, 0, [ask, ask, ask_other])
    requests = {result.id for result in results if isinstance(result, top_up.Request)}
    assert len(requests) == 1
    assert len(town.owed("top_up.card")) == 1


def test_small_requests_at_once_stay_within_the_limit(company: Company) -> None:
    town = make_town(company)

    def ask(number: int) -> Act:
        return lambda town, _id: top_up.ask(town.company, town["ada"], 40 * USD, "work", f"k{number}")

    at_once(town, 0, [ask(number) for number in range(4)])
    assert [grant.kind for grant in town.grants()] == ["top_up"]
    assert ledger.balance(company, town["ada"]).top_ups == 40 * USD
