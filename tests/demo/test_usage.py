"""Northlight's usage: always the same, and with everybody in it whom the story needs."""

from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from io import BytesIO

from bot.demo import usage
from bot.demo.company import BEGINS, STORY, ZONE, email_of, people
from bot.demo.usage import Event
from bot.rules.usage import UsageFact
from bot.sources import csv_file

OCTOBER = datetime(2026, 10, 1, tzinfo=ZONE)
MORNING = datetime(2026, 10, 21, 9, tzinfo=ZONE)


def dollars(events: list[Event], key: str) -> float:
    """What somebody spent, where the gateway has said it."""
    return sum(float(event.cost or 0) for event in events if event.email == email_of(key))


def tokens_by_day(events: list[Event], key: str) -> Counter[str]:
    found: Counter[str] = Counter()
    for event in events:
        if event.email == email_of(key):
            found[event.at.date().isoformat()] += sum(event.tokens)
    return found


def test_the_same_span_has_the_same_usage_however_it_is_cut() -> None:
    since = datetime(2026, 9, 24, 7, tzinfo=UTC)
    whole = usage.between(since, since + timedelta(days=6))
    pieces = [usage.between(since + timedelta(hours=9 * n), since + timedelta(hours=9 * n + 9)) for n in range(16)]
    assert [event.row for piece in pieces for event in piece] == [event.row for event in whole]
    assert len({event.id for event in whole}) == len(whole) > 1000


def test_three_months_are_some_tens_of_thousands_of_events_that_the_import_takes() -> None:
    events = usage.between(BEGINS, STORY)
    assert 20_000 < len(events) < 50_000
    assert all(BEGINS < event.at <= STORY for event in events)
    facts = list(csv_file.parse(BytesIO(usage.to_csv(events).encode()), STORY.astimezone(UTC)))
    assert len(facts) == len(events)
    assert all(isinstance(fact, UsageFact) for fact in facts)


def test_writers_are_quiet_and_swarms_are_not() -> None:
    events = usage.between(OCTOBER, STORY)
    afternoons = tokens_by_day(events, "olga").values()
    assert all(4_000 < tokens < 20_000 for tokens in afternoons)
    assert len({event.agent for event in events if event.agent.startswith("billing-migration/worker-")}) == 46
    for key, day in (("ada", "2026-10-13"), ("ivo", "2026-10-13"), ("tomas", "2026-10-14")):
        assert tokens_by_day(events, key)[day] > 50_000_000


def test_tomas_is_near_his_salary_when_the_story_begins_and_above_it_the_next_morning() -> None:
    salary = next(person.base for person in people() if person.key == "tomas") / 12
    assert 0.9 * salary < dollars(usage.between(OCTOBER, STORY), "tomas") < salary
    assert dollars(usage.between(OCTOBER, STORY + timedelta(hours=1)), "tomas") < salary
    assert dollars(usage.between(OCTOBER, MORNING), "tomas") > salary


def test_nadias_budget_ends_with_the_day_on_which_the_story_begins() -> None:
    allotment = next(person.base for person in people() if person.key == "nadia") / 120
    assert 0.99 * allotment < dollars(usage.between(OCTOBER, STORY), "nadia") < allotment
    assert dollars(usage.between(OCTOBER, STORY + timedelta(hours=4)), "nadia") > allotment


def test_there_are_keys_of_nobody_a_model_without_a_price_and_somebody_paid_in_kronor() -> None:
    known = {person.email for person in people()}
    events = usage.between(OCTOBER, STORY)
    assert {event.email for event in events} - known == {email_of(key) for key in usage.NOBODY}
    assert any(event.model is usage.UNPRICED and event.cost is None and event.email in known for event in events)
    assert [person.key for person in people() if person.currency == "SEK"] == ["linnea"]


def test_weekends_are_quiet() -> None:
    by_day: dict[int, int] = defaultdict(int)
    for event in usage.between(OCTOBER, STORY):
        by_day[event.at.astimezone(ZONE).weekday()] += 1
    assert 5 * sum(by_day[day] for day in (5, 6)) < sum(by_day[day] for day in (0, 1))
