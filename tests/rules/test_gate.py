import pytest

from bot.rules.money import NANOS
from bot.rules.policy import DEFAULTS, BadPolicy, parse_policy, resolve


def test_what_the_gate_does_until_a_policy_says_so() -> None:
    assert DEFAULTS.enforcement_mode == "notify"
    assert (DEFAULTS.gate_on_error, DEFAULTS.gate_unattributed) == ("open", "allow")
    assert (DEFAULTS.grace_nanos, DEFAULTS.reserve_nanos) == (50 * NANOS, NANOS // 4)
    assert DEFAULTS.write_limits == frozenset()


def test_a_policy_says_what_the_gate_does() -> None:
    document = parse_policy("""
[enforcement]
mode = "soft"
grace_usd = 20
on_error = "closed"
unattributed = "refuse"
write_limits = ["litellm", "anthropic"]
[team.Engines.enforcement]
mode = "hard"
reserve_usd = 0.5
""")
    company, engines = resolve(document), resolve(document, team="engines")
    assert (company.enforcement_mode, company.gate_on_error, company.gate_unattributed) == ("soft", "closed", "refuse")
    assert company.write_limits == {"litellm", "anthropic"}
    assert (engines.enforcement_mode, engines.grace_nanos, engines.reserve_nanos) == ("hard", 20 * NANOS, NANOS // 2)


def test_mistakes_about_the_gate_are_named() -> None:
    with pytest.raises(BadPolicy) as caught:
        parse_policy('[enforcement]\nwrite_limits = ["gateway"]\n[team.A.enforcement]\non_error = "closed"\n')
    assert caught.value.errors == [
        'enforcement.write_limits names "gateway"; it can name anthropic, litellm.',
        "team.A.enforcement.on_error can be set for the whole company only.",
    ]
