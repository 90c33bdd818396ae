"""The fields of our own usage formats, CSV and JSON lines, and one row of them made a fact."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from bot.rules.errors import quoted
from bot.rules.money import MOST_USD
from bot.rules.usage import BadUsage, Tokens, UsageFact, check_fact
from bot.sources.dollars import nanos_of

SOURCE = "file"
"""Both formats are one source: the same event in a CSV and in JSON lines counts once."""

REQUIRED = ("event_id", "occurred_at", "email", "provider", "model", "input_tokens", "output_tokens")
OPTIONAL = ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens", "cost_usd", "agent", "session_id")
FIELDS = REQUIRED + OPTIONAL

_COUNTS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_LONGEST_COUNT = 40  # digits
_NINE = 9


def fact_of(values: Sequence[str], now: datetime) -> UsageFact:
    """A fact from the texts of FIELDS, in their order; an absent optional field is an empty text.

    `input_tokens` excludes what came from a cache or was written to one, and `cache_write_tokens` are five-minute
    writes. Raises BadUsage with a sentence that names the field.
    """
    event_id, occurred, email, provider, model, *counts, cost, agent, session_id = values
    if not (event_id and provider and model):
        _refuse_empty(values)
    fact = UsageFact(
        SOURCE,
        event_id,
        _instant(occurred),
        "email",
        email.strip().lower() or None,
        provider,
        model,
        agent,
        session_id,
        _tokens(counts),
        _cost(cost) if cost else None,
        "estimated",
    )
    check_fact(fact, now)
    return fact


def _refuse_empty(values: Sequence[str]) -> None:
    for name, value in zip(FIELDS, values, strict=True):
        if name in {"event_id", "provider", "model"} and not value:
            raise BadUsage(f"{name} is empty.")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        if instant.tzinfo is UTC:
            return instant
        if instant.tzinfo is not None:
            return instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadUsage(_not_an_instant(text)) from None
    raise BadUsage(f"occurred_at {quoted(text)} has no time zone: end it with Z or an offset such as +02:00.")


def _not_an_instant(text: str) -> str:
    if not text:
        return "occurred_at is empty."
    return f"occurred_at {quoted(text)} is not an ISO 8601 instant such as 2026-11-20T10:15:00Z."


def _tokens(counts: Sequence[str]) -> Tokens:
    # One look at all five is quicker than five: digits only, and few enough for any counts.
    plain = "".join(counts)
    if plain.isdecimal() and plain.isascii() and len(plain) <= _LONGEST_COUNT and "" not in counts:
        fresh, output, read, write, reasoning = map(int, counts)
    else:
        fresh, output, read, write, reasoning = map(_count, _COUNTS, counts)
    if reasoning > output:
        raise BadUsage("reasoning_tokens is more than output_tokens, of which it is a part.")
    return Tokens(fresh, read, write, 0, output, reasoning)


def _count(name: str, text: str) -> int:
    text = text.strip()
    if not text and name in OPTIONAL:
        return 0
    if not text:
        raise BadUsage(f"{name} is empty.")
    whole, _, rest = text.partition(".")  # spreadsheets write 1200.0
    digits = whole.removeprefix("-")
    if not (digits.isdecimal() and digits.isascii()) or rest.strip("0"):
        raise BadUsage(f"{name} {quoted(text)} is not a whole number such as 1200.")
    if len(digits) > _LONGEST_COUNT:
        raise BadUsage(f"{name} {quoted(text)} is too large.")
    if whole.startswith("-") and int(digits):
        raise BadUsage(f"{name} {quoted(text)} is negative.")
    return int(digits)


def _cost(text: str) -> int:
    whole, _, decimals = text.partition(".")
    digits = whole + decimals
    if len(decimals) <= _NINE and len(whole) <= _NINE and digits.isdecimal() and digits.isascii():
        return int(whole + decimals.ljust(_NINE, "0"))
    return _unusual_cost(text)


def _unusual_cost(text: str) -> int:
    try:
        cost = Decimal(text)
    except InvalidOperation:
        cost = Decimal("NaN")
    if not cost.is_finite():
        raise BadUsage(f"cost_usd {quoted(text)} is not an amount of dollars such as 0.0125.")
    if cost < 0:
        raise BadUsage(f"cost_usd {quoted(text)} is negative.")
    if cost > MOST_USD:
        raise BadUsage(f"cost_usd {quoted(text)} is too large.")
    return nanos_of(cost)
