"""Granting, adjusting, closing, late usage, and where a person stands."""

import itertools
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.rules.ledger import Standing
from bot.rules.usage import Tokens
from bot.services import account, ledger, policy
from bot.services.roster import import_people, import_rates
from bot.services.verb import Company, Tx
from db import data_key
from db import ledger as query
from db.seal import person_owner
from db.session import Database
from db.tables.ledger import Account
from tests.services.books import HEADER, USD, bring, ensure, id_of, spend, standings, top_up, transfers, within

ADA = "ada 500000,,,USD,,"
MONTH = 20_833_333_333_334
NOV = datetime(2026, 11, 10, 9, tzinfo=UTC)
CLOSING = datetime(2026, 12, 3, 1, tzinfo=UTC)
keys = (f"k{number}" for number in itertools.count())


@pytest.fixture
def ada(company: Company) -> int:
    bring(company, ADA)
    return id_of(company, "ada")


def standing(company: Company, person_id: int, period: str = "2026-11") -> Standing:
    found: Standing = standings(company)[person_id, period]
    return found


def shown(nanos: int) -> str:
    return f"{Fraction(nanos, USD) // Fraction(1, 100) / 100:.2f}"


def test_half_of_a_base_salary_by_the_month(company: Company, ada: int) -> None:
    found = ledger.balance(company, ada)
    assert shown(found.granted) == "20833.33"
    assert (found.allotment, found.top_ups, found.has_allotment, found.period.label) == (MONTH, 0, True, "2026-11")
    spend(company, "ada", 1234_560_000_000, NOV, "one")
    found = ledger.balance(company, ada)
    assert shown(found.available) == "19598.77"
    assert found.available == MONTH - 1234_560_000_000


def test_a_look_grants_once(company: Company, ada: int) -> None:
    for _ in range(3):
        ledger.balance(company, ada)
        ensure(company, ada)
    assert transfers(company) == [(f"allotment:{ada}:2026-11", MONTH)]


def test_a_look_writes_nothing_when_nothing_is_owed(company: Company, clock: FixedClock, ada: int) -> None:
    ledger.balance(company, ada)

    def refuse(point: str) -> None:
        raise AssertionError(point)

    database = Database(company.database.url, company.database.master, crash=refuse)
    assert ledger.balance(Company(database, clock), ada).granted == MONTH
    database.dispose()


def test_a_year_of_allotments_is_exactly_the_share(company: Company, clock: FixedClock) -> None:
    clock.at = datetime(2026, 1, 20, tzinfo=UTC)
    bring(company, "ada 500000.01,,,USD,2026-01-01,")
    ada = id_of(company, "ada")
    for month in range(1, 13):
        clock.at = datetime(2026, month, 20, tzinfo=UTC)
        ensure(company, ada)
    assert sum(nanos for _, nanos in transfers(company, "allotment")) == 250_000_005_000_000


def test_usage_without_a_grant_is_spend(company: Company, ada: int) -> None:
    spend(company, "ada", 5 * USD, NOV, "one")
    spend(company, "ada", 7 * USD, datetime(2026, 10, 3, tzinfo=UTC), "earlier")
    assert standing(company, ada).available == -5 * USD
    assert standing(company, ada, "2026-10").spent == 7 * USD
    ensure(company, ada)
    assert standing(company, ada, "2026-10").granted == 0  # before their first day


def test_an_outage_is_made_up_for(company: Company, ada: int, clock: FixedClock) -> None:
    clock.at = datetime(2027, 2, 10, tzinfo=UTC)
    ensure(company, ada)
    assert [key for key, _ in transfers(company, "allotment")] == [
        f"allotment:{ada}:{label}" for label in ("2026-11", "2026-12", "2027-01", "2027-02")
    ]


def test_terms_that_begin_long_ago_are_granted_for_a_year_at_most(company: Company) -> None:
    bring(company, "ada 120000,,,USD,2015-03-01,")
    ensure(company, id_of(company, "ada"))
    labels = [key.rpartition(":")[2] for key, _ in transfers(company, "allotment")]
    assert labels[0] == "2025-11"
    assert labels[-1] == "2026-11"
    assert len(labels) == 13


def test_a_joiner_counts_by_days(company: Company) -> None:
    bring(company, "ada 360000,,,USD,2026-11-16,", "eve 360000,,,USD,2026-12-01,")
    assert ledger.balance(company, id_of(company, "ada")).granted == 7_500 * USD
    later = ledger.balance(company, id_of(company, "eve"))
    assert (later.granted, later.has_allotment) == (0, False)


def test_a_raise_posts_an_adjustment_and_a_cut_another(company: Company, ada: int) -> None:
    ensure(company, ada)
    bring(company, "ada 620000,,,USD,2026-11-16,")
    assert ledger.balance(company, ada).granted == pytest.approx(MONTH + 2_500 * USD, abs=1)
    bring(company, "ada 500000,,,USD,2026-11-16,")
    assert ledger.balance(company, ada).granted == MONTH
    found = transfers(company)
    assert len(found) == 3
    assert [key.split(":")[0] for key, _ in found] == ["allotment", "adjustment", "adjustment"]
    assert found[1][1] == -found[2][1] > 0


def test_a_leaver_gives_back_the_days_that_will_not_come(company: Company, ada: int) -> None:
    ensure(company, ada)
    bring(company, "ada 500000,,,USD,,2026-11-15")
    assert ledger.balance(company, ada).granted == MONTH // 2


def test_a_policy_within_the_period_counts_by_days(company: Company, ada: int) -> None:
    ensure(company, ada)
    policy.import_policy(company, '[allotment]\nkind = "fixed"\namount_usd = 3000\n', by="test")
    # 15 days of the share, 15 of the fixed sum: the policy counts from the company's day on which it begins.
    assert ledger.balance(company, ada).granted == pytest.approx(MONTH // 2 + 1_500 * USD, abs=2)


def test_a_policy_of_the_set_up_counts_for_the_whole_period(company: Company) -> None:
    policy.import_policy(company, "[allotment]\nshare = 0.1\n", by="test")
    bring(company, "ada 120000,,,USD,,")
    assert ledger.balance(company, id_of(company, "ada")).granted == 1_000 * USD


def test_the_most_specific_policy_grants(company: Company) -> None:
    rules = '[allotment]\nkind = "fixed"\namount_usd = 100\n[person."ada@example.com".allotment]\namount_usd = 900\n'
    policy.import_policy(company, rules, by="test")
    bring(company, ADA, "bob 500000,,,USD,,")
    assert ledger.balance(company, id_of(company, "ada")).granted == 900 * USD
    assert ledger.balance(company, id_of(company, "bob")).granted == 100 * USD


def test_pay_without_a_rate_waits_for_it(company: Company) -> None:
    bring(company, "ada 120000,,,EUR,,")
    ada = id_of(company, "ada")
    found = ledger.balance(company, ada)
    assert (found.granted, found.has_allotment, found.no_rate_currency) == (0, False, "EUR")
    import_rates(company, "currency,on_date,usd_per_unit\nEUR,2026-11-01,1.25\n", by="test")
    found = ledger.balance(company, ada)
    assert (found.granted, found.no_rate_currency) == (6_250 * USD, None)
    import_rates(company, "currency,on_date,usd_per_unit\nEUR,2026-11-01,1.2\n", by="test")
    assert ledger.balance(company, ada).granted == 6_000 * USD


def test_pay_of_nothing_waits_for_no_rate(company: Company, clock: FixedClock) -> None:
    bring(company, "ada 0,,,EUR,,")
    ada = id_of(company, "ada")
    spend(company, "ada", USD, NOV, next(keys))
    found = ledger.balance(company, ada)
    assert (found.available, found.no_rate_currency) == (-USD, None)
    clock.at = CLOSING + timedelta(days=30)
    assert ledger.close_due(company) == 1


def test_a_top_up_adds_and_counts_once(company: Company, ada: int) -> None:
    top_up(company, ada, 500 * USD, "top_up:1")
    top_up(company, ada, 500 * USD, "top_up:1")
    found = ledger.balance(company, ada)
    assert (found.granted, found.allotment, found.top_ups) == (MONTH + 500 * USD, MONTH, 500 * USD)
    with pytest.raises(ValueError, match="more than nothing"):
        top_up(company, ada, 0, "top_up:2")


def test_a_top_up_that_ends_within_the_period_expires_then(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    clock.at = datetime(2026, 11, 17, 12, tzinfo=UTC)
    top_up(company, ada, 100 * USD, "top_up:1", expires_at=datetime(2026, 11, 20, 15, tzinfo=UTC))
    spend(company, "ada", 30 * USD, datetime(2026, 11, 20, 14, 59, tzinfo=UTC), "in time")
    spend(company, "ada", 30 * USD, datetime(2026, 11, 20, 15, tzinfo=UTC), "too late")
    clock.at = datetime(2026, 11, 20, 14, 59, tzinfo=UTC)
    assert ledger.balance(company, ada).expired == 0
    clock.at = datetime(2026, 11, 21, tzinfo=UTC)
    found = ledger.balance(company, ada)
    assert found.expired == 70 * USD
    assert found.available == MONTH - 30 * USD
    # What comes late burns it after all, also without anybody having closed anything.
    spend(company, "ada", 25 * USD, datetime(2026, 11, 19, tzinfo=UTC), "late")
    assert ledger.balance(company, ada).expired == 45 * USD
    assert transfers(company, "expiry") == [
        (f"expiry:{account_id(company, ada)}:2:1", 70 * USD),
        (f"expiry:{account_id(company, ada)}:2:2", -25 * USD),
    ]
    # A clock that is set back takes nothing back.
    clock.at = datetime(2026, 11, 18, tzinfo=UTC)
    assert ledger.balance(company, ada).expired == 45 * USD


def account_id(company: Company, person_id: int) -> int:
    return within(company, lambda tx: account.id_of(ledger.account_for(tx, person_id, NOV)))


def test_a_period_closes_when_every_source_is_past_it(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    spend(company, "ada", 833 * USD, NOV, "one")
    clock.at = datetime(2026, 12, 2, 23, 59, tzinfo=UTC)
    spend(company, "ada", USD, clock.at, "past it")
    assert ledger.close_due(company) == 0
    clock.at = CLOSING
    assert ledger.close_due(company) == 1
    found = standing(company, ada)
    assert (found.available, found.expired) == (0, MONTH - 833 * USD)
    assert ledger.close_due(company) == 0
    assert standing(company, ada, "2026-12").available == MONTH - 1 - USD  # twelve months are exactly a year


def test_a_silent_source_is_waited_for_a_week(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    clock.at = datetime(2026, 11, 30, 20, tzinfo=UTC)
    spend(company, "ada", USD, clock.at, "last seen")
    clock.at = CLOSING
    assert ledger.close_due(company) == 0
    clock.at = datetime(2026, 12, 7, 19, tzinfo=UTC)
    assert ledger.close_due(company) == 0
    clock.at = datetime(2026, 12, 7, 20, tzinfo=UTC)
    assert ledger.close_due(company) == 1


def test_late_usage_eats_what_expired_before_it_is_overspend(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    clock.at = CLOSING
    ledger.close_due(company)
    spend(company, "ada", MONTH - USD, NOV, "late")
    found = standing(company, ada)
    assert (found.available, found.expired) == (0, USD)
    spend(company, "ada", 3 * USD, NOV, "later")
    found = standing(company, ada)
    assert (found.available, found.expired) == (-2 * USD, 0)
    assert ledger.check_books(company) == []


def test_a_closed_period_does_not_change_by_pay(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    clock.at = CLOSING
    ledger.close_due(company)
    bring(company, "ada 900000,,,USD,2026-11-01,")
    ensure(company, ada)
    assert standing(company, ada).granted == MONTH
    assert standing(company, ada, "2026-12").granted == 37_500 * USD


def test_closing_grants_what_was_never_granted(company: Company, ada: int, clock: FixedClock) -> None:
    spend(company, "ada", USD, NOV, "one")
    clock.at = datetime(2026, 12, 20, tzinfo=UTC)
    assert ledger.close_due(company) == 1
    assert standing(company, ada).expired == MONTH - USD


def test_without_a_rate_a_period_stays_open(company: Company, clock: FixedClock) -> None:
    bring(company, "ada 120000,,,EUR,,")
    ada = id_of(company, "ada")
    ensure(company, ada)
    clock.at = CLOSING
    assert ledger.close_due(company) == 0
    import_rates(company, "currency,on_date,usd_per_unit\nEUR,2026-11-01,1.25\n", by="test")
    assert ledger.close_due(company) == 1
    assert standing(company, ada).expired == 6_250 * USD


def test_what_lives_longer_is_carried_and_late_usage_follows_it(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    top_up(company, ada, 100 * USD, "top_up:1", expires_at=datetime(2026, 12, 5, tzinfo=UTC))
    spend(company, "ada", MONTH + 20 * USD, NOV, "all of it")
    clock.at = CLOSING
    ledger.close_due(company)
    assert standing(company, ada).carried_out == 80 * USD
    assert standing(company, ada, "2026-12").carried_in == 80 * USD
    spend(company, "ada", 10 * USD, datetime(2026, 12, 2, tzinfo=UTC), "december")
    clock.at = datetime(2026, 12, 6, tzinfo=UTC)
    assert ledger.balance(company, ada).expired == 70 * USD  # it burns first, and ends on the 5th
    spend(company, "ada", 50 * USD, NOV, "late")
    assert standing(company, ada).carried_out == 30 * USD
    found = standing(company, ada, "2026-12")
    assert (found.carried_in, found.expired) == (30 * USD, 20 * USD)
    spend(company, "ada", 40 * USD, NOV, "later still")
    assert standing(company, ada).available == -10 * USD
    found = standing(company, ada, "2026-12")
    assert (found.carried_in, found.expired, found.carried_out) == (0, 0, 0)
    assert ledger.check_books(company) == []


def test_late_usage_reaches_through_two_closed_periods(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    top_up(company, ada, 100 * USD, "top_up:1", expires_at=datetime(2027, 2, 1, tzinfo=UTC))
    spend(company, "ada", MONTH, NOV, "november")
    clock.at = datetime(2027, 1, 20, tzinfo=UTC)
    assert ledger.close_due(company) == 2
    assert standing(company, ada, "2026-12").carried_out == 100 * USD
    spend(company, "ada", 60 * USD, NOV, "late")
    assert [standing(company, ada, label).carried_in for label in ("2026-12", "2027-01")] == [40 * USD, 40 * USD]
    clock.at = datetime(2027, 2, 20, tzinfo=UTC)
    ledger.close_due(company)
    spend(company, "ada", 30 * USD, NOV, "very late")
    found = standing(company, ada, "2027-01")
    assert found.carried_in == 10 * USD
    assert found.available == 0
    assert ledger.check_books(company) == []


def test_one_failure_does_not_keep_the_others_open(company: Company, ada: int, clock: FixedClock) -> None:
    bring(company, "bob 120000,,,USD,,")
    bob = id_of(company, "bob")
    for one in (ada, bob):
        ensure(company, one)
    forget_key(company, ada)
    clock.at = CLOSING
    with pytest.raises(ledger.NotAllClosed, match="1 accounts"):
        ledger.close_due(company)
    labels = within(company, lambda tx: [row.closed_at for row in accounts_of(tx, bob)])
    assert labels == [CLOSING, None][: len(labels)]


def accounts_of(tx: Tx, person_id: int) -> Sequence[Account]:
    return query.accounts_of(tx.session, person_id)


def forget_key(company: Company, person_id: int) -> None:
    within(company, lambda tx: data_key.forget(tx.session, person_owner(person_id)))


def test_the_balance_names_driver_mix_run_out_and_sources(company: Company, ada: int) -> None:
    ten = Tokens(input=8_000, output=2_000)
    for day in range(8, 16):
        at = datetime(2026, 11, day, 12, tzinfo=UTC)
        spend(company, "ada", 1_500 * USD, at, f"a{day}", tokens=ten, agent=f"nightly/worker-{day}", model="gpt-5")
        spend(company, "ada", 500 * USD, at, f"b{day}", tokens=ten, model="gpt-5-mini")
    found = ledger.balance(company, ada)
    assert found.biggest_driver == ("nightly", 12_000 * USD, Fraction(3, 4))
    assert found.mix_from == "you"
    assert found.tokens_left == found.available * 160_000 // (16_000 * USD)
    assert found.run_out is not None
    assert found.run_out.on == date(2026, 11, 18)
    assert found.completeness == [("file", datetime(2026, 11, 15, 12, tzinfo=UTC))]
    assert found.unpriced_events == 0
    assert "500" not in repr(found)


@pytest.mark.usefixtures("ada")
def test_a_newcomer_is_shown_the_teams_mix_or_the_companys(company: Company) -> None:
    bring(company, "bob 120000,,,USD,,")
    import_people(company, f"{HEADER}\neve@example.com,Eve,Looms,,,120000,,,USD,,\n", by="test")
    bob, eve = id_of(company, "bob"), id_of(company, "eve")
    assert (ledger.balance(company, bob).tokens_left, ledger.balance(company, bob).mix_from) == (None, None)
    spend(company, "ada", USD, NOV, "one", tokens=Tokens(input=1000))
    assert (ledger.balance(company, bob).tokens_left, ledger.balance(company, bob).mix_from) == (
        5_000_000, "your team")  # fmt: skip
    assert ledger.balance(company, eve).mix_from == "the company"


def test_history_is_by_day_and_idle_days_are_there(company: Company, ada: int) -> None:
    spend(company, "ada", 2 * USD, datetime(2026, 11, 3, 23, 59, tzinfo=UTC), "one")
    spend(company, "ada", 3 * USD, datetime(2026, 11, 16, 1, tzinfo=UTC), "two")
    days = ledger.history(company, ada)
    assert [day.on for day in days] == [date(2026, 11, 3) + timedelta(days=number) for number in range(14)]
    assert [day.nanos for day in days if day.nanos] == [2 * USD, 3 * USD]


def test_why_adds_up_to_what_is_left(company: Company, ada: int, clock: FixedClock) -> None:
    ensure(company, ada)
    top_up(company, ada, 100 * USD, "top_up:1", expires_at=datetime(2026, 11, 20, tzinfo=UTC))
    spend(company, "ada", 30 * USD, datetime(2026, 11, 18, tzinfo=UTC), "one")
    bring(company, "ada 620000,,,USD,2026-11-16,")
    clock.at = datetime(2026, 11, 22, tzinfo=UTC)
    found = ledger.balance(company, ada)
    entries = ledger.why(company, ada)
    assert sum(entry.nanos for entry in entries) == found.available
    assert [entry.what.split()[0] for entry in entries] == ["Allotment", "Top-up", "Usage", "Expired", "Allotment"]
    assert [entry.burns for entry in entries] == [2, 1, None, None, None]
    assert sum(entry.left or 0 for entry in entries) == found.available
    assert ledger.why(company, 4711) == []


def test_a_stranger_has_no_balance(company: Company) -> None:
    with pytest.raises(LookupError):
        ledger.balance(company, 4711)


def test_a_zero_budget_is_no_allotment(company: Company) -> None:
    bring(company, "ada ,,,USD,,")
    found = ledger.balance(company, id_of(company, "ada"))
    assert (found.granted, found.has_allotment, found.run_out, found.tokens_left) == (0, False, None, None)
    assert [nanos for _, nanos in transfers(company)] == [0]
    assert ledger.why(company, id_of(company, "ada")) == []


def test_the_stored_amounts_tell_nothing_by_their_length(company: Company, ada: int) -> None:
    bring(company, "bob 12,,,USD,,")
    ensure(company, ada)
    ensure(company, id_of(company, "bob"))
    lengths = company.database.read(
        lambda session, _vault: {length for (length,) in session.execute(text("SELECT length(amount) FROM transfer"))}
    )
    assert len(lengths) == 1


def spoil(company: Company, statement: str) -> None:
    """Change what never changes, as somebody with the file in their hands could."""
    with company.database.engine.execution_options(stipend_write=True).begin() as connection:
        if company.database.is_sqlite:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in names:
                connection.execute(text(f"DROP TRIGGER {name}"))
        else:
            connection.execute(text("ALTER TABLE transfer DISABLE TRIGGER ALL"))
        connection.execute(text(statement))


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("UPDATE usage_rollup SET cost_nanos = cost_nanos + 1", r"usage do not agree with their events"),
        ("UPDATE transfer SET key = 'moved' || key WHERE kind = 'allotment'", r"Transfer \d+ does not open"),
        ("DELETE FROM transfer WHERE kind = 'expiry'", r"Account \d+ is closed and has budget left"),
    ],
)
def test_the_check_sees_what_was_spoilt(
    company: Company, ada: int, clock: FixedClock, statement: str, says: str
) -> None:
    spend(company, "ada", USD, NOV, "one")
    ensure(company, ada)
    clock.at = datetime(2026, 12, 20, tzinfo=UTC)
    ledger.close_due(company)
    assert ledger.check_books(company) == []
    spoil(company, statement)
    found = ledger.check_books(company)
    assert any(re.search(says, problem) for problem in found), found
    assert any("trigger" in problem for problem in found)
    assert not any("20833" in problem for problem in found)


def test_a_transfer_of_nothing_is_refused(company: Company, ada: int) -> None:
    def nothing(tx: Tx) -> None:
        held = ledger.account_for(tx, ada, NOV)
        account.post(tx, account.Movement("top_up", "k", "c", NOV), held, account.company_account(tx, "issued"), 0)

    with pytest.raises(ValueError, match="moves something"):
        within(company, nothing)
