"""Queries of the policy's versions."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from db.tables.ledger import Account
from db.tables.policy import PolicyVersion


def versions(session: Session) -> Sequence[PolicyVersion]:
    """Every version, in the order in which they come into force; of two at once the later recorded one holds."""
    return session.exec(select(PolicyVersion).order_by(col(PolicyVersion.effective_from), col(PolicyVersion.id))).all()


def add(session: Session, row: PolicyVersion) -> None:
    """Store a version."""
    session.add(row)
    session.flush()


def any_person_account(session: Session) -> bool:
    """Whether anybody has an account for any period yet."""
    return session.exec(select(Account.id).where(Account.kind == "person").limit(1)).first() is not None


def latest_period_start(session: Session) -> datetime | None:
    """When the latest period begins that anybody has an account for; None as long as nobody has any."""
    return session.exec(select(func.max(Account.period_start))).one()
