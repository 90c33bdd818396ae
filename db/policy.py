"""Queries of the policy's versions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, literal
from sqlalchemy import select as plain_select
from sqlmodel import Session, select

from db import data_key
from db.plain import columns_of, rows, table_of
from db.seal import COMPANY
from db.tables.ledger import Account
from db.tables.policy import PolicyVersion

_VERSIONS = plain_select(table_of(PolicyVersion), data_key.wrapped_of(literal(COMPANY)).label("wrapped")).order_by(
    columns_of(PolicyVersion).effective_from, columns_of(PolicyVersion).id
)


def versions(session: Session) -> Sequence[Any]:
    """Every version, in the order in which they come into force; of two at once the later recorded one holds."""
    found = rows(session, _VERSIONS)
    if found:
        data_key.read_with(session, COMPANY, found[0].wrapped)
    return found


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
