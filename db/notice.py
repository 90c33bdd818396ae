"""Queries of what has been announced."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.engine import CursorResult
from sqlmodel import Session, col, select

from db.seal import Sealed
from db.tables.ledger import Account
from db.tables.notice import Notice
from db.tables.roster import Person
from db.tables.usage import UsageRollup


def state(session: Session, key: str) -> Sealed | None:
    """The sealed state under this key."""
    found = session.exec(select(Notice).where(Notice.key == key).execution_options(populate_existing=True)).first()
    return found.state if found is not None else None


def states(session: Session, keys: Sequence[str]) -> dict[str, Sealed]:
    """The sealed states under these keys, where there are any."""
    found: dict[str, Sealed] = {}
    for first in range(0, len(keys), 500):
        some = select(Notice).where(col(Notice.key).in_(keys[first : first + 500]))
        found.update({row.key: row.state for row in session.exec(some)})
    return found


def cover(session: Session, sealed: Mapping[str, Sealed]) -> None:
    """Store these states, but for those that somebody has stored meanwhile."""
    known = states(session, list(sealed))
    session.add_all(Notice(key=key, state=state) for key, state in sealed.items() if key not in known)
    session.flush()


def change(session: Session, key: str, before: Sealed | None, after: Sealed) -> bool:
    """Store a state if nobody changed it since `before` was read: compare-and-set on the ciphertext.

    Of two that store the first state at once, the primary key refuses the second, whose transaction then runs again.
    """
    if before is None:
        session.add(Notice(key=key, state=after))
        session.flush()
        return True
    mine = update(Notice).where(col(Notice.key) == key, col(Notice.state) == before).values(state=after)
    result: Any = session.execute(mine)
    return isinstance(result, CursorResult) and result.rowcount == 1


def spenders(session: Session, labels: Sequence[str], after: int, limit: int) -> list[tuple[int, int, str, int]]:
    """(account, person, period, spend in nano-dollars) of open accounts of these periods with any usage, by id."""
    found = (
        select(Account.id, Account.person_id, Account.period, func.sum(UsageRollup.cost_nanos))
        .join(UsageRollup, col(UsageRollup.account_id) == col(Account.id))
        .where(
            Account.kind == "person",
            col(Account.closed_at).is_(None),
            col(Account.period).in_(labels),
            col(Account.id) > after,
        )
        .group_by(col(Account.id), col(Account.person_id), col(Account.period))
        .order_by(col(Account.id))
        .limit(limit)
    )
    return [
        (account, person, period, int(spend or 0))
        for account, person, period, spend in session.exec(found)
        if account is not None and person is not None and period is not None
    ]


def count_people(session: Session) -> int:
    """How many people there have been on the roster."""
    return session.exec(select(func.count()).select_from(Person)).one()


def account(session: Session, account_id: int) -> Account | None:
    """An account by its id."""
    return session.get(Account, account_id)
