import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.rules.audience import Audience, Visible
from bot.rules.gate import Refused, Room, may_pass, period_name, sentence
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


def test_the_readme_says_the_defaults() -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    [block] = [each for each in re.findall(r"```toml\n(.*?)```", readme, re.DOTALL) if "grace_usd" in each]
    said = resolve(parse_policy(block))
    for name in ("grace_nanos", "reserve_nanos", "gate_on_error", "gate_unattributed", "write_limits"):
        assert getattr(said, name) == getattr(DEFAULTS, name)
    assert said.enforcement_mode == "hard"


def test_a_call_fits_or_does_not() -> None:
    assert may_pass("notify", Room(-5))
    assert [may_pass("soft", Room(left, reserved=99)) for left in (1, 0, -1)] == [True, False, False]
    assert [may_pass("hard", Room(10, reserved=6), estimate) for estimate in (4, 5)] == [True, False]
    assert [may_pass("hard", Room(0, reserved=6, grace=10), estimate) for estimate in (4, 5)] == [True, False]


@pytest.mark.parametrize(
    ("label", "name"),
    [("2026-11", "November 2026"), ("2026-Q4", "the fourth quarter of 2026"), ("2026", "2026")],
)
def test_periods_have_names(label: str, name: str) -> None:
    assert period_name(label) == name


def test_only_what_the_gate_may_tell_gets_into_a_sentence() -> None:
    refused = Refused("budget", period="2026-Q4", until=datetime(2026, 12, 31, 23, tzinfo=UTC), zone="Europe/Berlin")
    assert sentence(Visible(Audience.GATE, refused.facts)) == (
        "Your AI budget for the fourth quarter of 2026 is used up, so this call was not made. It begins anew on"
        " 1 January 2027 at 00:00 (Europe/Berlin). Ask for more in Slack with /topup"
    )
