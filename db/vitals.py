"""Queries for health and metrics."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from db.tables.outbox import Outbox
from db.tables.usage import SourceState


def outbox_by_status(session: Session) -> dict[str, int]:
    """How many messages are pending, sent, parked."""
    return dict(session.exec(select(Outbox.status, func.count()).group_by(Outbox.status)).all())


def oldest_pending(session: Session) -> datetime | None:
    """Since when the oldest unsent message is owed."""
    pending = (
        select(Outbox.created_at)
        .where(Outbox.status == "pending", col(Outbox.created_at).is_not(None))  # what was parked has no time any more
        .order_by(col(Outbox.id))
        .limit(1)
    )
    return session.exec(pending).first()


def parked_reasons(session: Session) -> list[str]:
    """Why messages were parked, newest first, at most twenty."""
    found = select(Outbox.error).where(Outbox.status == "parked").order_by(col(Outbox.id).desc()).limit(20)
    return list(session.exec(found))


def sources(session: Session) -> list[SourceState]:
    """How far each source has been read."""
    return list(session.exec(select(SourceState).order_by(SourceState.source)))
