from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.period import BadPeriodLabel, BadTimezone, Calendar, zone_named

ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "America/Asuncion",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "Pacific/Kiritimati",
    "Pacific/Midway",
)
FIRST, LAST = datetime(2024, 1, 1, tzinfo=UTC), datetime(2040, 12, 31, tzinfo=UTC)

instants = st.integers(0, int((LAST - FIRST).total_seconds())).map(lambda seconds: FIRST + timedelta(seconds=seconds))
versions = st.tuples(instants, st.sampled_from(ZONES), st.sampled_from((1, 3, 12)))
calendars = st.lists(versions, min_size=1, max_size=8).map(Calendar.from_versions)


@given(calendars, instants)
def test_the_period_at_an_instant_contains_it(calendar: Calendar, instant: datetime) -> None:
    assert instant in calendar.at(instant)


@given(calendars, instants)
def test_periods_tile_time_and_days(calendar: Calendar, instant: datetime) -> None:
    period = calendar.at(instant)
    after = calendar.next(period)
    assert period.end == after.start
    assert period.last_on + timedelta(days=1) == after.first_on
    assert calendar.previous(after) == period


@given(calendars, instants)
def test_a_label_leads_back_to_its_period(calendar: Calendar, instant: datetime) -> None:
    period = calendar.at(instant)
    assert calendar.labelled(period.label) == period


@given(calendars, instants)
def test_bounds_belong_to_the_later_period(calendar: Calendar, instant: datetime) -> None:
    period = calendar.at(instant)
    assert calendar.at(period.start) == period
    assert calendar.at(period.end - timedelta(microseconds=1)) == period
    assert calendar.at(period.end) == calendar.next(period)


@given(st.lists(versions, min_size=1, max_size=6), versions)
def test_a_new_version_changes_no_period_that_has_begun(
    before: list[tuple[datetime, str, int]], change: tuple[datetime, str, int]
) -> None:
    newest = max(effective_from for effective_from, _, _ in before)
    effective_from = max(newest + timedelta(seconds=1), change[0])
    old = Calendar.from_versions(before)
    new = Calendar.from_versions([*before, (effective_from, *change[1:])])
    running = old.at(effective_from)
    if running.start < effective_from:
        assert new.at(effective_from) == running
    assert new.at(effective_from - timedelta(seconds=1)) == old.at(effective_from - timedelta(seconds=1))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("months", [1, 3, 12])
def test_every_period_from_2024_to_2040_begins_at_the_zones_first_midnight(zone: str, months: int) -> None:
    calendar = Calendar.from_versions([(FIRST, zone, months)])
    period = calendar.at(FIRST + timedelta(days=40))
    labels = set()
    while period.start < LAST:
        local = period.start.astimezone(ZoneInfo(zone))
        assert local.date() == period.first_on
        assert (period.start - timedelta(microseconds=1)).astimezone(ZoneInfo(zone)).date() < period.first_on
        labels.add(period.label)
        period = calendar.next(period)
    assert len(labels) >= 16 * 12 // months


def test_a_month_in_berlin() -> None:
    period = Calendar.from_versions([(FIRST, "Europe/Berlin", 1)]).labelled("2026-07")
    assert period.start == datetime(2026, 6, 30, 22, tzinfo=UTC)
    assert period.end == datetime(2026, 7, 31, 22, tzinfo=UTC)
    assert (period.first_on, period.last_on) == (date(2026, 7, 1), date(2026, 7, 31))


def test_quarters_and_years_are_named() -> None:
    quarters = Calendar.from_versions([(FIRST, "UTC", 3)])
    assert quarters.at(datetime(2026, 11, 23, tzinfo=UTC)).label == "2026-Q4"
    assert Calendar.from_versions([(FIRST, "UTC", 12)]).at(datetime(2026, 11, 23, tzinfo=UTC)).label == "2026"


def test_a_change_of_zone_counts_from_the_next_period() -> None:
    calendar = Calendar.from_versions([(FIRST, "UTC", 1), (datetime(2026, 11, 10, tzinfo=UTC), "America/New_York", 1)])
    november, december = calendar.labelled("2026-11"), calendar.labelled("2026-12")
    assert november.end == december.start == datetime(2026, 12, 1, tzinfo=UTC)
    assert december.end == datetime(2027, 1, 1, 5, tzinfo=UTC)


def test_a_change_to_quarters_begins_with_what_is_left_of_the_quarter() -> None:
    calendar = Calendar.from_versions([(FIRST, "UTC", 1), (datetime(2026, 10, 10, tzinfo=UTC), "UTC", 3)])
    rest = calendar.labelled("2026-Q4")
    assert (rest.first_on, rest.last_on) == (date(2026, 11, 1), date(2026, 12, 31))
    assert calendar.previous(rest).label == "2026-10"
    assert calendar.next(rest).label == "2027-Q1"


def test_a_single_month_left_of_a_quarter_is_named_as_the_month() -> None:
    calendar = Calendar.from_versions([(FIRST, "UTC", 1), (datetime(2026, 11, 10, tzinfo=UTC), "UTC", 3)])
    assert calendar.at(datetime(2026, 12, 5, tzinfo=UTC)).label == "2026-12"
    with pytest.raises(BadPeriodLabel, match="2026-12 is the one then"):
        calendar.labelled("2026-Q4")


def test_a_change_taken_back_within_the_period_changes_nothing() -> None:
    calendar = Calendar.from_versions(
        [
            (FIRST, "UTC", 1),
            (datetime(2026, 11, 10, tzinfo=UTC), "UTC", 12),
            (datetime(2026, 11, 11, tzinfo=UTC), "UTC", 1),
        ]
    )
    assert calendar.at(datetime(2027, 3, 3, tzinfo=UTC)).label == "2027-03"


def test_a_change_at_a_bound_counts_at_once() -> None:
    calendar = Calendar.from_versions([(FIRST, "UTC", 1), (datetime(2027, 1, 1, tzinfo=UTC), "UTC", 12)])
    assert calendar.at(datetime(2027, 1, 1, tzinfo=UTC)).label == "2027"


def test_a_month_begins_once_where_the_clock_strikes_midnight_twice() -> None:
    calendar = Calendar.from_versions([(FIRST, "America/St_Johns", 1)])  # one minute past, back to 23:01
    november = calendar.labelled("2009-11")
    assert november.start == datetime(2009, 11, 1, 2, 30, tzinfo=UTC)
    assert calendar.at(november.start + timedelta(minutes=30)) == november
    assert calendar.at(november.start - timedelta(microseconds=1)) == calendar.previous(november)


def test_time_before_the_first_version_is_under_it() -> None:
    calendar = Calendar.from_versions([(FIRST, "Asia/Kolkata", 1)])
    assert calendar.at(datetime(1999, 12, 31, 18, 30, tzinfo=UTC)).label == "2000-01"


@pytest.mark.parametrize("label", ["", "2026-13", "2026-Q5", "26-11", "2026-1", "\u0662026", "9999", "0001-01"])
def test_other_labels_are_refused(label: str) -> None:
    with pytest.raises(BadPeriodLabel, match="Write it like 2026-11"):
        Calendar.from_versions([(FIRST, "UTC", 1)]).labelled(label)


@pytest.mark.parametrize(
    "name", ["", "Europe", "../etc/passwd", "/etc/passwd", "Mars/Olympus", "a" * 10_000, "Ü", "UTC\n"]
)
def test_other_zones_are_refused(name: str) -> None:
    with pytest.raises(BadTimezone, match="is not a time zone"):
        zone_named(name)


def test_the_nearest_zone_is_suggested() -> None:
    with pytest.raises(BadTimezone, match=r"Did you mean Europe/Berlin\?"):
        zone_named("Europe/Berln")


@pytest.mark.parametrize("bad", [[], [(FIRST, "UTC", 2)]])
def test_a_calendar_needs_a_version_and_a_known_length(bad: list[tuple[datetime, str, int]]) -> None:
    with pytest.raises(ValueError, match="needs a version"):
        Calendar.from_versions(bad)
