"""Queries of the outbox: what is owed, what may go now, and whose turn it is."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, update
from sqlalchemy.engine import CursorResult
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db.seal import Sealed
from db.tables.outbox import LanePace, Outbox

_PENDING = "pending"
_ID_BITS = 62
_TIE_BITS = 20  # of a position: two who count at the same moment, without seeing each other, hardly ever get the same
UNREACHABLE = "unreachable: "
"""How the error of a message begins that does not get through to its person, and for which nobody else waits."""


def uid_of(session: Session, key: str) -> str | None:
    """The uid of the message with this key, if it is owed already."""
    return session.exec(select(Outbox.uid).where(Outbox.key == key)).first()


def row_of(session: Session, key: str) -> Outbox | None:
    """The message with this key, or the seat that is kept for it, held until the transaction ends."""
    return session.exec(select(Outbox).where(Outbox.key == key).with_for_update()).first()


def add(session: Session, row: Outbox) -> None:
    """Store a message that is owed, behind all that are; or an empty seat, which has no place in any order."""
    row.id = secrets.randbits(_ID_BITS)
    if row.status == _PENDING:
        row.position = _next_position(session)
    session.add(row)
    session.flush()


def fill(session: Session, seat: Outbox, lane: str, body: Sealed, after: str) -> None:
    """Owe a message whose seat has been kept."""
    seat.status, seat.position, seat.receipt = _PENDING, _next_position(session), None
    seat.lane, seat.body, seat.after = lane, body, after
    session.flush()


def _next_position(session: Session) -> int:
    """Behind everything that is pending or parked. Who gets somebody else's is run again by the unique constraint."""
    newest = [
        session.exec(select(func.max(Outbox.position)).where(Outbox.status == status)).one() or 0
        for status in (_PENDING, "parked")
    ]
    return ((max(newest) >> _TIE_BITS) + 1 << _TIE_BITS) | secrets.randbits(_TIE_BITS)


def by_uid(session: Session, uid: str) -> Outbox | None:
    """The message with this uid, as the database has it now."""
    found = select(Outbox).where(Outbox.uid == uid).execution_options(populate_existing=True)
    return session.exec(found).first()


def ready(session: Session, now: datetime, limit: int) -> list[int]:
    """Ids of messages that may go now, oldest first, at most one of each lane.

    A message may go when it is its lane's oldest unsent one, nothing of its lane is on its way, its lane's pace and
    its own waiting time allow it, and what must go before it has been sent or parked, or does not get through. What
    must go before is always older, so the oldest message of all can never wait for another: there is no deadlock.
    """
    parent = aliased(Outbox)
    heads = select(func.min(Outbox.position)).where(Outbox.status == _PENDING).group_by(Outbox.lane)
    on_the_way = select(Outbox.lane).where(Outbox.status == _PENDING, col(Outbox.leased_until) > now)
    paced = select(LanePace.lane).where(LanePace.free_at > now)
    unsent_parent = select(parent.id).where(parent.uid == Outbox.parent_uid, parent.status == _PENDING).exists()
    found = (
        select(Outbox.id, Outbox.after)
        .where(
            Outbox.status == _PENDING,
            col(Outbox.position).in_(heads),
            or_(col(Outbox.not_before).is_(None), col(Outbox.not_before) <= now),
            col(Outbox.lane).not_in(on_the_way),
            col(Outbox.lane).not_in(paced),
            ~unsent_parent,
        )
        .order_by(col(Outbox.position))
    )
    ids: list[int] = []
    for row_id, after in session.exec(found):
        if row_id is not None and not (after and _any_pending(session, after.split(","))):
            ids.append(row_id)
        if len(ids) == limit:
            break
    return ids


def _any_pending(session: Session, uids: Sequence[str]) -> bool:
    # Bound parameters are limited (SQLite: 32,766), and a sweep may follow very many direct messages.
    for first in range(0, len(uids), 500):
        waiting = select(Outbox.id).where(
            Outbox.status == _PENDING,
            ~col(Outbox.error).startswith(UNREACHABLE),
            col(Outbox.uid).in_(uids[first : first + 500]),
        )
        if session.exec(waiting.limit(1)).first() is not None:
            return True
    return False


def take(session: Session, row_id: int, now: datetime, *, until: datetime, free_at: datetime) -> Outbox | None:
    """Lease a ready message, count the attempt and set its lane's pace; None when another sender was first.

    On PostgreSQL a row that another sender holds is skipped; on SQLite this transaction is the only writer. The row is
    looked at again under its lock, because time has passed since it was found ready.
    """
    found = (
        select(Outbox)
        .where(
            Outbox.id == row_id,
            Outbox.status == _PENDING,
            or_(col(Outbox.leased_until).is_(None), col(Outbox.leased_until) <= now),
            or_(col(Outbox.not_before).is_(None), col(Outbox.not_before) <= now),
        )
        .with_for_update(skip_locked=True)
    )
    row = session.exec(found).first()
    if row is None or row.lane is None or not _take_lane(session, row.lane, now, free_at):
        return None
    row.leased_until = until
    row.attempts += 1
    session.flush()
    return row


def _take_lane(session: Session, lane: str, now: datetime, free_at: datetime) -> bool:
    # The lane's row is what two senders fight for: the conditional update lets one through. Where there is no row yet
    # both insert, the primary key refuses the second, and its whole transaction runs again and finds the row.
    mine = update(LanePace).where(col(LanePace.lane) == lane, col(LanePace.free_at) <= now).values(free_at=free_at)
    if _count(session.execute(mine)):
        return True
    if session.exec(select(LanePace.lane).where(LanePace.lane == lane)).first() is not None:
        return False
    session.add(LanePace(lane=lane, free_at=free_at))
    session.flush()
    return True


def keep(session: Session, row_id: int, attempt: int, until: datetime) -> bool:
    """Make the lease of this attempt longer; False when the attempt is no longer ours."""
    return _of_attempt(session, row_id, attempt, leased_until=until)


def mark_sent(session: Session, row_id: int, receipt: Sealed | None) -> bool:
    """Note that a message was sent and forget what it said, to whom and when; False when that is known already."""
    sent = {
        "status": "sent", "receipt": receipt, "body": None, "lane": None, "position": None, "after": "", "attempts": 0,
        "error": "", "not_before": None, "leased_until": None,
    }  # fmt: skip
    mine = update(Outbox).where(col(Outbox.id) == row_id, col(Outbox.status) == _PENDING).values(**sent)
    return _count(session.execute(mine)) == 1


def forget(session: Session, row_id: int) -> bool:
    """Delete a message that was sent and whose row would give something away; False when that was done already."""
    gone = delete(Outbox).where(col(Outbox.id) == row_id, col(Outbox.status) == _PENDING)
    return _count(session.execute(gone)) == 1


def put_off(session: Session, row_id: int, attempt: int, *, not_before: datetime, counted: bool, error: str) -> bool:
    """End an attempt that did not succeed; `counted` is False when Slack certainly did nothing with it."""
    values = {"leased_until": None, "not_before": not_before, "attempts": attempt - (not counted), "error": error}
    return _of_attempt(session, row_id, attempt, **values)


def park(session: Session, row_id: int, attempt: int, error: str) -> bool:
    """Set a message aside that cannot be sent; it keeps its body and lane, so that it can be sent after all.

    Not its times: it may lie there for months, and the moment of a notice beside plain spend gives a salary away. Nor
    what had to go before it, which has gone.
    """
    aside = {"leased_until": None, "not_before": None, "after": ""}
    return _of_attempt(session, row_id, attempt, status="parked", error=error, **aside)


def unpark(session: Session, lane: str) -> int:
    """Let parked messages of a lane try again from the beginning; returns how many."""
    parked = update(Outbox).where(col(Outbox.status) == "parked", col(Outbox.lane) == lane)
    return _count(session.execute(parked.values(status=_PENDING, not_before=None, leased_until=None)))


def _of_attempt(session: Session, row_id: int, attempt: int, **values: Any) -> bool:
    mine = update(Outbox).where(
        col(Outbox.id) == row_id, col(Outbox.status) == _PENDING, col(Outbox.attempts) == attempt
    )
    return _count(session.execute(mine.values(**values))) == 1


def set_pace(session: Session, lane: str, free_at: datetime) -> None:
    """Nothing of this lane goes before this instant; never makes it earlier."""
    later = update(LanePace).where(col(LanePace.lane) == lane, col(LanePace.free_at) < free_at)
    if _count(session.execute(later.values(free_at=free_at))):
        return
    if session.exec(select(LanePace.lane).where(LanePace.lane == lane)).first() is None:
        session.add(LanePace(lane=lane, free_at=free_at))
        session.flush()


def has_past_paces(session: Session, now: datetime) -> bool:
    """Whether there is a lane's pace that no longer matters."""
    return session.exec(select(LanePace.lane).where(LanePace.free_at <= now).limit(1)).first() is not None


def forget_past_paces(session: Session, now: datetime) -> None:
    """Delete the paces that no longer matter: they would tell when somebody was written to."""
    session.execute(delete(LanePace).where(col(LanePace.free_at) <= now))


def count_pending(session: Session) -> int:
    """How many messages are still owed."""
    return session.exec(select(func.count()).select_from(Outbox).where(Outbox.status == _PENDING)).one()


def unsent(session: Session, limit: int) -> list[Outbox]:
    """Messages that are pending or parked, in order."""
    found = select(Outbox).where(col(Outbox.status).in_((_PENDING, "parked")))
    return list(session.exec(found.order_by(col(Outbox.position)).limit(limit)))


def receipts(session: Session, uids: Iterable[str]) -> list[Outbox]:
    """The rows of these messages that were sent."""
    return list(session.exec(select(Outbox).where(col(Outbox.uid).in_(list(uids)), Outbox.status == "sent")))


def _count(result: Any) -> int:
    return int(result.rowcount) if isinstance(result, CursorResult) else 0
