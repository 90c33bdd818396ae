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
from bot.services.top_up import AlreadyDecided
from bot.services.verb import Company
from tests.services.top_up_town import GRANTED, USD, Town, make_town

ROUNDS = 60
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


@pytest.mark.parametrize("rival", [approve, approve_in_part, deny, withdraw, type_approve])
def test_one_of_two_decides(company: Company, rival: Act) -> None:
    town = make_town(company)
    expected, asked_about = GRANTED, 0
    for number in range(1, ROUNDS // 5 + 1):
        request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", f"k{number}")
        town.post_cards()
        results = at_once(town, request.id, [approve, rival])
        row = town.row(request.id)
        assert row.status != "pending"
        refused = sum(isinstance(result, AlreadyDecided) for result in results)
        questions = len(town.owed("top_up.reply_question"))
        assert refused + questions - asked_about == 1
        asked_about = questions
        expected += row.approved_nanos or 0
        mine = [grant for grant in town.grants() if grant.cause == f"top_up:{request.id}"]
        assert len(mine) == (row.status == "approved")
        assert town.available("ada") == expected
    assert len(town.owed("top_up.outcome")) + _withdrawn(town) == ROUNDS // 5


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


def test_a_decision_against_the_end_of_its_time(company: Company, clock: FixedClock) -> None:
    town = make_town(company)

    for number in range(5):
        request = top_up.ask(town.company, town["ada"], 3000 * USD, "work", f"k{number}")
        clock.at += timedelta(days=1)
        at_once(town, request.id, [approve, expire])
        row = town.row(request.id)
        assert row.status in {"approved", "expired"}
        grants = [grant for grant in town.grants() if grant.cause == f"top_up:{request.id}"]
        assert len(grants) == (row.status == "approved")


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
