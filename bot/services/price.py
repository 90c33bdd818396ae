"""What usage costs when its source does not say: list prices from genai-prices, at the event's own time.

A model that nobody has a price for gives None, which is unpriced: visible, and never free.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cache, lru_cache

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices, calc_unit_price

from bot.rules.money import to_nanos
from bot.rules.usage import Tokens

_MILLION = 1_000_000
_PICOS_PER_NANO = 1000
_KINDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")

_WORTH_A_LOOK_NANOS = 1_000_000_000

DOUBTFUL_NANOS_PER_TOKEN = 10_000_000
"""$10,000 for a million tokens: ten times what any model costs. A gateway with a price per million tokens entered as
one per token lands far above it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What one event costs, where that is from, and the rates as JSON."""

    cost_nanos: int
    source: str
    rates: str


@dataclass(frozen=True, slots=True)
class _Rates:
    """What one request costs by itself, and a million tokens of each class, in pico-dollars.

    None where the figures are too fine for that: such a request is priced by asking each time.
    """

    request: int
    per_million: tuple[int, ...] | None


def list_price(provider: str, model: str, tokens: Tokens, at: datetime) -> Price | None:
    """The list price of one request at an instant, or None when there is none.

    Must be asked for single requests: long contexts cost more, by the size of the one request.
    """
    found = _model(provider, model)
    if found is None:
        return None
    price = _Key(found.get_prices(at))
    total_input = tokens.total - tokens.output
    rates = _rates(price, sum(total_input > start for start in _tier_starts(price)))
    cost = _linear(rates, tokens) if rates.per_million else _asked(price.price, tokens)
    return None if cost is None else Price(cost, _source(), _stated(price))


def is_doubtful(cost_nanos: int, tokens: Tokens) -> bool:
    """Whether a cost is so far above any price that somebody should look at the source's price table."""
    return cost_nanos > _WORTH_A_LOOK_NANOS and 0 < tokens.total * DOUBTFUL_NANOS_PER_TOKEN < cost_nanos


@cache
def _source() -> str:
    return f"genai-prices {genai_prices.__version__}"


@lru_cache(maxsize=4096)
def _model(provider: str, model: str) -> ModelInfo | None:
    try:
        return get_snapshot().find_provider_model(model, None, provider or None, None)[1]
    except LookupError:
        return None


class _Key:
    """A ModelPrice as a key: it compares by value and has no hash, and its data never changes while we run."""

    def __init__(self, price: ModelPrice) -> None:
        self.price = price

    def __hash__(self) -> int:
        return id(self.price)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.price is other.price


@lru_cache(maxsize=4096)
def _tier_starts(key: _Key) -> tuple[int, ...]:
    """Above so many input tokens of one request, all of its tokens cost more."""
    tiered = [value for value in vars(key.price).values() if isinstance(value, TieredPrices)]
    return tuple(sorted({tier.start for value in tiered for tier in value.tiers}))


@lru_cache(maxsize=4096)
def _rates(key: _Key, tiers_passed: int) -> _Rates:
    """Asking genai-prices takes longer than storing an event, so each price and tier is asked once."""
    flat = _within_tier(key, tiers_passed)
    asked = [_dollars(flat, Tokens()), *(_dollars(flat, Tokens(**{kind: _MILLION})) for kind in _KINDS)]
    picos = [dollars.scaleb(12) for dollars in asked if dollars is not None]
    if len(picos) < len(asked) or any(pico != pico.to_integral_value() for pico in picos):
        return _Rates(0, None)
    request, *per_million = map(int, picos)
    return _Rates(request, tuple(pico - request for pico in per_million))


def _within_tier(key: _Key, tiers_passed: int) -> ModelPrice:
    """The price as it is for requests that have passed so many tiers."""
    starts = _tier_starts(key)
    size = starts[tiers_passed - 1] + 1 if tiers_passed else 0
    stated = {name: value for name, value in vars(key.price).items() if value is not None}
    return ModelPrice(
        **{
            name: calc_unit_price(value, 1, size, 1) if isinstance(value, TieredPrices) else value
            for name, value in stated.items()
        }
    )


@lru_cache(maxsize=4096)
def _stated(key: _Key) -> str:
    stated = {name: value for name, value in vars(key.price).items() if value is not None}
    return json.dumps({name: _shown(value) for name, value in sorted(stated.items())})


def _shown(value: Decimal | TieredPrices) -> object:
    if isinstance(value, TieredPrices):
        return {"base": str(value.base), "tiers": [[tier.start, str(tier.price)] for tier in value.tiers]}
    return str(value)


def _linear(rates: _Rates, tokens: Tokens) -> int:
    counts = (tokens.input, tokens.cache_read, tokens.cache_write_5m, tokens.cache_write_1h, tokens.output)
    charged = zip(counts, rates.per_million or (), strict=True)
    picos_of_a_million = rates.request * _MILLION + sum(count * rate for count, rate in charged)
    nanos, rest = divmod(picos_of_a_million, _MILLION * _PICOS_PER_NANO)
    half = _MILLION * _PICOS_PER_NANO // 2
    return nanos + (rest > half or (rest == half and nanos % 2 == 1))


def _asked(price: ModelPrice, tokens: Tokens) -> int | None:
    dollars = _dollars(price, tokens)
    return None if dollars is None else to_nanos(dollars)


def _dollars(price: ModelPrice, tokens: Tokens) -> Decimal | None:
    """In dollars; genai-prices counts what came from a cache or was written to one as a part of the input."""
    written = tokens.cache_write_5m + tokens.cache_write_1h
    try:
        usage = genai_prices.Usage(
            input_tokens=tokens.input + tokens.cache_read + written,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=written,
            cache_write_5m_tokens=tokens.cache_write_5m,
            cache_write_1h_tokens=tokens.cache_write_1h,
            output_tokens=tokens.output,
        )
        return Decimal(price.calc_price(usage)["total_price"])
    except ValueError:
        return None
