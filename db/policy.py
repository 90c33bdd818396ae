"""Queries of the policy's versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, select

from db.plain import columns_of, rows, table_of
from db.tables.ledger import Account
from db.tables.policy import PolicyVersion

_VERSIONS = table_of(PolicyVersion).select().order_by(
    columns_of(PolicyVersion).effective_from, columns_of(PolicyVersion).id
)  # fmt: skip


def versions(session: Session) -> Sequence[Any]:
    """Every version, in the order in which they come into force; of two at once the later recorded one holds."""
    return rows(session, _VERSIONS)


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
