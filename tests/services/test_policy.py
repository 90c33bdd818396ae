"""Policy: versions, who it holds for, the zone, and the company's start."""

import threading
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.period import BadTimezone
from bot.rules.policy import BadPolicy, Policy
from bot.services import policy
from bot.services.verb import Company
from db.session import Database
from tests.conftest import DatabaseMaker
from tests.services.books import bring, ensure, id_of, standings, within
from tests.services.usage_facts import rows

NAMES = '[notices]\nsalary_in_channels = "names"\n'


def company_policy(company: Company) -> Policy:
    return within(company, policy.company_policy)


def of(company: Company, person_id: int) -> Policy:
    return within(company, lambda tx: policy.policy_of(tx, person_id))


def test_a_company_starts_once(company: Company) -> None:
    policy.start_company(company, "Europe/Berlin")
    assert rows(company, "SELECT timezone FROM policy_version") == [("UTC",)]
    kinds = rows(company, "SELECT key, kind FROM account ORDER BY key")
    assert kinds == [(kind, kind) for kind in ("expired", "issued", "spent", "unattributed")]
    assert within(company, policy.zone).key == "UTC"


def test_two_start_at_once(fresh_database: DatabaseMaker, clock: FixedClock) -> None:
    database = fresh_database()
    company = Company(database, clock)
    barrier = threading.Barrier(2)

    def start() -> None:
        barrier.wait()
        policy.start_company(company, "UTC")

    threads = [threading.Thread(target=start) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(company, "SELECT count(*) FROM policy_version") == [(1,)]
    assert rows(company, "SELECT count(*) FROM account") == [(4,)]


def test_a_wrong_zone_is_refused(database: Database, clock: FixedClock) -> None:
    with pytest.raises(BadTimezone, match="Europe/Berlin"):
        policy.start_company(Company(database, clock), "Europe/Berlni")


def test_the_defaults(company: Company) -> None:
    found = company_policy(company)
    assert (found.salary_in_channels, found.enforcement_mode, found.period_months) == ("counts", "notify", 1)
    assert found.source_of("share") == "company default"


def test_a_version_holds_from_when_it_says(company: Company, clock: FixedClock) -> None:
    later = datetime(2026, 12, 1, tzinfo=UTC)
    assert policy.import_policy(company, f"effective_from = 2026-12-01\n{NAMES}", by="test") == later
    assert company_policy(company).salary_in_channels == "counts"
    clock.at = later
    assert company_policy(company).salary_in_channels == "names"
    assert len(within(company, policy.documents)) == 2


def test_a_version_holds_from_now_once_anybody_has_an_account(company: Company, clock: FixedClock) -> None:
    assert policy.import_policy(company, NAMES, by="test") == datetime(2026, 11, 1, tzinfo=UTC)
    bring(company, "ada 500000,,,USD,,")
    ensure(company, id_of(company, "ada"))
    assert policy.import_policy(company, '[notices]\nsalary_in_channels = "off"\n', by="test") == clock.at
    assert company_policy(company).salary_in_channels == "off"


def test_the_same_again_is_no_new_version(company: Company, clock: FixedClock) -> None:
    first = policy.import_policy(company, NAMES, by="test")
    clock.at += timedelta(days=1)
    assert policy.import_policy(company, NAMES, by="test") == first
    assert rows(company, "SELECT count(*) FROM policy_version") == [(2,)]
    assert rows(company, "SELECT action FROM audit ORDER BY id") == [("company.start",), ("policy.import",)]


def test_mistakes_change_nothing(company: Company) -> None:
    with pytest.raises(BadPolicy):
        policy.import_policy(company, "[allotment]\nshaer = 2\n", by="test")
    assert rows(company, "SELECT count(*) FROM policy_version") == [(1,)]


def test_the_most_specific_scope_wins_on_its_day(company: Company) -> None:
    rules = NAMES + '[team.Engines.enforcement]\nmode = "soft"\n[person."bob@example.com".enforcement]\nmode = "hard"\n'
    policy.import_policy(company, rules, by="test")
    bring(company, "ada 1,,,USD,,", "bob 1,,,USD,2026-12-01,")
    for name, mode, source in (("ada", "soft", "team Engines"), ("bob", "hard", "person bob@example.com")):
        found = of(company, id_of(company, name))
        assert (found.enforcement_mode, found.source_of("enforcement_mode")) == (mode, source)
    assert within(company, lambda tx: policy.policy_of(tx, 4711)).enforcement_mode == "notify"
    before = datetime(2020, 1, 1, tzinfo=UTC)
    assert within(company, lambda tx: policy.policy_of(tx, id_of(company, "ada"), before)).enforcement_mode == "notify"


def test_a_zone_counts_from_the_next_period_on(company: Company, clock: FixedClock) -> None:
    policy.import_policy(company, 'effective_from = 2026-11-10\ntimezone = "Asia/Tokyo"\n', by="test")
    policy.import_policy(company, "effective_from = 2026-11-12\n", by="test")
    assert within(company, policy.zone).key == "UTC"
    calendar = within(company, policy.calendar)
    assert calendar.labelled("2026-11").end == datetime(2026, 12, 1, tzinfo=UTC)
    assert calendar.labelled("2026-12").end == datetime(2026, 12, 31, 15, tzinfo=UTC)
    clock.at = datetime(2026, 12, 1, tzinfo=UTC)
    assert within(company, policy.zone).key == "Asia/Tokyo"
    clock.at = datetime(2026, 12, 31, 14, 59, tzinfo=UTC)
    assert within(company, policy.today) == date(2026, 12, 31)
    clock.at = datetime(2026, 12, 31, 15, tzinfo=UTC)
    assert within(company, policy.today) == date(2027, 1, 1)


def test_the_day_never_leaves_its_period(company: Company, clock: FixedClock) -> None:
    policy.import_policy(company, 'effective_from = 2026-11-10\ntimezone = "America/New_York"\n', by="test")
    clock.at = datetime(2026, 12, 1, 1, tzinfo=UTC)  # still 30 November in New York, but November has ended
    assert within(company, policy.today) == date(2026, 12, 1)


def test_a_quarter_begins_with_the_next_period(company: Company) -> None:
    policy.import_policy(company, 'effective_from = 2026-11-10\n[allotment]\nperiod = "quarter"\n', by="test")
    calendar = within(company, policy.calendar)
    assert calendar.at(datetime(2026, 11, 20, tzinfo=UTC)).label == "2026-11"
    assert calendar.at(datetime(2027, 1, 20, tzinfo=UTC)).label == "2027-Q1"


@pytest.mark.parametrize("change", ['timezone = "Asia/Tokyo"\n', '[allotment]\nperiod = "quarter"\n'])
def test_a_period_that_has_accounts_keeps_its_bounds(company: Company, clock: FixedClock, change: str) -> None:
    bring(company, "ada 120000,,,USD,2026-10-01,")
    ada = id_of(company, "ada")
    ensure(company, ada)
    for day in ("2026-10-01", "2026-11-01"):
        with pytest.raises(BadPolicy, match="up to 2026-11: leave effective_from out"):
            policy.import_policy(company, f"effective_from = {day}\n{change}", by="test")
    policy.import_policy(company, "effective_from = 2026-10-01\n[allotment]\nshare = 0.25\n", by="test")
    policy.import_policy(company, change, by="test")
    ensure(company, ada)
    assert {period for _, period in standings(company)} == {"2026-10", "2026-11"}
    clock.at = datetime(2027, 1, 20, tzinfo=UTC)
    assert within(company, policy.calendar).at(clock.at).label == ("2027-Q1" if "quarter" in change else "2027-01")


def test_who_started_when(company: Company, clock: FixedClock) -> None:
    assert within(company, policy.started_at) == clock.at


def test_what_a_policy_says_of_people_and_bands_is_sealed(company: Company) -> None:
    text = '[person."ada@example.com".allotment]\nkind = "fixed"\namount_usd = 4000\n'
    policy.import_policy(company, text, by="test")
    stored = [bytes(body) for (body,) in rows(company, "SELECT body FROM policy_version")]
    assert len(stored) == 2
    assert not any(b"ada@" in body or b"4000" in body for body in stored)


def test_each_version_is_read_once_however_many_there_are(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache smaller than the number of versions would read all of them again for every question."""
    for number in range(150):
        policy.import_policy(company, f"[top_up]\nmanager_limit_usd = {1000 + number}\n", by="test")
    assert company_policy(company).manager_limit_nanos == 1149 * 10**9
    monkeypatch.setattr(policy, "parse_policy", None)
    assert company_policy(company).manager_limit_nanos == 1149 * 10**9
    assert within(company, policy.zone).key == "UTC"
