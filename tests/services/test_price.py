"""Prices: the list's own, exact, at the event's time, and never zero for what nobody knows."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.money import to_nanos
from bot.rules.usage import Tokens
from bot.services.price import is_doubtful, list_price

NOW = datetime(2026, 11, 20, tzinfo=UTC)
COUNTS = st.integers(0, 300_000) | st.integers(0, 50)
MODELS = [
    ("anthropic", "claude-opus-5-5"),
    ("anthropic", "claude-sonnet-4-5-20250929"),  # costs more from 200,000 tokens of input on
    ("openai", "gpt-5"),
    ("openai", "o3"),  # another price since June 2025
    ("google", "gemini-2.5-pro"),
    ("deepseek", "deepseek-chat"),  # cheaper at night
    ("perplexity", "sonar"),  # a price for the request itself
    ("bedrock", "us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("", "gpt-5"),
]


def nanos(provider: str, model: str, tokens: Tokens, at: datetime = NOW) -> int:
    found = list_price(provider, model, tokens, at)
    assert found is not None
    return found.cost_nanos


@given(
    st.sampled_from(MODELS),
    st.builds(Tokens, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS),
    st.datetimes(datetime(2025, 1, 1), datetime(2026, 11, 20), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_it_is_what_the_list_says(model: tuple[str, str], tokens: Tokens, at: datetime) -> None:
    written = tokens.cache_write_5m + tokens.cache_write_1h
    asked = calc_price(
        Usage(
            input_tokens=tokens.input + tokens.cache_read + written,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=written,
            cache_write_5m_tokens=tokens.cache_write_5m,
            cache_write_1h_tokens=tokens.cache_write_1h,
            output_tokens=tokens.output,
        ),
        model[1],
        provider_id=model[0] or None,
        genai_request_timestamp=at,
    )
    assert nanos(*model, tokens, at) == to_nanos(asked.total_price)


def test_input_that_came_from_a_cache_is_counted_once() -> None:
    # 1,000 x $4 + 8,000 x $0.20 + 1,000 x $5 + 500 x $20, each for a million
    tokens = Tokens(input=1000, cache_read=8000, cache_write_5m=1000, output=500)
    assert nanos("anthropic", "claude-opus-5-5", tokens) == to_nanos(Decimal("0.0206"))


def test_a_large_request_costs_more_by_its_own_size() -> None:
    assert nanos("anthropic", "claude-sonnet-4-5", Tokens(input=200_000)) == 600_000_000
    assert nanos("anthropic", "claude-sonnet-4-5", Tokens(input=200_001)) == 1_200_006_000
    assert nanos("anthropic", "claude-sonnet-4-5", Tokens(input=1, cache_read=200_000)) == 120_006_000


def test_the_price_is_that_of_the_day() -> None:
    before, after = datetime(2025, 1, 1, tzinfo=UTC), NOW
    assert nanos("openai", "o3", Tokens(input=1_000_000), before) == 10_000_000_000
    assert nanos("openai", "o3", Tokens(input=1_000_000), after) == 2_000_000_000


@pytest.mark.parametrize(
    ("provider", "model"),
    [("nobody", "gpt-5"), ("openai", "gpt-of-nobody"), ("openai", ""), ("", "x"), ("", ""), ("anthropic", "gpt-5")],
)
def test_what_nobody_has_a_price_for_is_never_free(provider: str, model: str) -> None:
    assert list_price(provider, model, Tokens(input=1), NOW) is None


def test_nothing_costs_nothing() -> None:
    assert nanos("openai", "gpt-5", Tokens()) == 0


def test_rates_stay_with_the_price() -> None:
    found = list_price("openai", "gpt-5", Tokens(input=1), NOW)
    assert found is not None
    assert found.source.startswith("genai-prices 0.2")
    assert '"output_mtok": "10"' in found.rates


def test_a_price_per_million_taken_as_one_per_token_is_doubtful() -> None:
    assert is_doubtful(3_000_000_000 * 10, Tokens(input=10))
    assert not is_doubtful(600_000, Tokens(output=1))  # $600 for a million: the dearest there is
    assert not is_doubtful(10_000_000, Tokens())
