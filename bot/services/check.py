"""What can be seen to be wrong in the data before it hurts anybody."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from bot.services import roster, top_up_cap
from bot.services.verb import Tx, look
from db import vitals


class Level(Enum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, in a sentence."""

    level: Level
    sentence: str


@look
def findings(tx: Tx) -> list[Finding]:
    """People, who decides for them, currency rates, parked messages."""
    return [*_people(tx), *_messages(tx)]


def _people(tx: Tx) -> Iterator[Finding]:
    everybody = roster.active_people(tx)
    if not everybody:
        yield Finding(Level.PROBLEM, "Nobody is in the roster. Bring people in with: python -m bot import people FILE")
        return
    yield Finding(Level.OK, f"{len(everybody)} people are in the roster.")
    dead_ends = list(roster.dead_ends(tx))
    yield from (Finding(Level.WARNING, sentence) for sentence in dead_ends)
    if not dead_ends:
        yield Finding(Level.OK, "For everybody there is somebody who can decide a top-up.")
    yield from (Finding(Level.WARNING, sentence) for sentence in top_up_cap.beyond(tx))
    for currency in roster.currencies_without_rate(tx):
        yield Finding(
            Level.PROBLEM,
            f"There is no rate for {currency} younger than 35 days, so people paid in it get no allotment and no salary"
            " notice. Bring rates in with: python -m bot import rates FILE",
        )


def _messages(tx: Tx) -> Iterator[Finding]:
    reasons = vitals.parked_reasons(tx.session)
    if not reasons:
        yield Finding(Level.OK, "No message is parked.")
    for reason in sorted(set(reasons)):
        yield Finding(Level.PROBLEM, f"Messages are parked because Slack said: {reason}")
