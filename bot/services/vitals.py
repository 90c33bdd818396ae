"""The bot's own pulse: what waits, how far sources have been read, when ticks last ran."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.services.verb import Tx, look
from db import audit
from db import vitals as query


@dataclass(frozen=True, slots=True)
class Vitals:
    """Numbers about the bot, none about people."""

    outbox_by_status: Mapping[str, int]
    outbox_oldest_seconds: float
    newest_event_at: Mapping[str, datetime]
    tick_age_seconds: Mapping[str, float]


@look
def vitals(tx: Tx) -> Vitals:
    """Take the pulse."""
    oldest = query.oldest_pending(tx.session)
    return Vitals(
        outbox_by_status={"pending": 0, "sent": 0, "parked": 0} | query.outbox_by_status(tx.session),
        outbox_oldest_seconds=max(0.0, (tx.now - oldest).total_seconds()) if oldest else 0.0,
        newest_event_at={state.source: state.newest_event_at for state in query.sources(tx.session)},
        tick_age_seconds={
            job.name: (tx.now - job.finished_at).total_seconds() for job in audit.jobs(tx.session) if job.finished_at
        },
    )
