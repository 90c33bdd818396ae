"""What usage costs when its source does not say: list prices from genai-prices, at the event's own time.

A model that nobody has a price for gives None, which is unpriced: visible, and never free.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import genai_prices
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices, calc_unit_price

from bot.rules.money import to_nanos
from bot.rules.usage import MOST_COST_NANOS, Tokens

_MILLION = 1_000_000
_PICOS_PER_NANO = 1000
_CHARGED = ("_mtok", "requests_kcount")  # of the rates, those that tokens and requests are charged by
_KINDS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")

_WORTH_A_LOOK_NANOS = 1_000_000_000

DOUBTFUL_NANOS_PER_TOKEN = 10_000_000
"""$10,000 for a million tokens: ten times what any model costs. A gateway with a price per million tokens entered as
one per token lands far above it."""


class Price(NamedTuple):
    """What one event costs, where that is from, and the rates as JSON."""

    cost_nanos: int
    source: str
    rates: str


@dataclass(frozen=True, slots=True)
class _Rates:
    """What one request costs by itself, and a million tokens of each class, in pico-dollars.

    `per_million` is None where the figures are too fine for that: such a request is priced by asking each time.
    """

    request: int
    per_million: tuple[int, int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class _Listed:
    """One price of the list. Above each of `starts` input tokens of one request, all of its tokens cost more."""

    price: ModelPrice
    source: str
    stated: str
    starts: tuple[int, ...]
    rates: tuple[_Rates, ...]  # one more than starts


def list_price(provider: str, model: str, tokens: Tokens, at: datetime) -> Price | None:
    """The list price of one request at an instant, or None when there is none or it is more than one event may cost.

    Must be asked for single requests: long contexts cost more, by the size of the one request.
    """
    listed = _always(provider, model)
    if listed is None:
        found = _model(provider, model)
        if found is None:
            return None
        listed = _listed(_Key(found.get_prices(at)))
    cost = _cost(listed, tokens)
    return None if cost is None or cost > MOST_COST_NANOS else Price(cost, listed.source, listed.stated)


def is_doubtful(cost_nanos: int, tokens: Tokens) -> bool:
    """Whether a cost is so far above any price that somebody should look at the source's price table."""
    return cost_nanos > _WORTH_A_LOOK_NANOS and 0 < tokens.total * DOUBTFUL_NANOS_PER_TOKEN < cost_nanos


def _cost(listed: _Listed, tokens: Tokens) -> int | None:
    if listed.starts:
        total_input = tokens.total - tokens.output
        rates = listed.rates[sum(total_input > start for start in listed.starts)]
    else:
        rates = listed.rates[0]
    if rates.per_million is None:
        dollars = _dollars(listed.price, tokens)
        return None if dollars is None else to_nanos(dollars)
    fresh, read, write_5m, write_1h, output = rates.per_million
    picos_of_a_million = (
        rates.request * _MILLION
        + tokens.input * fresh
        + tokens.cache_read * read
        + tokens.cache_write_5m * write_5m
        + tokens.cache_write_1h * write_1h
        + tokens.output * output
    )
    nanos, rest = divmod(picos_of_a_million, _MILLION * _PICOS_PER_NANO)
    half = _MILLION * _PICOS_PER_NANO // 2
    return nanos + (rest > half or (rest == half and nanos % 2 == 1))


@lru_cache(maxsize=4096)
def _always(provider: str, model: str) -> _Listed | None:
    """The price of a model that has only ever had one, at whatever time of day."""
    found = _model(provider, model)
    return _listed(_Key(found.prices)) if found is not None and isinstance(found.prices, ModelPrice) else None


@lru_cache(maxsize=4096)
def _model(provider: str, model: str) -> ModelInfo | None:
    try:
        return get_snapshot().find_provider_model(model, None, provider or None, None)[1]
    except LookupError:
        return None


class _Key:
    """A ModelPrice as a key: it compares by value and has no hash, and its data never changes while we run."""

    __slots__ = ("price",)

    def __init__(self, price: ModelPrice) -> None:
        self.price = price

    def __hash__(self) -> int:
        return id(self.price)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self.price is other.price


@lru_cache(maxsize=4096)
def _listed(key: _Key) -> _Listed:
    """Asking genai-prices takes longer than storing an event, so each price and tier is asked once."""
    stated = {name: value for name, value in sorted(vars(key.price).items()) if value is not None}
    tiered = [value for value in stated.values() if isinstance(value, TieredPrices)]
    starts = tuple(sorted({tier.start for value in tiered for tier in value.tiers}))
    sizes = (0, *(start + 1 for start in starts))
    return _Listed(
        key.price,
        f"genai-prices {genai_prices.__version__}",
        json.dumps({name: _shown(value) for name, value in stated.items() if name.endswith(_CHARGED)}),
        starts,
        tuple(_rates(_for_size(stated, size)) for size in sizes),
    )


def _for_size(stated: Mapping[str, Decimal | TieredPrices], size: int) -> ModelPrice:
    """The price as it is for a request of so many input tokens."""
    flat = {
        name: calc_unit_price(value, 1, size, 1) if isinstance(value, TieredPrices) else value
        for name, value in stated.items()
    }
    return ModelPrice(**flat)


def _rates(flat: ModelPrice) -> _Rates:
    asked = [_dollars(flat, Tokens()), *(_dollars(flat, Tokens(**{kind: _MILLION})) for kind in _KINDS)]
    picos = [dollars.scaleb(12) for dollars in asked if dollars is not None]
    if len(picos) < len(asked) or any(pico != pico.to_integral_value() for pico in picos):
        return _Rates(0, None)
    request, fresh, read, write_5m, write_1h, output = map(int, picos)
    per_million = (fresh - request, read - request, write_5m - request, write_1h - request, output - request)
    return _Rates(request, per_million)


def _shown(value: Decimal | TieredPrices) -> object:
    if isinstance(value, TieredPrices):
        return {"base": str(value.base), "tiers": [[tier.start, str(tier.price)] for tier in value.tiers]}
    return str(value)


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
