"""Queries of who acts for whom."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlmodel import Session, col, select

from db.tables.roster import Delegation


def _lasts(now: datetime) -> tuple[Any, ...]:
    return (
        col(Delegation.starts_at) <= now,
        col(Delegation.ends_at) > now,
        col(Delegation.ended_at).is_(None),
    )


def of_person(session: Session, person_id: int, now: datetime) -> Delegation | None:
    """The delegation with which somebody acts for a person now."""
    found = select(Delegation).where(Delegation.person_id == person_id, *_lasts(now))
    return session.exec(found.order_by(col(Delegation.id).desc()).limit(1)).first()


def to_person(session: Session, delegate_id: int, now: datetime) -> Sequence[Delegation]:
    """The delegations with which a person acts for others now."""
    found = select(Delegation).where(Delegation.delegate_id == delegate_id, *_lasts(now))
    return session.exec(found.order_by(col(Delegation.id))).all()


def delegates(session: Session, people: Iterable[int], now: datetime) -> dict[int, int]:
    """Who acts now for each of these people; the newest, where there are several."""
    found = select(Delegation).where(col(Delegation.person_id).in_(sorted(set(people))), *_lasts(now))
    return {row.person_id: row.delegate_id for row in session.exec(found.order_by(col(Delegation.id)))}


def add(session: Session, row: Delegation) -> Delegation:
    """Store a delegation; it has an id afterwards."""
    session.add(row)
    session.flush()
    return row


def end(session: Session, person_id: int, now: datetime) -> int:
    """End whatever of a person's delegations lasts now or begins later; returns how many."""
    open_ones = (
        col(Delegation.person_id) == person_id, col(Delegation.ended_at).is_(None), col(Delegation.ends_at) > now,
    )  # fmt: skip
    done: Any = session.exec(update(Delegation).where(*open_ones).values(ended_at=now))
    return int(done.rowcount)
