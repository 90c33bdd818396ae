import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.gateways.guardrail import Call
from bot.rules.gate import RESERVED_FOR, Allowed, Refused
from bot.rules.usage import call_key
from bot.services import gate as gates
from bot.services import gate_pause, ledger
from bot.services.gate import NotAToken
from bot.services.gate_pause import NothingToPause, PauseIsPast
from bot.services.policy import import_policy
from bot.services.roster import import_people
from bot.services.usage import record
from bot.services.verb import Company
from db.seal import person_owner
from tests.services.books import id_of, seen, within
from tests.services.gate_desk import KEY_HASH, USD, Desk, open_desk, policy
from tests.services.usage_facts import PEOPLE, add_people, fact, rows

ANSWER: dict[str, Any] = {"is_answer": True}
UNTIL_NOON = datetime(2026, 11, 17, 12, tzinfo=UTC)


@pytest.fixture
def engineers(company: Company) -> Company:
    add_people(company, "ada@example.com", "grace@example.com")
    return company


def test_notify_never_blocks_however_much_is_spent(engineers: Company) -> None:
    desk = open_desk(engineers, policy("notify"))
    desk.spend("c0", 500 * USD)
    assert desk.allows()
    assert desk.reserved() == []


def test_soft_refuses_at_recorded_zero_and_says_which_limit_until_when(engineers: Company) -> None:
    desk = open_desk(engineers, policy("soft"))
    desk.spend("c0", 100 * USD - 1)
    assert desk.allows()
    desk.spend("c1", 1)
    assert desk.ask() == Refused("budget", period="2026-11", until=datetime(2026, 12, 1, tzinfo=UTC))
    assert desk.allows(email="grace@example.com")
    assert desk.allows(**ANSWER)
    assert desk.reserved() == []


def test_what_nobody_has_granted_yet_is_granted_before_anybody_is_refused(
    engineers: Company, clock: FixedClock
) -> None:
    desk = open_desk(engineers, policy("soft"))
    for mode in ("soft", "hard"):
        import_policy(engineers, policy(mode), by="test")
        assert desk.allows(mode)
        clock.at += timedelta(days=30)
    import_policy(engineers, policy("soft", budget=200), by="test")
    desk.spend("c0", 150 * USD)
    assert desk.allows("raised")


def test_a_missing_currency_rate_is_nobodys_zero(engineers: Company) -> None:
    import_people(engineers, PEOPLE + "emil@example.com,Emil,Engines,,,90000,,,SEK\n", by="test")
    desk = open_desk(engineers, '[enforcement]\nmode = "soft"\n')
    assert desk.allows(email="emil@example.com")
    import_policy(engineers, '[enforcement]\nmode = "hard"\n', by="test")
    assert desk.allows(email="emil@example.com")


def test_hard_lets_no_more_calls_run_than_fit(engineers: Company) -> None:
    desk = open_desk(engineers, policy("hard", budget=1, more="reserve_usd = 0.4\n"))
    assert [desk.allows(f"c{number}") for number in range(4)] == [True, True, False, False]
    assert desk.reserved() == [USD * 2 // 5] * 2
    desk.spend("c0", USD // 10)  # less than was set aside, so another one fits
    assert [desk.allows(f"d{number}") for number in range(2)] == [True, False]
    assert len(desk.reserved()) == 2


def test_a_call_is_set_aside_for_at_its_average_or_its_prompts_price(engineers: Company) -> None:
    desk = open_desk(engineers, policy("hard", more="reserve_usd = 0.5\n"))
    desk.ask("first")
    desk.spend("s1", 3 * USD)
    desk.spend("s2", 2 * USD)
    desk.ask("average")
    desk.ask("long", model="claude-sonnet-4-5", characters=4_000_000)  # a million tokens at $6
    desk.spend("bucket", 55 * USD)  # a day of a vendor's report comes as one event
    desk.ask("at most ten times the least")
    assert desk.reserved() == [USD // 2, 5 * USD // 2, 6 * USD, 5 * USD]


def test_what_is_set_aside_comes_back_with_the_event_the_failure_or_the_time(
    engineers: Company, clock: FixedClock
) -> None:
    desk = open_desk(engineers, policy("hard"))
    for name in ("paid", "failed", "lost"):
        assert desk.allows(name)
    desk.spend("paid", USD)
    assert len(desk.reserved()) == 2
    assert gates.release_calls(engineers, [call_key(KEY_HASH, "failed") or ""]) == 1
    assert gates.forget_expired(engineers) == 0
    clock.at += RESERVED_FOR
    assert gates.forget_expired(engineers) == 1
    assert desk.reserved() == []


def test_a_caller_who_gives_all_calls_one_id_gains_nothing(engineers: Company) -> None:
    desk = open_desk(engineers, policy("hard", budget=1, more="reserve_usd = 0.4\n"))
    assert [desk.allows("same") for _ in range(3)] == [True, True, False]
    desk.spend("same", USD // 10)
    assert len(desk.reserved()) == 1


def test_who_is_known_by_key_and_who_by_nobody(engineers: Company) -> None:
    desk = open_desk(engineers, policy("soft"))
    desk.spend("c0", 200 * USD)
    assert desk.allows(email="stranger@example.com")
    assert desk.allows(email="", said="ada@example.com")  # the caller's word alone names nobody
    assert not desk.allows(email="", user_id="ADA@example.com ")
    trusting = policy("soft", more='unattributed = "refuse"\n[usage]\ntrust_end_user = ["litellm"]\n')
    import_policy(engineers, trusting, by="test")
    assert not desk.allows(email="grace@example.com", said="ada@example.com")
    assert desk.ask(email="stranger@example.com") == Refused("nobody")
    assert desk.allows(email="stranger@example.com", **ANSWER)


def test_a_teams_key_has_no_budget_and_can_be_paused(engineers: Company) -> None:
    desk = open_desk(engineers, policy("hard", budget=0, more='unattributed = "refuse"\n'))
    record(engineers, [fact("x", None, identity_kind="litellm_user", identity_value="ci")])

    def link(session: object, _vault: object) -> None:
        session.execute(text(  # type: ignore[attr-defined]
            "INSERT INTO identity_link (identity_id, revision, team_id, linked_at)"
            " SELECT identity.id, 1, team.id, 0 FROM identity, team WHERE value = 'ci' AND team.name = 'Engines'"
            if engineers.database.is_sqlite else
            "INSERT INTO identity_link (identity_id, revision, team_id, linked_at)"
            " SELECT identity.id, 1, team.id, now() FROM identity, team WHERE value = 'ci' AND team.name = 'Engines'"
        ))  # fmt: skip

    engineers.database.write("test", link)
    assert desk.allows(email="", user_id="ci", agents=frozenset({"nightly"}))
    gate_pause.pause(engineers, gate_pause.team_owner(1), "agent", "nightly", by="person:1")
    assert not desk.allows(email="", user_id="ci", agents=frozenset({"nightly"}))


@pytest.mark.parametrize("token", ["", "stipend_wrong"])
def test_only_tokens_of_the_gate_are_answered(engineers: Company, token: str) -> None:
    desk = open_desk(engineers, policy("notify"))
    with pytest.raises(NotAToken, match="scope gate"):
        desk.gate.decide(token, Call())


def test_a_new_policy_counts_from_the_next_call_on(engineers: Company) -> None:
    desk = open_desk(engineers, policy("notify"))
    desk.spend("c0", 200 * USD)
    assert desk.allows()
    import_policy(engineers, policy("notify", more='[person."ada@example.com".enforcement]\nmode = "soft"\n'), by="t")
    assert not desk.allows()


class TestPause:
    def test_a_paused_agent_or_session_is_refused_whatever_the_mode(self, engineers: Company) -> None:
        desk, ada = open_desk(engineers, policy("notify")), person_owner(id_of(engineers, "ada"))
        nightly: dict[str, Any] = {"agents": frozenset({"nightly", "other"})}
        gate_pause.pause(engineers, ada, "agent", "nightly", by="person:1", until=UNTIL_NOON)
        assert desk.ask(**nightly) == Refused("agent", "nightly", until=UNTIL_NOON)
        assert desk.allows(sessions=frozenset({"nightly"}))
        assert desk.allows(email="grace@example.com", **nightly)
        gate_pause.pause(engineers, ada, "session", "s-1", by="schedule")
        assert desk.ask(sessions=frozenset({"s-1"})) == Refused("session", "s-1")
        assert [one.name for one in gate_pause.paused(engineers, 1)] == ["nightly", "s-1"]

    def test_it_ends_by_hand_and_by_time(self, engineers: Company, clock: FixedClock) -> None:
        desk, ada = open_desk(engineers, policy("notify")), person_owner(id_of(engineers, "ada"))
        nightly: dict[str, Any] = {"agents": frozenset({"nightly"})}
        gate_pause.pause(engineers, ada, "agent", "nightly", by="person:1")
        assert gate_pause.resume(engineers, ada, "agent", "nightly", by="person:1")
        assert not gate_pause.resume(engineers, ada, "agent", "nightly", by="person:1")
        assert desk.allows(**nightly)
        for until in (UNTIL_NOON, UNTIL_NOON + timedelta(hours=1)):
            gate_pause.pause(engineers, ada, "agent", "nightly", by="person:1", until=until)
        clock.at = UNTIL_NOON
        assert not desk.allows(**nightly)
        clock.at += timedelta(hours=1)
        assert desk.allows(**nightly)
        assert gate_pause.paused(engineers, 1) == []

    def test_what_cannot_be_paused_is_refused(self, engineers: Company) -> None:
        with pytest.raises(NothingToPause):
            gate_pause.pause(engineers, "person:1", "agent", "", by="person:1")
        with pytest.raises(PauseIsPast):
            gate_pause.pause(engineers, "person:1", "agent", "x", by="person:1", until=engineers.clock.now())


def ask_at_once(desk: Desk, cost: int, threads: int = 8) -> int:
    """Everybody asks, calls and lets the usage arrive, until all are refused; returns how many calls were made."""
    begin, made = threading.Barrier(threads), [0] * threads

    def go_on(number: int) -> None:
        begin.wait()
        while desk.allows(call := f"c{number}-{made[number]}"):
            made[number] += 1
            desk.spend(call, cost)

    crowd = [threading.Thread(target=go_on, args=(number,)) for number in range(threads)]
    for one in crowd:
        one.start()
    for one in crowd:
        one.join()
    return sum(made)


def test_of_two_who_look_at_once_only_as_many_pass_as_fit(engineers: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = open_desk(engineers, policy("hard", budget=1, more="reserve_usd = 1\n"))
    desk.allows("c0", email="grace@example.com")  # reads the policy
    both = threading.Barrier(2, timeout=0.5)

    def meet(*_: object) -> int:
        # Called between the look and the reservation: without a lock the two would meet here.
        with suppress(threading.BrokenBarrierError):
            both.wait()
        return 0

    monkeypatch.setattr(gates, "_input_nanos", meet)
    passed: list[bool] = []
    pair = [threading.Thread(target=lambda n=n: passed.append(desk.allows(f"c{n}"))) for n in (1, 2)]
    for one in pair:
        one.start()
    for one in pair:
        one.join()
    assert sorted(passed) == [False, True]


def available(company: Company, name: str) -> int:
    return ledger.balance(company, id_of(company, name)).available


def test_many_calls_at_the_edge_never_spend_more_than_there_is(engineers: Company) -> None:
    desk = open_desk(engineers, policy("hard", budget=10, more="reserve_usd = 0.25\n"))
    assert ask_at_once(desk, cost=USD // 4) == 40
    assert available(engineers, "ada") == 0
    assert desk.reserved() == []


def test_calls_dearer_than_their_estimate_overshoot_by_no_more_than_the_difference(engineers: Company) -> None:
    threads, estimate, cost = 8, USD // 4, USD
    desk = open_desk(engineers, policy("hard", budget=2, more="reserve_usd = 0.25\n"))
    ask_at_once(desk, cost, threads)
    assert -threads * (cost - estimate) <= available(engineers, "ada") <= 0


def test_where_nothing_asks_the_gate_nothing_is_said_to_be_blocked(engineers: Company, clock: FixedClock) -> None:
    desk = open_desk(engineers, policy("hard"))

    def mode() -> str:
        return seen(engineers, lambda tx: gates.mode_in_effect(tx, "hard"))

    assert mode() == "notify"
    assert ledger.balance(engineers, id_of(engineers, "ada")).enforcement_mode == "notify"
    desk.ask()
    desk.gate.note_asked()
    assert mode() == "hard"
    assert ledger.balance(engineers, id_of(engineers, "ada")).enforcement_mode == "hard"
    asked = clock.at
    clock.at += timedelta(seconds=59)
    desk.ask()
    desk.gate.note_asked()
    assert seen(engineers, gates.last_asked) == asked  # to the minute, so that a call costs no write
    clock.at += timedelta(seconds=1)
    desk.gate.note_asked()
    assert seen(engineers, gates.last_asked) == clock.at
    clock.at += timedelta(days=8)
    assert mode() == "notify"


def test_in_trouble_policy_decides_and_before_it_was_read_nobody(engineers: Company) -> None:
    desk = open_desk(engineers, policy("notify"))
    assert desk.gate.in_trouble() is None
    desk.ask()
    assert desk.gate.in_trouble() == Allowed()
    import_policy(engineers, policy("notify", more='on_error = "closed"\n'), by="test")
    desk.ask()
    assert desk.gate.in_trouble() == Refused("unknown")


def test_the_gates_figures_are_the_ledgers(engineers: Company) -> None:
    desk = open_desk(engineers, policy("soft", budget=100))
    desk.spend("c0", 30 * USD)
    ada = id_of(engineers, "ada")
    within(engineers, lambda tx: ledger.grant_top_up(
        tx, ledger.ensure_periods(tx, ada), 40 * USD, expires_at=None, cause="top_up:1"))  # fmt: skip
    period = seen(engineers, ledger.calendar).at(engineers.clock.now())
    found = seen(engineers, lambda tx: gates._account(tx, ada, period))
    assert found is not None
    assert found.available == available(engineers, "ada") == 110 * USD
    assert (found.spent, found.calls) == (30 * USD, 1)
    assert rows(engineers, "SELECT count(*) FROM gate_reservation") == [(0,)]
