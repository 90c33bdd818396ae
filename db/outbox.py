"""Queries of the outbox."""

from sqlmodel import Session, select

from db.tables.outbox import Outbox


def uid_of(session: Session, key: str) -> str | None:
    """The uid of the message with this key, if it is owed already."""
    return session.exec(select(Outbox.uid).where(Outbox.key == key)).first()


def add(session: Session, row: Outbox) -> None:
    """Store a message that is owed."""
    session.add(row)
    session.flush()
