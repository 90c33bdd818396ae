"""Requests for a top-up: what may be typed after `/topup`, who decides, and how much may be given."""

import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from bot.rules.errors import Refused, quoted
from bot.rules.money import NANOS, plain_number, round_up_125, to_nanos
from bot.rules.policy import Policy

Kind = Literal["once", "permanent"]
Status = Literal["pending", "approved", "denied", "withdrawn", "expired", "period_ended"]

MOST_USD = 1_000_000
MOST_NANOS = MOST_USD * NANOS
"""The largest request or offer."""

REASON_MAX = 500
_MOST_SHARE = 1000  # percent of the allotment
_EXAMPLE = "`/topup 500 finish the migration`"
_HOW = f"Type the amount first, then why: {_EXAMPLE}, or `/topup 20M tokens …`, or `/topup 10% …`."

_SCALES = {
    "k": 10**3, "thousand": 10**3,
    "m": 10**6, "mn": 10**6, "million": 10**6,
    "b": 10**9, "bn": 10**9, "billion": 10**9,
    "t": 10**12, "trillion": 10**12,
}  # fmt: skip
_AMOUNT = re.compile(
    r"(?P<before>us\$|usd\s?|\$)?\s?"
    r"(?P<number>(?:[0-9]|\.[0-9])[0-9.,]*)"
    r"(?:(?P<scale>k|mn?|bn?|t)(?![^\W_])|\s?(?P<word>thousand|million|billion|trillion)\b|\s(?P<apart>k|mn?|bn?|t)(?=\stok))?"
    r"(?:\s?(?P<unit>tokens?\b|toks?\b|usd\b|us\s?dollars?\b|dollars?\b|percent\b|%|\$))?"
    r"(?=\s|$|:\s)",
    re.IGNORECASE,
)
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"
_ANOTHER = re.compile(rf"(?:(?:or|to|and|plus|[{_DASHES}/,])\s*)?[$]?[0-9]", re.IGNORECASE)
_OTHER_MONEY = re.compile(r"[€£¥₹]|(?:eur|euros?|gbp|pounds?|sek|nok|dkk|chf|jpy|inr|cad|aud)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"<(https?://[^|<>\s]+)(?:\|[^<>]*)?>")
_EXPONENT = re.compile(r"[$]?[0-9.,]+e[+-]?[0-9]+", re.IGNORECASE)


class BadRequest(Refused):
    """That is not a request that I understand."""


class UnitMissing(BadRequest):
    """That could be dollars or tokens."""


class ReasonMissing(BadRequest):
    """A request needs a reason."""


@dataclass(frozen=True, slots=True)
class Dollars:
    """An amount that the person typed, in nano-dollars."""

    nanos: int


@dataclass(frozen=True, slots=True)
class TokenCount:
    """A number of tokens, to be priced at the person's own mix."""

    count: int


@dataclass(frozen=True, slots=True)
class ShareOfAllotment:
    """A share of this period's allotment: 1/10 for `10%`."""

    share: Fraction


Wanted = Dollars | TokenCount | ShareOfAllotment


@dataclass(frozen=True, slots=True)
class Wish:
    """What was typed after `/topup`."""

    wanted: Wanted
    reason: str


@dataclass(frozen=True, slots=True)
class Priced:
    """An amount in nano-dollars; `derived` when Stipend worked it out, so that the requester must confirm it first."""

    nanos: int
    derived: bool


def spell(nanos: int) -> str:
    """An amount as it was asked for or approved, exactly, without rounding: `$1,300` or `$1,300.50`.

    For the sentences of errors. Such amounts are whole cents, because what people type is.
    """
    cents = nanos * 100 // NANOS
    return f"${cents // 100:,}" if cents % 100 == 0 else f"${cents // 100:,}.{cents % 100:02}"


def parse_wish(text: str) -> Wish:
    """Read `500 finish the migration`, `$1,300.50 …`, `20M tokens …`, `10% …`.

    Raises UnitMissing for `500k`, ReasonMissing without a reason, BadRequest for anything else; each says what to type.
    """
    typed = text.strip()
    match = _AMOUNT.match(typed)
    if match is None:
        raise BadRequest(_not_an_amount(typed))
    wanted = _wanted(match)
    rest = typed[match.end() :].strip().lstrip(":").strip()
    if _OTHER_MONEY.match(rest):
        raise BadRequest(_ONLY_DOLLARS)
    if _ANOTHER.match(rest):
        raise BadRequest(
            f"I read more than one number: {quoted(match.group().strip())}, then {quoted(rest.split()[0])}."
            f" Type one amount, then a reason that begins with a word: {_EXAMPLE}."
        )
    return Wish(wanted, clean_reason(rest, match.group().strip()))


def parse_wanted(text: str) -> Wanted:
    """Read an amount that stands alone, as in the field of a modal. Raises UnitMissing and BadRequest."""
    typed = text.strip()
    match = _AMOUNT.match(typed)
    if match is None or match.end() != len(typed):
        if match is not None and _OTHER_MONEY.match(typed[match.end() :].strip()):
            raise BadRequest(_ONLY_DOLLARS)
        raise BadRequest(_not_an_amount(typed, how="Type one amount: `500`, `1,300.50`, `20M tokens` or `10%`."))
    return _wanted(match)


def clean_reason(text: str, amount: str = "500") -> str:
    """A reason as one line of printable text; raises ReasonMissing and BadRequest (longer than 500 characters)."""
    reason = one_line(text)
    if not any(character.isalnum() for character in reason):
        raise ReasonMissing(
            "Whoever decides needs a reason. Type it after the amount:"
            f" `/topup {_short(amount)} finish the migration`. Or type `/topup` alone for a form."
        )
    if len(reason) > REASON_MAX:
        raise BadRequest(f"A reason has at most {REASON_MAX} characters; this one has {len(reason):,}. Shorten it.")
    return reason


def one_line(text: str) -> str:
    """The text on one line, without control characters or marks that turn the direction of writing.

    A line break could draw a second line on a card that looks like the bot's own. An address is kept without the label
    that it could hide behind.
    """
    text = _ADDRESS.sub(r"\1", text)
    kept = (c if unicodedata.category(c) not in {"Cc", "Zl", "Zp"} else " " for c in text)
    return " ".join("".join(c for c in kept if unicodedata.category(c) != "Cf" or c == "\u200d").split())


_ONLY_DOLLARS = f"Requests are in US dollars. {_HOW}"


def _short(text: str) -> str:
    return quoted(text)[1:-1].replace("`", "'")


def _wanted(match: re.Match[str]) -> Wanted:
    shown = _short(match.group().strip())
    unit = re.sub(r"\s", "", match["unit"] or "").lower()
    scale = (match["scale"] or match["word"] or match["apart"] or "").lower()
    number = plain_number(match["number"], decimals=6)
    if number is None:
        raise BadRequest(f'"{shown}" is not an amount. Type dollars like 500, 1,300 or 1,300.50.')
    dollars = bool(match["before"]) or unit in {"usd", "$", "usdollar", "usdollars", "dollar", "dollars"}
    if dollars and (unit.startswith("tok") or unit in {"%", "percent"}):
        raise BadRequest(f'"{shown}" is dollars and something else at once. {_HOW}')
    value = number * _SCALES.get(scale, 1)
    if unit in {"%", "percent"}:
        return _share(value, shown, scale)
    if unit.startswith("tok"):
        return _token_count(value, shown)
    if scale and not dollars:
        raise UnitMissing(f"Is that dollars or tokens? Type `${shown} …` or `{shown} tokens …`.")
    return _dollars(value, shown)


def _share(value: Decimal, shown: str, scale: str) -> ShareOfAllotment:
    if scale or not 0 < value <= _MOST_SHARE:
        raise BadRequest(
            f'"{shown}" is not a share that can be asked for: more than 0 % and at most {_MOST_SHARE:,} %.'
        )
    return ShareOfAllotment(Fraction(value) / 100)


def _token_count(value: Decimal, shown: str) -> TokenCount:
    if value <= 0 or value != value.to_integral_value():
        raise BadRequest(f'"{shown}" is not a number of tokens: type a whole number above zero, like `20M tokens`.')
    return TokenCount(int(value))


def _dollars(value: Decimal, shown: str) -> Dollars:
    if value != round(value, 2):
        raise BadRequest(f'"{shown}" is finer than a cent. Type dollars like 500, 1,300 or 1,300.50.')
    if value <= 0:
        raise BadRequest("A request is for more than zero dollars.")
    if value > MOST_USD:
        raise BadRequest(f"One request is for at most ${MOST_USD:,}.")
    return Dollars(to_nanos(value))


def _not_an_amount(typed: str, how: str = _HOW) -> str:
    first = (typed.split(maxsplit=1) or [""])[0]
    if not first.strip("$"):
        return f"The amount is missing. {how}"
    if first.lstrip("$")[:1] in _DASHES:
        return f"A request is for more than zero dollars. {how}"
    if _EXPONENT.fullmatch(first):
        return f"{quoted(first)} is not an amount: write it out, like 1,300. {how}"
    if any(c.isnumeric() and not c.isascii() for c in first):
        return f"{quoted(first)} is not an amount: use the digits 0 to 9. {how}"
    if _OTHER_MONEY.match(first):
        return f"Requests are in US dollars. {how}"
    return f"{quoted(first)} is not an amount. {how}"


def price(wanted: Wanted, *, nanos_per_token: Fraction | None, allotment_nanos: int | None) -> Priced:
    """Turn what was wanted into nano-dollars.

    What is worked out from somebody's mix or allotment is rounded up (see `round_up_125`): others will see it, and from
    the exact figure whoever knows the share knows the allotment. Raises BadRequest where there is nothing to work it
    out from, or when it comes to more than one request may be for.
    """
    if isinstance(wanted, Dollars):
        return Priced(wanted.nanos, derived=False)
    if isinstance(wanted, TokenCount):
        if nanos_per_token is None or nanos_per_token <= 0:
            raise BadRequest(f"Nothing was spent yet that could price tokens. Ask in dollars: {_EXAMPLE}.")
        exact = wanted.count * nanos_per_token / NANOS
    else:
        if not allotment_nanos or allotment_nanos <= 0:
            raise BadRequest(
                f"You have no allotment in this period, so there is no share of it. Ask in dollars: {_EXAMPLE}."
            )
        exact = wanted.share * allotment_nanos / NANOS
    if exact > MOST_USD:
        raise BadRequest(f"That comes to more than ${MOST_USD:,}, and one request is for at most that.")
    return Priced(round_up_125(to_nanos(exact)), derived=True)


def is_automatic(policy: Policy, total_nanos: int) -> bool:
    """Whether a request approves itself.

    The total counts what was approved before in the period, here as in the tiers: half twice is no way round.
    """
    return total_nanos <= policy.auto_approve_nanos


def cheapest_sufficient(available_nanos: int, expected_nanos: int) -> int | None:
    """What to suggest so that the budget lasts: the shortfall, rounded up as all derived amounts are, or None."""
    shortfall = expected_nanos - available_nanos
    return round_up_125(shortfall) if shortfall > 0 else None
