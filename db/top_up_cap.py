"""Queries for caps: the lock of a cap's room, and what has been promised in a period."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import or_, text
from sqlmodel import Session, col, select

from db.tables.ledger import Account, Transfer
from db.tables.top_up import CapRoom, TopUp


def hold(session: Session, scope: str, period: str) -> None:
    """Hold the room of a cap until the transaction ends."""
    statement = text("INSERT INTO cap_room (scope, period) VALUES (:scope, :period) ON CONFLICT DO NOTHING")
    session.execute(statement, {"scope": scope, "period": period})
    session.exec(select(CapRoom.scope).where(CapRoom.scope == scope, CapRoom.period == period).with_for_update()).one()


def allotments(session: Session, period: str) -> Sequence[tuple[Account, Transfer]]:
    """Every allotment of a period and its adjustments, each with the person's account."""
    of_account: Any = or_(col(Account.id) == Transfer.from_account_id, col(Account.id) == Transfer.to_account_id)
    found = (
        select(Account, Transfer)
        .join(Transfer, of_account)
        .where(Account.kind == "person", Account.period == period)
        .where(col(Transfer.kind).in_(("allotment", "adjustment")))
    )
    return session.exec(found).all()


def approved(session: Session, period: str) -> Sequence[TopUp]:
    """Every request that was approved in a period."""
    found = select(TopUp).join(Account, col(Account.id) == col(TopUp.account_id))
    return session.exec(found.where(Account.period == period, TopUp.status == "approved")).all()
