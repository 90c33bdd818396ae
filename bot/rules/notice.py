"""Which notice is owed: lines that spend reaches, and what has been announced of them already.

Per subject, kind and period the state is the highest line announced. It rises once for each line, and a jump announces
the highest only. It falls only when the base (the budget, or the salary) rises, to the highest line that spend still
reaches. So a restart, a second process, a hover around a line or a reversal announces nothing twice, and a top-up that
takes the person below a line lets that line be announced again when it is reached again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import Enum, IntEnum
from fractions import Fraction

STALE_RATE_DAYS = 35
"""A currency rate older than this many days converts no pay for a notice."""

_NOTHING = Fraction(0)
_MODES = ("off", "counts", "names")  # from the most discreet on


@dataclass(frozen=True, slots=True)
class Announced:
    """The highest line announced (zero: none), and the base in nano-dollars at the last look."""

    highest: Fraction
    base: int


def advance(before: Announced | None, base: int, reached: Fraction) -> tuple[Announced, Fraction | None]:
    """The new state, and the line to announce, if any.

    `reached` is the highest line that spend reaches on this base. A base of zero or less has no lines and no
    percentages: the state stays as it is.
    """
    known = before or Announced(_NOTHING, base)
    if base <= 0:
        return known, None
    highest = min(known.highest, reached) if base > known.base else known.highest
    return Announced(max(highest, reached), base), reached if reached > highest else None


def budget_line(spend: int, budget: int, lines: Sequence[Fraction]) -> Fraction:
    """The highest of the policy's lines that spend has reached, counting a line as reached at exactly its share.

    Zero when none is, and when there is no budget.
    """
    if budget <= 0:
        return _NOTHING
    return max((line for line in lines if spend >= line * budget), default=_NOTHING)


class Band(IntEnum):
    """What a channel may know about spend and salary."""

    BELOW = 0
    NEAR = 1
    ABOVE = 2


def salary_step(spend: int, salary: int, near: Fraction) -> int:
    """0 below, 1 near (at or over the `near` share), 2 above (over the salary), 3 over 150 %, 4 over 200 %, and so on.

    `salary` is the whole period's base salary by days employed. Zero when there is none.
    """
    if salary <= 0:
        return 0
    if spend > salary:
        # The largest number of half salaries that spend is still over; two of them make `above`.
        return (2 * spend - 1) // salary
    return int(spend >= near * salary)


def band(step: int) -> Band:
    """The band of a step: what lies over 100 % is for the person and finance only."""
    return Band(min(max(step, 0), Band.ABOVE))


def over(step: int) -> Fraction | None:
    """The share of salary that a step above the salary lies over: 1, 3/2, 2, …; None for near and below."""
    return Fraction(step, 2) if step >= Band.ABOVE else None


def channel_mode(company: str, own: str, *, may_be_named: bool) -> str:
    """What the channel is told of one person: no more than the company's policy says, nor than theirs."""
    mode = min(company, own, key=_MODES.index)
    return "counts" if mode == "names" and not may_be_named else mode


@dataclass(frozen=True, slots=True)
class Swept:
    """What the channel has been told about a period.

    `shown` is what the message says now, by person; `told` the worst that has been announced of each person; `worst`
    how many people at most were announced as near or above, and as above. `said_on` is the day whose slot was used to
    say something; `looked_on` the last day whose slot the schedule has looked at.
    """

    mode: str = "counts"
    shown: Mapping[int, int] = field(default_factory=dict)
    told: Mapping[int, int] = field(default_factory=dict)
    worst: tuple[int, int] = (0, 0)
    said_on: date | None = None
    looked_on: date | None = None


class Saying(Enum):
    """What a sweep does with the channel's message."""

    NOTHING = "nothing"
    FIRST = "first"  # post it
    WORSE = "worse"  # change it, and say so once in its thread
    BETTER = "better"  # change it only


def counts(bands: Mapping[int, int]) -> tuple[int, int]:
    """How many people are near, and how many above."""
    values = list(bands.values())
    return values.count(Band.NEAR), values.count(Band.ABOVE)


def sweep(before: Swept, bands: Mapping[int, int], mode: str, slot: date) -> tuple[Swept, Saying]:
    """What the channel is told in the slot of a day, and the state after it.

    A day's slot is used up by a sweep that had something to say, and by no other. `bands` are the bands of people who
    have been told themselves. Mode `off` says nothing; `counts` compares numbers only, so that nobody can tell from a
    message that one person took another's place.
    """
    now = {person: int(value) for person, value in bands.items() if value > Band.BELOW}
    if mode == "off" or (before.said_on is not None and before.said_on >= slot):
        return before, Saying.NOTHING
    saying = _saying(before, now, mode)
    if saying is Saying.NOTHING:
        return before, saying
    near, above = counts(now)
    told = {person: max(before.told.get(person, 0), now.get(person, 0)) for person in {*before.told, *now}}
    worst = (max(before.worst[0], near + above), max(before.worst[1], above))
    return Swept(mode, now, told, worst, slot, before.looked_on), saying


def _saying(before: Swept, now: Mapping[int, int], mode: str) -> Saying:
    if before.said_on is None:
        return Saying.FIRST if now else Saying.NOTHING
    same = now == before.shown if mode == "names" else counts(now) == counts(before.shown)
    if same and mode == before.mode:
        return Saying.NOTHING
    return Saying.WORSE if _is_worse(before, now, mode) else Saying.BETTER


def _is_worse(before: Swept, now: Mapping[int, int], mode: str) -> bool:
    if mode == "names":
        return any(value > before.told.get(person, 0) for person, value in now.items())
    near, above = counts(now)
    return near + above > before.worst[0] or above > before.worst[1]


def slot_of(now: datetime, at: time, zone: tzinfo) -> date:
    """The day of the latest daily slot that has come: today's once the clock has passed `at`, else yesterday's."""
    here = now.astimezone(zone)
    return here.date() if here.time() >= at else here.date() - timedelta(days=1)
