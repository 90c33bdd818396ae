"""Delegation: who acts for whom, until when, and what the delegate is told."""

from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.delegation import BadDelegation, last_day, split_typed
from bot.rules.errors import Refused
from bot.services import delegation, top_up
from bot.services.delegation import CannotDelegate, delegate, delegated_to, delegation_of, end_delegation
from bot.services.verb import Company
from tests.services.top_up_town import USD, Town, make_large_town

FRIDAY = date(2026, 11, 20)


@pytest.fixture
def town(company: Company) -> Town:
    return make_large_town(company)


def lend(town: Town, who: str = "grace", to: str = "del", day: date = FRIDAY) -> delegation.Delegation:
    return delegate(town.company, town[who], town[to], day, by=f"person:{town[who]}")


def test_it_lasts_to_the_end_of_the_day_where_the_person_is(town: Town, clock: FixedClock) -> None:
    made = lend(town)
    assert (made.person, made.delegate, made.last_day) == ("Grace", "Del", FRIDAY)
    assert made.ends_at == datetime(2026, 11, 21, 5, tzinfo=UTC)  # midnight in New York
    assert delegation_of(town.company, town["grace"]) == made
    assert delegated_to(town.company, town["del"]) == [made]
    clock.at = made.ends_at - timedelta(microseconds=1)
    assert delegation_of(town.company, town["grace"]) == made
    clock.at = made.ends_at
    assert delegation_of(town.company, town["grace"]) is None
    assert delegated_to(town.company, town["del"]) == []


def test_a_delegate_decides_no_longer_than_it_lasts(town: Town, clock: FixedClock) -> None:
    lend(town, day=date(2026, 11, 17))
    request = top_up.ask(town.company, town["ada"], 900 * USD, "the migration", "k1")
    assert request.deciders == ["Grace", "Del"]
    clock.at += timedelta(days=2)
    assert top_up.request(town.company, request.id).deciders == ["Grace"]


def test_a_later_one_takes_the_place_of_an_earlier(town: Town) -> None:
    first, second = lend(town), lend(town, to="nan")
    assert delegation_of(town.company, town["grace"]) == second
    assert delegated_to(town.company, first.delegate_id) == []


def test_the_same_again_changes_and_tells_nothing(town: Town) -> None:
    assert lend(town) == lend(town)
    (told,) = town.owed()
    assert (told.kind, told.person_id) == ("delegation.begun", town["del"])
    assert told.facts == {"NAME": {"person": {"name": "Grace"}}, "REQUESTED": {"last_day": "2026-11-20"}}


def test_it_can_be_ended_at_once_and_both_ways_are_told(town: Town) -> None:
    made = lend(town)
    assert end_delegation(town.company, town["grace"], by="test") == made
    assert end_delegation(town.company, town["grace"], by="test") is None
    assert delegation_of(town.company, town["grace"]) is None
    assert [one.kind for one in town.owed()] == ["delegation.begun", "delegation.ended"]


@pytest.mark.parametrize(
    ("who", "to", "day", "says"),
    [
        ("grace", "grace", FRIDAY, "their own delegate"),
        ("grace", "lev", FRIDAY, "on the roster today"),
        ("lev", "grace", FRIDAY, "on the roster today"),
        ("grace", "del", date(2026, 11, 14), "within a year"),
        ("grace", "del", date(2027, 12, 1), "within a year"),
    ],
)
def test_what_cannot_be(town: Town, who: str, to: str, day: date, says: str) -> None:
    with pytest.raises(CannotDelegate, match=says):
        lend(town, who, to, day)
    assert town.owed() == []


def test_a_delegate_who_left_decides_nothing(town: Town) -> None:
    lend(town)
    request = top_up.ask(town.company, town["ada"], 900 * USD, "the migration", "k1")
    header = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,ends_on"
    town.hire(f"{header}\ndel@example.com,Del,Looms,mia@example.com,,300000,,,USD,2026-11-15\n")
    assert top_up.request(town.company, request.id).deciders == ["Grace"]


def test_what_is_typed() -> None:
    assert split_typed("<@U0DEL|del> until friday") == ("<@U0DEL|del>", "friday")
    assert split_typed(" @del  Until 20 nov ") == ("@del", "20 nov")
    assert split_typed("@del") == ("@del", "")
    assert last_day("friday", date(2026, 11, 16)) == FRIDAY
    for text in ("", "@del for ever", "@del friday"):
        with pytest.raises(BadDelegation, match="/tokens delegate @grace until friday"):
            split_typed(text)
    for text in ("", "someday", "2026-11-15"):
        with pytest.raises(Refused):
            last_day(text, date(2026, 11, 16))
