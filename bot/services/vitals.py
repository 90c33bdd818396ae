"""The bot's own pulse: what waits, how far sources have been read, when ticks last ran."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.services.verb import Tx, look
from db import audit, outbox
from db import vitals as query
from db.seal import COMPANY, SealError

_MOST = 1000  # messages that are looked into; whoever has more waiting need not know how many


@dataclass(frozen=True, slots=True)
class Vitals:
    """Numbers about the bot, none about people.

    Messages whose being owed follows from pay are not counted: whoever watches the numbers would learn when somebody
    reached a line of their budget or salary.
    """

    outbox_by_status: Mapping[str, int]
    outbox_oldest_seconds: float
    newest_event_at: Mapping[str, datetime]
    tick_age_seconds: Mapping[str, float]


@look
def vitals(tx: Tx) -> Vitals:
    """Take the pulse."""
    waiting = list(_waiting(tx))
    oldest = min((owed_at for status, owed_at in waiting if status == "pending"), default=tx.now)
    return Vitals(
        outbox_by_status={"pending": 0, "parked": 0} | Counter(status for status, _ in waiting),
        outbox_oldest_seconds=max(0.0, (tx.now - oldest).total_seconds()),
        newest_event_at={state.source: state.newest_event_at for state in query.sources(tx.session)},
        tick_age_seconds={
            job.name: (tx.now - job.finished_at).total_seconds() for job in audit.jobs(tx.session) if job.finished_at
        },
    )


def _waiting(tx: Tx) -> Iterator[tuple[str, datetime]]:
    """(status, since when it is owed) of what waits and may be counted."""
    for row in outbox.unsent(tx.session, _MOST):
        if row.body is None:
            continue
        try:
            body = tx.vault.open(COMPANY, row.body, f"outbox:{row.uid}")
        except SealError:
            continue  # the delivery parks it, and `check` says so
        if not body["secret"]:
            yield row.status, datetime.fromisoformat(body["owed_at"])
