"""Queries for health and metrics."""

from sqlmodel import Session, col, select

from db.tables.outbox import Outbox
from db.tables.usage import SourceState


def parked_reasons(session: Session) -> list[str]:
    """Why messages were parked, newest first, at most twenty."""
    found = select(Outbox.error).where(Outbox.status == "parked").order_by(col(Outbox.position).desc()).limit(20)
    return list(session.exec(found))


def sources(session: Session) -> list[SourceState]:
    """How far each source has been read."""
    return list(session.exec(select(SourceState).order_by(SourceState.source)))
