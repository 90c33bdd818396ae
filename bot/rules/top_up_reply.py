"""Typed decisions in a request's thread: a reply decides only if the whole of it parses.

    approve · approve 300 · approve $300 until friday · approve 300 for this month because … · deny too early

Anything else that begins with approve or deny changes nothing and is asked about in private; other talk is nobody's
business.
"""

import calendar
import re
from dataclasses import dataclass
from datetime import date, timedelta

from bot.rules.errors import Refused
from bot.rules.money import NANOS, parse_usd
from bot.rules.top_up import REASON_MAX, one_line, spell

_LONGEST_DAYS = 366
_HALF_A_YEAR = 183

# An emoji has a letter or a digit in it: what could be read both as an emoji and as punctuation would be tried in every
# combination, and the rule of a pasted table (`|:---:|:---:|`) would keep the reader busy for hours.
_EMOJI = r":[_+'-]*[a-z0-9][a-z0-9_+'-]*:"
_BEGINS = re.compile(
    rf"(?:<[@!][^<>]*>|{_EMOJI}|[^\w\s<&]|[\s_])*(?:approve[ds]?|den(?:y|ies|ied))(?![^\W_])", re.IGNORECASE
)
_AMOUNT = r"\$?[0-9][0-9.,]*(?:\s?(?:usd|dollars?))?"
_MONTHS = {name.lower(): number for number, name in enumerate(calendar.month_name) if name}
_MONTHS |= {name[:3]: number for name, number in _MONTHS.items()} | {"sept": 9}
_DAYS = {name.lower(): number for number, name in enumerate(calendar.day_name)}
_DAYS |= {name[:3]: number for name, number in _DAYS.items()} | {"tues": 1, "thur": 3, "thurs": 3}
_MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
_DAY = "|".join(sorted(_DAYS, key=len, reverse=True))
_UNTIL = (
    rf"{_DAY}|today|tomorrow|(?:the\s)?end\sof\s(?:the\s|this\s)?month|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}"
    rf"|[0-9]{{1,2}}\s(?:{_MONTH})(?:\s[0-9]{{4}})?|(?:{_MONTH})\s[0-9]{{1,2}}(?:,?\s[0-9]{{4}})?"
)
_APPROVE = re.compile(
    rf"approve(?:\s(?P<amount>{_AMOUNT}))?(?:\suntil\s(?P<until>{_UNTIL})|\sfor\sthis\s(?P<span>month|period))?"
    r"(?:\sbecause\s(?P<because>\S.*))?",
    re.IGNORECASE,
)
_DENY = re.compile(r"deny(?:\s(?P<because>\S.*))?", re.IGNORECASE)
# A condition is not a decision: "deny unless legal signs off", "deny (unless …)".
_CONDITION = re.compile(r"[\W_]*(?:unless|if|once|until|till|when|or|maybe|perhaps|only)\b", re.IGNORECASE)


class BadUntil(Refused):
    """That is not a day until which money can be given."""


@dataclass(frozen=True, slots=True)
class Approve:
    """Approve; `nanos` is None for all that was asked for, `last_day` None for the whole period."""

    nanos: int | None = None
    last_day: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Deny:
    """Deny, with or without a reason."""

    note: str = ""


@dataclass(frozen=True, slots=True)
class Unclear:
    """It begins like a decision and is none. `why` is a sentence for whoever typed it."""

    why: str


Reply = Approve | Deny | Unclear
Verdict = Approve | Deny


def how_to_type(asked_nanos: int) -> str:
    """What decides when typed, with an amount that this request allows."""
    part = max(asked_nanos // (2 * NANOS), 1)
    if part * NANOS > asked_nanos:
        return "`approve` · `approve until friday` · `deny` and why"
    return f"`approve` · `approve {part}` · `approve {part} until friday` · `deny` and why"


def begins_like_a_decision(text: str) -> bool:
    """Whether the text begins with approve or deny, in any case, also behind emoji, mentions and punctuation."""
    return _BEGINS.match(text) is not None


def read_reply(text: str, *, asked_nanos: int, on: date) -> Reply | None:
    """What a typed reply means; None for other talk. `on` is today's date where the approver is."""
    if not begins_like_a_decision(text):
        return None
    typed = " ".join(text.split())
    try:
        return _approval(typed, asked_nanos, on) or _denial(typed) or Unclear(_NOT_WHOLE)
    except Refused as error:
        return Unclear(str(error))


_NOT_WHOLE = "I act only on a reply that I understand as a whole."
_QUESTION = "That has a question in it, so I did not take it for a decision."


def _approval(typed: str, asked_nanos: int, on: date) -> Approve | Unclear | None:
    match = _APPROVE.fullmatch(typed)
    if match is None:
        return None
    if "?" in typed:
        return Unclear(_QUESTION)
    nanos = parse_usd(match["amount"]) if match["amount"] else None
    if nanos is not None:
        check_amount(nanos, asked_nanos)
    last_day = read_until(match["until"], on) if match["until"] else None
    if match["span"] and match["span"].lower() == "month":
        last_day = _end_of_month(on)
    return Approve(nanos, last_day, clean_note(match["because"] or ""))


def _denial(typed: str) -> Deny | Unclear | None:
    match = _DENY.fullmatch(typed)
    if match is None:
        return None
    because = match["because"] or ""
    if "?" in because:
        return Unclear(_QUESTION)
    if _CONDITION.match(because):
        return Unclear("That reads like a condition, so I did not take it for a decision.")
    return Deny(clean_note(because))


def check_amount(nanos: int, asked_nanos: int) -> None:
    """Raises Refused for an approval of nothing, or of more than was asked for."""
    if nanos <= 0:
        raise Refused("An approval is for more than zero dollars. To give nothing, deny.")
    if nanos > asked_nanos:
        raise Refused(f"{spell(nanos)} is more than was asked for, which is {spell(asked_nanos)}.")


def check_lowered(nanos: int, at_most: int) -> None:
    """Raises Refused for more than a step before has allowed."""
    if nanos > at_most:
        raise Refused(f"{spell(nanos)} is more than {spell(at_most)}, which is all that was approved before you.")


def clean_note(text: str) -> str:
    """A note as one line of printable text; raises Refused when it is longer than 500 characters."""
    note = one_line(text)
    if len(note) > REASON_MAX:
        raise Refused(f"A reason has at most {REASON_MAX} characters; this one has {len(note):,}. Shorten it.")
    return note


def read_until(text: str, on: date) -> date:
    """The last day that was meant, read on the day `on`: a weekday, `tomorrow`, `5 dec`, `2026-12-05`, `end of month`.

    A weekday is the next one, today included. A day without a year is this year's, or next year's when this year's is
    more than half a year ago. Raises BadUntil for what is no day, is past, or is more than a year ahead.
    """
    typed = " ".join(text.lower().replace(",", " ").split())
    last_day = _named_day(typed, on) or _calendar_day(typed, on)
    if last_day is None:
        raise BadUntil(f"“{one_line(text)[:40]}” is not a day that I know. Type friday, 5 dec or {on.isoformat()}.")
    if last_day < on:
        raise BadUntil(f"{last_day.isoformat()} is past.")
    if last_day > on + timedelta(days=_LONGEST_DAYS):
        raise BadUntil(f"{last_day.isoformat()} is more than a year away.")
    return last_day


def _named_day(typed: str, on: date) -> date | None:
    if typed in _DAYS:
        return on + timedelta(days=(_DAYS[typed] - on.weekday()) % 7)
    if typed in {"today", "tomorrow"}:
        return on + timedelta(days=int(typed == "tomorrow"))
    return _end_of_month(on) if re.fullmatch(r"(?:the )?end of (?:the |this )?month", typed) else None


def _end_of_month(on: date) -> date:
    return on.replace(day=calendar.monthrange(on.year, on.month)[1])


def _calendar_day(typed: str, on: date) -> date | None:
    iso = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", typed)
    if iso:
        return _day(int(iso[1]), int(iso[2]), int(iso[3]))
    named = re.fullmatch(rf"(?:([0-9]{{1,2}}) ({_MONTH})|({_MONTH}) ([0-9]{{1,2}}))(?: ([0-9]{{4}}))?", typed)
    if named is None:
        return None
    month, number = _MONTHS[named[2] or named[3]], int(named[1] or named[4])
    if named[5]:
        return _day(int(named[5]), month, number)
    nearest = _day(on.year, month, number)
    past = nearest is None or nearest < on - timedelta(days=_HALF_A_YEAR)
    return _day(on.year + 1, month, number) if past else nearest


def _day(year: int, month: int, number: int) -> date | None:
    try:
        return date(year, month, number)
    except ValueError:
        return None
