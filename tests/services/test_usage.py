"""Usage in the books: stored once, charged to whom it leads to, rolled up, moved when somebody turns up."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from bot.clock import FixedClock
from bot.rules.usage import MOST_COST_NANOS, Tokens
from bot.services import ledger, usage
from bot.services.usage import Recorded, record, usage_states
from bot.services.verb import Company, Tx, verb
from db.tables.roster import IdentityLink, Team
from tests.services.usage_facts import AT, add_people, fact, rolled_up, rows, spent

DOLLAR = 1_000_000_000


@verb("test.rebuild")
def rebuild(tx: Tx) -> None:
    usage.rebuild_rollups(tx)


@verb("test.wrong")
def wrong_rollups(tx: Tx) -> int:
    return usage.wrong_rollups(tx)


@verb("test.attribute")
def attribute(tx: Tx, identity_id: int, person_id: int) -> int:
    return usage.attribute(tx, identity_id, person_id)


@verb("test.begin")
def begin_period(tx: Tx, person_id: int) -> None:
    ledger.ensure_periods(tx, person_id)


@verb("test.team")
def link_to_team(tx: Tx, identity_id: int, name: str) -> None:
    team = Team(name=name)
    tx.session.add(team)
    tx.session.flush()
    tx.session.add(IdentityLink(identity_id=identity_id, revision=0, team_id=team.id, linked_at=tx.now))


def test_a_batch_is_charged_to_whom_it_leads_to(company: Company) -> None:
    add_people(company, "ada@example.com", "bob@example.com")
    told = record(company, [fact("1"), fact("2", "bob@example.com"), fact("3", "x@example.com"), fact("4", None)])
    assert (told.new, told.repeated, told.unattributed, told.unpriced) == (4, 0, 2, 0)
    assert spent(company) == {"ada@example.com": DOLLAR, "bob@example.com": DOLLAR, "unattributed": 2 * DOLLAR}
    assert len(told.accounts) == 3


def test_nothing_is_nothing(company: Company) -> None:
    assert record(company, []) == Recorded()


def test_a_repeat_counts_once_and_the_first_is_kept(company: Company) -> None:
    add_people(company, "ada@example.com")
    record(company, [fact("1"), fact("1", cost_nanos=7), fact("2")])
    told = record(company, [fact("2", cost_nanos=9), fact("1", "bob@example.com"), fact("3")])
    assert (told.new, told.repeated) == (1, 2)
    assert spent(company) == {"ada@example.com": 3 * DOLLAR}


def test_the_same_id_of_two_sources_is_two_events(company: Company) -> None:
    assert record(company, [fact("1"), fact("1", source="litellm")]).new == 2


def test_the_period_is_that_of_the_event(company: Company, clock: FixedClock) -> None:
    add_people(company, "ada@example.com")
    clock.at = datetime(2026, 12, 2, tzinfo=UTC)
    november = datetime(2026, 11, 1, tzinfo=UTC)
    times = [november - timedelta(microseconds=1), november, datetime(2026, 12, 1, tzinfo=UTC)]
    record(company, [fact(str(number), occurred_at=at) for number, at in enumerate(times)])
    found = rows(
        company,
        "SELECT period, count(*) FROM usage_event JOIN account ON account.id = account_id GROUP BY 1 ORDER BY 1",
    )
    assert found == [("2026-10", 1), ("2026-11", 1), ("2026-12", 1)]


def test_without_a_cost_the_list_price_counts(company: Company) -> None:
    add_people(company, "ada@example.com")
    record(company, [fact("1", cost_nanos=None, tokens=Tokens(input=1_000_000))])
    assert spent(company) == {"ada@example.com": 1_250_000_000}
    ((source, rates),) = rows(company, "SELECT price_source, price_rates FROM usage_event")
    assert source.startswith("genai-prices ")
    assert '"input_mtok": "1.25"' in rates


def test_without_a_known_price_it_is_unpriced_and_visible(company: Company) -> None:
    told = record(company, [fact("1", cost_nanos=None, model="nobody-knows"), fact("2", cost_nanos=0)])
    assert (told.new, told.unpriced) == (2, 1)
    assert rows(company, "SELECT cost_nanos, price_source FROM usage_event ORDER BY external_id") == [
        (None, ""), (0, "source"),
    ]  # fmt: skip
    assert rows(company, "SELECT sum(unpriced_events), sum(events) FROM usage_rollup") == [(1, 2)]


def test_informational_rows_are_kept_and_post_nothing(company: Company) -> None:
    told = record(company, [fact("1", informational=True), fact("2", cost_nanos=None, model="x", informational=True)])
    assert (told.new, told.informational, told.unpriced) == (2, 2, 0)
    assert rolled_up(company) == []
    assert wrong_rollups(company) == 0


def test_a_cost_far_above_any_price_is_told(company: Company) -> None:
    assert record(company, [fact("1", cost_nanos=1000 * DOLLAR), fact("2")]).doubtful == 1
    assert record(company, [fact("3", cost_nanos=100_000)]).doubtful == 0


def test_nine_thousand_of_the_dearest_events_fit_into_one_sum(company: Company) -> None:
    add_people(company, "ada@example.com")
    told = [record(company, [fact(f"{n}-{m}", cost_nanos=MOST_COST_NANOS) for m in range(3000)]) for n in range(3)]
    assert [one.new for one in told] == [3000, 3000, 3000]
    assert rows(company, "SELECT cost_nanos FROM usage_rollup") == [(9000 * MOST_COST_NANOS,)]
    assert wrong_rollups(company) == 0
    ((person_id,),) = rows(company, "SELECT id FROM person")
    assert ledger.balance(company, person_id).spent == 9000 * MOST_COST_NANOS


def test_a_list_price_beyond_the_dearest_event_is_no_price(company: Company) -> None:
    told = record(company, [fact("1", cost_nanos=None, tokens=Tokens(input=10**12))])
    assert (told.new, told.unpriced) == (1, 1)


def test_rollups_add_up_by_day_and_model_and_agent(company: Company) -> None:
    add_people(company, "ada@example.com")
    midnight = datetime(2026, 11, 11, tzinfo=UTC)
    record(company, [fact("1", agent="a"), fact("2", agent="a"), fact("3", agent="b")])
    record(company, [fact("4", agent="a", occurred_at=midnight - timedelta(microseconds=1))])
    record(company, [fact("5", agent="a", occurred_at=midnight)])
    found = rows(company, "SELECT day, agent, events, output_tokens, cost_nanos FROM usage_rollup ORDER BY 1, 2")
    assert [(str(day), *rest) for day, *rest in found] == [
        ("2026-11-10", "a", 3, 120, 3 * DOLLAR),
        ("2026-11-10", "b", 1, 40, DOLLAR),
        ("2026-11-11", "a", 1, 40, DOLLAR),
    ]


def test_rollups_are_a_cache(company: Company) -> None:
    add_people(company, "ada@example.com")
    record(company, [fact(str(number), ["ada@example.com", None][number % 2]) for number in range(20)])
    add_people(company, "ada@example.com")
    before = rolled_up(company)
    rebuild(company)
    assert rolled_up(company) == before
    assert wrong_rollups(company) == 0


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE usage_rollup SET cost_nanos = cost_nanos + 1",
        "DELETE FROM usage_rollup",
        "UPDATE usage_rollup SET agent = 'ghost'",
    ],
)
def test_a_wrong_rollup_is_found_and_mended(company: Company, damage: str) -> None:
    record(company, [fact("1")])
    before = rolled_up(company)
    company.database.write("damage", lambda session, _vault: session.connection().exec_driver_sql(damage) and None)
    assert wrong_rollups(company) > 0
    rebuild(company)
    assert wrong_rollups(company) == 0
    assert rolled_up(company) == before


def test_somebody_who_turns_up_gets_their_past_usage(company: Company, clock: FixedClock) -> None:
    clock.at = datetime(2026, 11, 16, 12, tzinfo=UTC)
    october = datetime(2026, 10, 5, tzinfo=UTC)
    record(company, [fact("1"), fact("2", occurred_at=october), fact("3", cost_nanos=None, model="x"), fact("4", None)])
    record(company, [fact("5", informational=True)])
    add_people(company, "ada@example.com")
    assert spent(company) == {"ada@example.com": 2 * DOLLAR, "unattributed": DOLLAR}
    assert rows(
        company,
        "SELECT account.kind, period, sum(events), sum(unpriced_events), sum(cost_nanos), sum(output_tokens)"
        " FROM usage_rollup JOIN account ON account.id = account_id WHERE events <> 0 GROUP BY 1, 2 ORDER BY 1, 2",
    ) == [
        ("person", "2026-10", 1, 0, DOLLAR, 40),
        ("person", "2026-11", 2, 1, DOLLAR, 80),
        ("unattributed", None, 1, 0, DOLLAR, 40),
    ]
    assert wrong_rollups(company) == 0


def test_moving_keeps_what_was_and_names_it(company: Company) -> None:
    record(company, [fact("1")])
    add_people(company, "ada@example.com")
    found = rows(
        company,
        "SELECT external_id, kind, cost_nanos, output_tokens, corrects_id IS NULL, occurred_at FROM usage_event"
        " JOIN account ON account.id = account_id ORDER BY external_id",
    )
    assert [row[:5] for row in found] == [
        ("1", "unattributed", DOLLAR, 40, True),
        ("1\x1fin", "person", DOLLAR, 40, False),
        ("1\x1fout", "unattributed", -DOLLAR, -40, False),
    ]
    assert len({row[5] for row in found}) == 1


def test_an_id_that_looks_moved_is_an_event_like_any_other(company: Company) -> None:
    made = [fact("1"), fact("1#out"), fact("2"), fact("2#in")]
    assert record(company, made).new == 4
    add_people(company, "ada@example.com")
    assert spent(company) == {"ada@example.com": 4 * DOLLAR, "unattributed": 0}
    assert wrong_rollups(company) == 0


def test_moving_again_moves_nothing(company: Company) -> None:
    record(company, [fact("1")])
    add_people(company, "ada@example.com")
    ((identity, person),) = rows(company, "SELECT identity_id, person_id FROM identity_link")
    assert attribute(company, identity, person) == 0
    record(company, [fact("2")])
    assert attribute(company, identity, person) == 0
    assert spent(company) == {"ada@example.com": 2 * DOLLAR, "unattributed": 0}


def test_a_repeat_after_the_move_counts_once(company: Company) -> None:
    record(company, [fact("1")])
    add_people(company, "ada@example.com")
    assert record(company, [fact("1")]).repeated == 1
    assert spent(company)["ada@example.com"] == DOLLAR


def test_a_team_has_its_own_account(company: Company) -> None:
    record(company, [fact("1", identity_kind="litellm_user", identity_value="service")])
    ((identity,),) = rows(company, "SELECT id FROM identity WHERE kind = 'litellm_user'")
    link_to_team(company, identity, "Engines")
    told = record(company, [fact("2", identity_kind="litellm_user", identity_value="service")])
    assert told.unattributed == 0
    assert spent(company) == {"unattributed": DOLLAR, "team": DOLLAR}


def test_sources_say_how_complete_they_are(company: Company, clock: FixedClock) -> None:
    record(company, [fact("1"), fact("2", source="litellm", occurred_at=clock.at + timedelta(hours=3))])
    clock.at += timedelta(hours=1)
    record(company, [fact("3", occurred_at=AT - timedelta(days=5))])
    found = {state.source: (state.newest_event_at, state.read_at) for state in usage_states(company)}
    assert found == {"file": (AT, clock.at), "litellm": (clock.at - timedelta(hours=1), clock.at - timedelta(hours=1))}


def test_events_of_a_batch_are_all_stored_or_none(company: Company) -> None:
    bad = fact("2", agent="a\0b")  # what check_fact refuses
    with pytest.raises(DBAPIError):
        record(company, [fact("1"), bad, fact("3", basis="guessed")])
    assert rows(company, "SELECT * FROM usage_event") == []
    assert usage_states(company) == []


def test_late_usage_of_a_closed_period_is_settled_at_once(company: Company, clock: FixedClock) -> None:
    clock.at = datetime(2026, 10, 5, tzinfo=UTC)
    add_people(company, "ada@example.com")
    begin_period(company, 1)
    clock.at = datetime(2026, 11, 16, tzinfo=UTC)
    assert ledger.close_due(company) == 1
    record(company, [fact("1", occurred_at=datetime(2026, 10, 20, tzinfo=UTC))])
    assert ledger.check_books(company) == []
    record(company, [fact("2", "gone@example.com", occurred_at=datetime(2026, 10, 20, tzinfo=UTC))])
    ((identity,),) = rows(company, "SELECT id FROM identity WHERE value = 'gone@example.com'")
    ((person,),) = rows(company, "SELECT id FROM person")
    assert attribute(company, identity, person) == 1
    assert ledger.check_books(company) == []
    assert spent(company) == {"ada@example.com": 2 * DOLLAR, "unattributed": 0}
