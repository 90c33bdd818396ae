from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.usage import MOST_COST_NANOS, MOST_TOKENS, BadUsage, Tokens, UsageFact, check_fact

NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
FACT = UsageFact(
    source="csv",
    external_id="e1",
    occurred_at=NOW,
    identity_kind="email",
    identity_value="ada@example.com",
    provider="anthropic",
    model="claude-sonnet-4-5",
    agent="",
    session_id="",
    tokens=Tokens(input=1, output=2),
    cost_nanos=None,
    basis="estimated",
)

counts = st.integers(-(10**13), 10**13)
tokens = st.builds(Tokens, counts, counts, counts, counts, counts, counts)


@given(tokens, tokens)
def test_tokens_add_class_by_class(one: Tokens, other: Tokens) -> None:
    assert (one + other).total == one.total + other.total
    assert one + other == other + one
    assert one + -one == Tokens()
    assert one - other == one + -other


def test_reasoning_is_a_part_of_output() -> None:
    assert Tokens(1, 10, 100, 1000, 10_000, 9_999).total == 11_111


def test_who_it_was_is_in_no_repr() -> None:
    assert "ada" not in repr(FACT)


def test_a_plain_fact_can_be_true() -> None:
    check_fact(FACT, NOW)
    check_fact(replace(FACT, identity_value=None, cost_nanos=0, occurred_at=NOW + timedelta(days=1)), NOW)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"occurred_at": datetime(2026, 11, 1)}, "no time zone"),  # noqa: DTZ001 - the point
        ({"occurred_at": NOW + timedelta(days=1, seconds=1)}, "in the future"),
        ({"occurred_at": datetime(1970, 1, 1, tzinfo=UTC)}, "before 2015"),
        ({"external_id": ""}, "no id"),
        ({"model": ""}, "model is empty"),
        ({"basis": "guessed"}, "basis"),
        ({"model": "m" * 513}, "model is longer"),
        ({"agent": "a\x00"}, "agent has characters"),
        ({"session_id": "a\nb"}, "session_id has characters"),
        ({"identity_value": "\ud800"}, "identity has characters"),
        ({"tokens": Tokens(cache_read=-1)}, "negative"),
        ({"tokens": Tokens(output=MOST_TOKENS + 1)}, "above"),
        ({"cost_nanos": -1}, "negative"),
        ({"cost_nanos": MOST_COST_NANOS + 1}, r"above \$1,000,000, the most that one event may cost"),
    ],
)
def test_what_cannot_be_true_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(BadUsage, match=said):
        check_fact(replace(FACT, **changes), NOW)


def test_many_long_texts_are_fine_while_each_is() -> None:
    check_fact(replace(FACT, agent="a" * 500, session_id="s" * 500), NOW)


def test_a_correction_may_be_negative_within_bounds() -> None:
    correction = replace(FACT, tokens=Tokens(input=-5), cost_nanos=-100)
    check_fact(correction, NOW, correction=True)
    with pytest.raises(BadUsage, match="above"):
        check_fact(replace(correction, tokens=Tokens(input=-MOST_TOKENS - 1)), NOW, correction=True)
