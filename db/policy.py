"""Queries of the policy's versions."""

from collections.abc import Sequence

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
