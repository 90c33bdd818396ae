"""Budgets that are written to gateways: approved is one fact, in effect another, and both are told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.gateways.anthropic import AnthropicGateway
from bot.gateways.litellm import LiteLLMGateway
from bot.services import gate_limit, gate_request, top_up
from bot.services.gate_request import NoSuchGateway, VendorRequest
from bot.services.policy import import_policy
from bot.services.verb import Company
from tests.gateways.vendors import KEY, Anthropic, Fault, LiteLLM, running
from tests.services.books import ensure, within
from tests.services.top_up_town import Town, make_town
from tests.services.usage_facts import rows

USD = 10**9
ON = '[allotment]\nkind = "fixed"\namount_usd = 1000\n[enforcement]\nwrite_limits = ["litellm"]\n'
TITLE = {"gateway": "LiteLLM"}


@pytest.fixture
def proxy() -> Iterator[LiteLLM]:
    with running(LiteLLM(*((f"u-{name}", f"{name}@example.com") for name in ("ada", "grace", "fin", "flo")))) as made:
        assert isinstance(made, LiteLLM)
        yield made


@pytest.fixture
def town(company: Company, proxy: LiteLLM) -> Town:
    return make_town(replace(company, gateways=(LiteLLMGateway(proxy.url, KEY),)))


def limits(town: Town) -> list[tuple[Any, ...]]:
    """(person, cause, status, error) of every write that is or was owed."""
    return rows(
        town.company,
        "SELECT person.name, gate_limit.cause, gate_limit.status, gate_limit.error FROM gate_limit"
        " JOIN account ON account.id = account_id JOIN person ON person.id = person_id ORDER BY gate_limit.id",
    )


def approve_for_ada(town: Town, dollars: int = 40) -> int:
    """A top-up that is approved by itself."""
    return top_up.ask(town.company, town["ada"], dollars * USD, "more", f"key-{dollars}").id


def budget(proxy: LiteLLM, name: str) -> float | None:
    return next(user["max_budget"] for user in proxy.users if user["user_id"] == f"u-{name}")  # type: ignore[no-any-return]


def pass_time(clock: FixedClock, **time: int) -> None:
    clock.at += timedelta(**time)


def test_nothing_is_owed_unless_policy_says_so(town: Town, proxy: LiteLLM) -> None:
    approve_for_ada(town)
    assert gate_limit.write_due(town.company).done == 0
    assert (limits(town), proxy.seen) == ([], [])


def test_nothing_is_asked_of_a_gateway_that_the_settings_do_not_know(town: Town, company: Company) -> None:
    import_policy(company, ON, by="test")
    approve_for_ada(town)
    assert gate_limit.write_due(company).failed == 0
    assert limits(town)[0][2] == "owed"


def test_an_approved_top_up_is_written_read_back_and_told(town: Town, proxy: LiteLLM) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town)
    assert {status for _, _, status, _ in limits(town)} == {"owed"}
    assert town.owed("gate.in_effect") == []
    assert gate_limit.write_due(town.company).failed == 0
    assert budget(proxy, "ada") == 1040.0
    assert {status for _, _, status, _ in limits(town)} == {"in_effect"}
    [told] = town.owed("gate.in_effect")
    assert told.person_id == town["ada"]
    assert told.facts["REQUESTED"] == {"approved": 40 * USD}
    assert told.facts["LIMIT_NAME"] == {**TITLE, "status": "in_effect", "code": ""}
    asked = len(proxy.seen)
    gate_limit.write_due(town.company)
    assert (len(proxy.seen), len(town.owed("gate.in_effect"))) == (asked, 1)


def test_budgets_from_before_policy_named_the_gateway_get_there_too(town: Town, proxy: LiteLLM) -> None:
    for name in ("ada", "grace"):
        ensure(town.company, town[name])
    import_policy(town.company, ON, by="test")
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 20_833.33  # half of a salary, until it is granted anew
    ensure(town.company, town["ada"])
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 10_916.66  # fifteen days of each
    assert town.owed("gate.in_effect") == []


def test_the_next_period_writes_its_own_budget_and_the_old_ones_rest_is_over(
    town: Town, proxy: LiteLLM, clock: FixedClock
) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town)
    proxy.faults.append(Fault("/user/update", 503, times=1))
    gate_limit.write_due(town.company)
    clock.at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    ensure(town.company, town["ada"])
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 1000.0
    assert {status for _, _, status, _ in limits(town)} == {"over", "in_effect"}
    assert town.owed("gate.in_effect") == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("/user/update", 503), Fault("/user/update", drops=True), Fault("/user/list", 502),
        Fault("/user/update", 429, {"Retry-After": "20"}),
    ],
)  # fmt: skip
def test_what_did_not_get_through_is_tried_again_and_told_once(
    town: Town, proxy: LiteLLM, clock: FixedClock, fault: Fault
) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town)
    proxy.faults.append(replace(fault))
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") is None
    gate_limit.write_due(town.company)  # it is left alone for a while
    assert {status for _, _, status, _ in limits(town)} == {"owed"}
    pass_time(clock, minutes=1)
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 1040.0
    assert len(town.owed("gate.in_effect")) == 1


def test_a_write_whose_answer_was_lost_is_found_by_reading_back(town: Town, proxy: LiteLLM) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town)
    proxy.faults.append(Fault("/user/update", does_it=True, drops=True))
    gate_limit.write_due(town.company)
    assert [path for _, path, _ in proxy.seen].count("/user/update") == 1
    assert {status for _, _, status, _ in limits(town)} == {"in_effect"}


def test_a_gateway_that_ignores_the_write_is_told_of_after_a_few_attempts(
    town: Town, proxy: LiteLLM, clock: FixedClock
) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town)
    proxy.ignores_writes = True
    for _ in range(6):
        gate_limit.write_due(town.company)
        pass_time(clock, minutes=10)
    assert {status for _, _, status, _ in limits(town)} == {"ignored"}
    assert [path for _, path, _ in proxy.seen].count("/user/update") == 4
    [told] = town.owed("gate.not_in_effect")
    assert (told.person_id, told.facts["LIMIT_NAME"]["status"]) == (town["ada"], "ignored")
    finance = town.owed("gate.not_in_effect_finance")
    assert {one.person_id for one in finance} == {town["fin"], town["flo"]}
    assert all(one.facts["NAME"]["name"] == "Ada" for one in finance)


def test_a_person_whom_the_gateway_does_not_know(town: Town) -> None:
    import_policy(town.company, ON, by="test")
    top_up.ask(town.company, town["olga"], 40 * USD, "more", "key")
    gate_limit.write_due(town.company)
    assert limits(town)[-1][2:] == ("refused", "unknown_person")
    assert len(town.owed("gate.not_in_effect")) == 1
    assert town.owed("gate.in_effect") == []


def test_a_wrong_key_stops_the_round_keeps_what_is_owed_and_tells_finance_once(
    town: Town, proxy: LiteLLM, clock: FixedClock
) -> None:
    broken = replace(town.company, gateways=(LiteLLMGateway(proxy.url, "sk-wrong"),))
    import_policy(broken, ON, by="test")
    approve_for_ada(town)
    for name in ("grace", "fin"):
        ensure(town.company, town[name])
    for _ in range(3):
        assert gate_limit.write_due(broken).failed <= 1
        pass_time(clock, hours=2)
    assert len({one.person_id for one in town.owed("gate.unauthorised")}) == len(town.owed("gate.unauthorised")) == 2
    gate_limit.write_due(town.company)
    assert {status for _, _, status, _ in limits(town)} == {"in_effect"}


def test_what_is_written_is_sealed_and_no_figure_stands_in_the_clear(town: Town) -> None:
    import_policy(town.company, ON.replace("1000", "98765.43"), by="test")
    approve_for_ada(town)
    gate_limit.write_due(town.company)
    stored = rows(town.company, "SELECT * FROM gate_limit")
    assert stored
    assert "98805" not in str([[each for each in row if not isinstance(each, memoryview)] for row in stored])


def test_an_approval_while_a_write_is_under_way_is_written_after_it(
    town: Town, proxy: LiteLLM, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town, 10)
    settle = gate_limit._settle

    def approve_meanwhile(*args: Any) -> int:
        monkeypatch.setattr(gate_limit, "_settle", settle)
        approve_for_ada(town, 20)
        assert gate_limit.write_due(town.company).done == 0  # the account is leased
        return settle(*args)

    monkeypatch.setattr(gate_limit, "_settle", approve_meanwhile)
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 1010.0
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 1030.0
    assert len(town.owed("gate.in_effect")) == 2


def test_requests_at_a_vendor_are_listed_with_who_asks_and_answered(company: Company) -> None:
    with running(Anthropic(("user_2", "ada@example.com"))) as vendor:
        assert isinstance(vendor, Anthropic)
        town = make_town(replace(company, gateways=(AnthropicGateway(vendor.url, KEY),)))
        vendor.requests = [
            {
                "id": "r1",
                "actor": {"user_id": "user_2", "email_address": "ada@example.com"},
                "requested_amount": "75000",
            },
            {"id": "r2", "actor": {"user_id": "user_9", "email_address": "eve@example.com"}, "requested_amount": "1"},
            {"id": "r3", "actor": {"user_id": "user_7"}},
        ]
        within(company, lambda tx: [tx.session.execute(text(statement)) for statement in (
            "INSERT INTO identity (id, kind, value) VALUES (999, 'anthropic_user', 'user_7')",
            "INSERT INTO identity_link (identity_id, revision, person_id, linked_at) VALUES (999, 1, 2, "
            + ("0)" if company.database.is_sqlite else "now())"),
        )])  # fmt: skip
        assert gate_request.pending(town.company) == [
            VendorRequest("anthropic", "r1", town["ada"], 750 * USD),
            VendorRequest("anthropic", "r2", None, 10_000_000),
            VendorRequest("anthropic", "r3", 2, None),
        ]
        gate_request.approve(town.company, "anthropic", "r1", 700 * USD, by="person:3")
        gate_request.deny(town.company, "anthropic", "r2", by="person:3")
        assert vendor.answered == [("r1/approve", {"amount": "70000"}), ("r2/deny", {})]
        with pytest.raises(NoSuchGateway):
            gate_request.deny(town.company, "litellm", "r2", by="person:3")


@pytest.mark.parametrize("point", ["before_write", "after_write"])
def test_a_process_that_dies_at_a_write_is_followed_by_one_that_finishes_it(
    town: Town, proxy: LiteLLM, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    import_policy(town.company, ON, by="test")
    approve_for_ada(town)

    def die(name: str) -> None:
        if name == f"gate.limit.{point}":
            raise SystemExit

    with monkeypatch.context() as dying:
        dying.setattr(town.company.database, "crash_point", die)
        with pytest.raises(SystemExit):
            gate_limit.write_due(town.company)
    gate_limit.write_due(town.company)  # the dead one's lease still holds
    assert {status for _, _, status, _ in limits(town)} == {"owed"}
    pass_time(clock, minutes=3)
    gate_limit.write_due(town.company)
    assert budget(proxy, "ada") == 1040.0
    assert {status for _, _, status, _ in limits(town)} == {"in_effect"}
    assert len(town.owed("gate.in_effect")) == 1
