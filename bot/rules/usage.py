"""Usage: one fact from a source, and whether it can be true."""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal

from bot.rules.errors import Refused, quoted
from bot.rules.money import NANOS

Basis = Literal["estimated", "metered", "invoiced"]

BASES: tuple[Basis, ...] = ("estimated", "metered", "invoiced")

MOST_TOKENS = 10**13
MOST_COST_NANOS = 1_000_000 * NANOS
"""The most that one event may cost. Sums of a day, a model and an agent are BIGINTs, which end at 9.2 billion dollars:
it takes more than nine thousand events of this size to get there, and no believable one is larger."""

_LONGEST_TEXT = 512
_EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER_BY = timedelta(days=1)


class BadUsage(Refused):
    """This usage cannot be true."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens by class. The classes are disjoint, but for reasoning, which is recorded as a part of output."""

    input: int = 0  # uncached
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    @property
    def total(self) -> int:
        """All tokens, each counted once."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.output

    def __add__(self, other: "Tokens") -> "Tokens":
        """Class by class."""
        return Tokens(
            self.input + other.input,
            self.cache_read + other.cache_read,
            self.cache_write_5m + other.cache_write_5m,
            self.cache_write_1h + other.cache_write_1h,
            self.output + other.output,
            self.reasoning + other.reasoning,
        )

    def __neg__(self) -> "Tokens":
        """The opposite: what a reversal records."""
        return Tokens(
            -self.input,
            -self.cache_read,
            -self.cache_write_5m,
            -self.cache_write_1h,
            -self.output,
            -self.reasoning,
        )

    def __sub__(self, other: "Tokens") -> "Tokens":
        """The difference: what a correction records."""
        return self + -other


@dataclass(frozen=True, slots=True)
class UsageFact:
    """One fact from a source, identified by (source, external_id). Costs are nano-dollars, or None where unpriced.

    An informational fact is one for which another source is authoritative: it is kept and posts nothing. `call_key`
    names the call as the gate knows it, where the gate was asked before.
    """

    source: str
    external_id: str
    occurred_at: datetime
    identity_kind: str
    identity_value: str | None = field(repr=False)
    provider: str
    model: str
    agent: str
    session_id: str
    tokens: Tokens
    cost_nanos: int | None
    basis: Basis
    informational: bool = False
    call_key: str | None = field(default=None, compare=False)


def identity_of(said: str, email: str, user_id: str, *, trust_end_user: bool) -> tuple[str, str | None]:
    """Who is calling a gateway: whom the key belongs to, or, where policy trusts it, the e-mail address they give.

    Anything else that a caller puts there, such as the random ids of some clients, names nobody.
    """
    said, email, user_id = said.strip().lower(), email.strip().lower(), user_id.strip()
    if trust_end_user and "@" in said:
        return "email", said
    if email:
        return "email", email
    if "@" in user_id:  # single sign-on makes the address the id
        return "email", user_id.lower()
    return "litellm_user", user_id or None


def call_key(key_hash: str, *call_ids: str) -> str | None:
    """One name for a call, for the gate that is asked before it and the usage that comes after it; None without an id.

    Callers may choose a call's id, so it only counts together with their key.
    """
    call_id = next(filter(None, call_ids), None)
    if call_id is None:
        return None
    return hashlib.sha256(f"{key_hash}\n{call_id}".encode(errors="surrogatepass")).hexdigest()[:40]


def check_fact(fact: UsageFact, now: datetime, *, correction: bool = False) -> None:
    """Refuse what cannot be true, with BadUsage: it names the field and the bound, in words of the import's columns.

    Negative figures are for corrections only. An event may lie a day ahead of our clock, because clocks differ and
    a vendor's daily bucket is dated by its day; more than that is a wrong clock or a wrong unit.
    """
    if _is_usual(fact, now):
        return
    _check_when(fact.occurred_at, now)
    _check_texts(fact)
    _check_figures(fact, correction=correction)


def _is_usual(fact: UsageFact, now: datetime) -> bool:
    """Whether a fact is so plainly in order that it need not be looked at closely: there are millions of them."""
    tokens, cost = fact.tokens, fact.cost_nanos
    together = f"{fact.external_id}{fact.identity_value or ''}{fact.provider}{fact.model}{fact.agent}{fact.session_id}"
    return (
        fact.occurred_at.tzinfo is not None
        and _EARLIEST <= fact.occurred_at <= now
        and len(together) <= _LONGEST_TEXT
        and together.isprintable()
        and fact.basis in BASES
        and bool(fact.source and fact.external_id and fact.model)
        and 0 <= tokens.input <= MOST_TOKENS
        and 0 <= tokens.cache_read <= MOST_TOKENS
        and 0 <= tokens.cache_write_5m <= MOST_TOKENS
        and 0 <= tokens.cache_write_1h <= MOST_TOKENS
        and 0 <= tokens.reasoning <= MOST_TOKENS
        and 0 <= tokens.output <= MOST_TOKENS
        and (cost is None or 0 <= cost <= MOST_COST_NANOS)
    )


def _check_when(occurred_at: datetime, now: datetime) -> None:
    if occurred_at.tzinfo is None:
        raise BadUsage("occurred_at has no time zone: end it with Z or an offset such as +02:00.")
    if occurred_at > now + _CLOCKS_DIFFER_BY:
        raise BadUsage("occurred_at lies more than a day in the future.")
    if occurred_at < _EARLIEST:
        raise BadUsage("occurred_at lies before 2015.")


def _check_texts(fact: UsageFact) -> None:
    if not fact.source or not fact.external_id:
        raise BadUsage("The event has no id.")
    if not fact.model:
        raise BadUsage("model is empty.")
    if fact.basis not in BASES:
        raise BadUsage(f"basis {quoted(fact.basis)} is not one of {', '.join(BASES)}.")
    texts = {
        "event_id": fact.external_id,
        "identity": fact.identity_value or "",
        "provider": fact.provider,
        "model": fact.model,
        "agent": fact.agent,
        "session_id": fact.session_id,
    }
    for name, text in texts.items():
        if len(text) > _LONGEST_TEXT:
            raise BadUsage(f"{name} is longer than {_LONGEST_TEXT} characters.")
        if not text.isprintable():  # PostgreSQL refuses NUL, and nobody's id has a line break
            raise BadUsage(f"{name} has characters that cannot be printed.")


def _check_figures(fact: UsageFact, *, correction: bool) -> None:
    tokens = fact.tokens
    counts = (
        tokens.input,
        tokens.cache_read,
        tokens.cache_write_5m,
        tokens.cache_write_1h,
        tokens.output,
        tokens.reasoning,
    )
    cost = fact.cost_nanos or 0
    if not correction:
        if min(counts) < 0:
            raise BadUsage("A token count is negative.")
        if cost < 0:
            raise BadUsage("The cost is negative.")
    if max(counts) > MOST_TOKENS or min(counts) < -MOST_TOKENS:
        raise BadUsage(f"A token count is above {MOST_TOKENS:,}.")
    if abs(cost) > MOST_COST_NANOS:
        raise BadUsage(f"The cost is above ${MOST_COST_NANOS // NANOS:,}, the most that one event may cost.")
