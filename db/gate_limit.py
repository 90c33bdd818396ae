"""Queries of the budgets that are owed to gateways."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, or_
from sqlmodel import Session, col, select

from db.tables.gate import GateLimit
from db.tables.ledger import Account, Transfer
from db.tables.roster import Identity, IdentityLink

OPEN = ("owed", "written")


def owe(session: Session, row: GateLimit) -> None:
    """Owe a write; the same key again owes nothing."""
    if session.exec(select(GateLimit.id).where(GateLimit.key == row.key)).first() is None:
        session.add(row)
        session.flush()


def never_owed(session: Session, gateway: str, now: datetime, limit: int) -> Sequence[Account]:
    """People's accounts of the current period that have budget, of which this gateway was never owed anything."""
    known = select(GateLimit.id).where(GateLimit.account_id == Account.id, GateLimit.gateway == gateway).exists()
    granted = select(Transfer.id).where(Transfer.to_account_id == Account.id).exists()
    found = select(Account).where(
        Account.kind == "person",
        col(Account.period_start) <= now,
        col(Account.period_end) > now,
        ~known,
        granted,
    )
    return session.exec(found.order_by(col(Account.id)).limit(limit)).all()


def due(session: Session, gateway: str, now: datetime, limit: int) -> Sequence[int]:
    """Accounts with a write that may be tried now, the longest owed first."""
    found = (
        select(GateLimit.account_id)
        .where(
            GateLimit.gateway == gateway,
            col(GateLimit.status).in_(OPEN),
            or_(col(GateLimit.not_before).is_(None), col(GateLimit.not_before) <= now),
            or_(col(GateLimit.leased_until).is_(None), col(GateLimit.leased_until) <= now),
        )
        .group_by(col(GateLimit.account_id))
        .order_by(func.min(GateLimit.id))
    )
    return session.exec(found.limit(limit)).all()


def open_rows(session: Session, gateway: str, account_id: int) -> Sequence[GateLimit]:
    """What is owed to a gateway of an account, as the database has it now, oldest first."""
    found = select(GateLimit).where(
        GateLimit.gateway == gateway, GateLimit.account_id == account_id, col(GateLimit.status).in_(OPEN)
    )
    return session.exec(found.order_by(col(GateLimit.id)).execution_options(populate_existing=True)).all()


def rows(session: Session, ids: Sequence[int]) -> Sequence[GateLimit]:
    """These rows, as the database has them now, oldest first."""
    found = select(GateLimit).where(col(GateLimit.id).in_(ids)).order_by(col(GateLimit.id))
    return session.exec(found.execution_options(populate_existing=True)).all()


def identities_of(session: Session, person_id: int, kind: str) -> Sequence[str]:
    """The names of one kind that lead to a person now."""
    newest = (
        select(func.max(IdentityLink.revision))
        .where(IdentityLink.identity_id == Identity.id)
        .correlate(Identity)
        .scalar_subquery()
    )
    found = (
        select(Identity.value)
        .join(IdentityLink, col(IdentityLink.identity_id) == Identity.id)
        .where(Identity.kind == kind, IdentityLink.person_id == person_id, IdentityLink.revision == newest)
    )
    return session.exec(found.order_by(Identity.value)).all()


def by_status(session: Session) -> dict[tuple[str, str], int]:
    """How many writes of each gateway are in each status."""
    columns = (GateLimit.gateway, GateLimit.status, func.count())
    found = select(*columns).group_by(GateLimit.gateway, GateLimit.status)
    return {(gateway, status): count for gateway, status, count in session.exec(found)}
