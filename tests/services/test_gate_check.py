from dataclasses import replace
from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.gateways.litellm import LiteLLMGateway
from bot.services import gate_limit
from bot.services.check import Level
from bot.services.gate_check import gate_findings
from bot.services.policy import import_policy
from bot.services.verb import Company
from tests.gateways.vendors import KEY, LiteLLM, running
from tests.services.books import ensure, id_of
from tests.services.gate_desk import open_desk, policy
from tests.services.usage_facts import add_people

FOR_ONE = '[person."ada@example.com".enforcement]\nmode = "hard"\n'


def found(company: Company) -> list[tuple[Level, str]]:
    return [(each.level, each.sentence) for each in gate_findings(company)]


@pytest.mark.parametrize("rules", ["", '[enforcement]\nmode = "soft"\n', FOR_ONE])
def test_a_mode_that_nothing_enforces_is_a_warning(company: Company, clock: FixedClock, rules: str) -> None:
    level = Level.WARNING if rules else Level.OK
    import_policy(company, rules, by="test")
    [(first, said)] = found(company)
    assert (first, "no token for the gate" in said) == (level, True)
    assert ("nothing is blocked until then" in said) == bool(rules)
    desk = open_desk(company, rules)
    [(second, said)] = found(company)
    assert (second, "nothing has asked it yet" in said) == (level, True)
    desk.ask()
    desk.gate.note_asked()
    assert found(company) == [(Level.OK, "The gate was last asked on 2026-11-16 12:00 UTC.")]
    clock.at += timedelta(days=8)
    assert found(company)[0][0] is level


def test_where_budgets_are_to_be_written_and_are_not(company: Company) -> None:
    add_people(company, "ada@example.com", "eve@example.com")
    import_policy(company, '[enforcement]\nwrite_limits = ["anthropic", "litellm"]\n', by="test")
    with running(LiteLLM(("u", "ada@example.com"))) as proxy:
        known = replace(company, gateways=(LiteLLMGateway(proxy.url, KEY),))
        for name in ("ada", "eve"):
            ensure(company, id_of(company, name))
        said = {sentence: level for level, sentence in found(known)}
        assert (
            said["Policy has budgets written to anthropic, and the settings lack ANTHROPIC_ADMIN_KEY."] is Level.PROBLEM
        )
        assert any("work out the pay" in sentence for sentence in said)
        assert said["2 budgets are still to be written to litellm, or to be seen there."] is Level.OK
        gate_limit.write_due(known)
        assert (Level.WARNING, "litellm has refused 1 budgets; each change is tried there again.") in found(known)


def test_budgets_that_do_not_follow_from_pay_need_no_warning(company: Company) -> None:
    import_policy(company, policy("notify", more='write_limits = ["litellm"]\n'), by="test")
    assert not any("pay" in sentence for _, sentence in found(company))
