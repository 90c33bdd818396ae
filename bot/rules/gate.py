"""The gate: may this call be made, what is set aside for it, and the sentence for whoever may not make it."""

from calendar import month_name
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from bot.rules.audience import Fact, Visible
from bot.rules.errors import quoted
from bot.rules.period import zone_named

Mode = Literal["notify", "soft", "hard"]

RESERVED_FOR = timedelta(minutes=15)
"""How long money is set aside for a call whose usage does not arrive."""

IN_PATH_FOR = timedelta(days=7)
"""How long after it was last asked the gate still counts as standing in the way of calls."""

CHARACTERS_A_TOKEN = 4
_MOST_TIMES = 10
_QUARTERS = {
    f"Q{number}": f"the {word} quarter of" for number, word in enumerate(("first", "second", "third", "fourth"), 1)
}


@dataclass(frozen=True, slots=True)
class Room:
    """What a person's account has left now, in nano-dollars; `grace` is how far a call may go below zero."""

    available: int = field(repr=False)
    reserved: int = field(default=0, repr=False)
    grace: int = field(default=0, repr=False)


def may_pass(mode: Mode, room: Room, estimate: int = 0) -> bool:
    """Whether a call may be made: always, as long as something is left, or only if it fits beside those under way."""
    if mode == "notify":
        return True
    if mode == "soft":
        return room.available > 0
    return room.available + room.grace - room.reserved >= estimate


def estimate(least: int, spent: int, calls: int, input_nanos: int) -> int:
    """What to set aside for a call: the least that policy says, their average call, or what is sent if it is more.

    The average counts up to ten times the least: a vendor's daily bucket comes as one event, and must not lock anybody
    out of their last dollars.
    """
    average = -(-spent // calls) if spent > 0 and calls > 0 else 0
    return max(1, least, min(average, _MOST_TIMES * least), input_nanos)


@dataclass(frozen=True, slots=True)
class Allowed:
    """The call may be made."""


Limit = Literal["budget", "agent", "session", "nobody", "unknown"]


@dataclass(frozen=True, slots=True)
class Refused:
    """The call may not be made: which limit says so, of what name, and until when."""

    limit: Limit
    name: str = ""
    period: str = ""
    until: datetime | None = None
    zone: str = "UTC"

    @property
    def facts(self) -> Mapping[Fact, Mapping[str, Any]]:
        """What a program may be told of it."""
        until = self.until.isoformat() if self.until else None
        return {
            Fact.LIMIT_NAME: {"limit": self.limit, "name": self.name},
            Fact.PERIOD: {"label": self.period, "until": until, "zone": self.zone},
        }


Verdict = Allowed | Refused

_UNMADE = "so this call was not made."


def sentence(visible: Visible) -> str:
    """Which limit refused the call, until when, and how to ask; never a figure of anybody's."""
    limit, period = visible[Fact.LIMIT_NAME], visible[Fact.PERIOD]
    until = _moment(period)
    match limit["limit"]:
        case "budget":
            name = period_name(str(period["label"]))
            return (
                f"Your AI budget for {name} is used up, {_UNMADE} It begins anew on {until}. Ask for more in Slack with"
                " /topup"
            )
        case "agent" | "session" as kind:
            lasts = f"until {until}" if until else "until somebody lets it go on"
            return f"The {kind} {quoted(str(limit['name']))} is paused {lasts}, {_UNMADE}"
        case "nobody":
            return (
                f"This API key belongs to nobody whom Stipend knows, {_UNMADE} Ask your admin to link it to you or to"
                " your team."
            )
    return f"Stipend cannot look at your AI budget at the moment, {_UNMADE} Try again in a minute."


def _moment(period: Mapping[str, Any]) -> str:
    if not period["until"]:
        return ""
    zone = str(period["zone"])
    at = datetime.fromisoformat(period["until"]).astimezone(zone_named(zone))
    return f"{at.day} {month_name[at.month]} {at.year} at {at:%H:%M} ({zone})"


def period_name(label: str) -> str:
    """A period's label in words: November 2026, the fourth quarter of 2026, 2026."""
    year, _, part = label.partition("-")
    if part in _QUARTERS:
        return f"{_QUARTERS[part]} {year}"
    return f"{month_name[int(part)]} {year}" if part else year
