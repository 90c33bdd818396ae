"""Queries of what has been announced."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, func, text, update
from sqlalchemy import select as plain_select
from sqlalchemy.engine import CursorResult
from sqlmodel import Session, col, select

from db.listed import among, listed
from db.plain import columns_of, rows
from db.seal import Sealed
from db.tables.ledger import Account
from db.tables.notice import Notice
from db.tables.roster import Person
from db.tables.usage import UsageRollup

_ACCOUNT, _ROLLUP = columns_of(Account), columns_of(UsageRollup)
# The sum is asked for account by account: grouped, every chunk would sum up everybody's usage.
_SPENT: Any = plain_select(func.sum(_ROLLUP.cost_nanos)).where(_ROLLUP.account_id == _ACCOUNT.id)
_SPENDERS = (
    plain_select(_ACCOUNT.id, _ACCOUNT.person_id, _ACCOUNT.period, _SPENT.correlate(Account).scalar_subquery())
    .where(_ACCOUNT.kind == "person", _ACCOUNT.closed_at.is_(None), _ACCOUNT.id > bindparam("after"))
    .where(_ACCOUNT.period.in_(bindparam("labels", expanding=True)))
    .order_by(_ACCOUNT.id)
    .limit(bindparam("most"))
)


class Spender(NamedTuple):
    """An open account and what was spent on it, in nano-dollars."""

    account_id: int
    person_id: int
    label: str
    spent: int | None


def state(session: Session, key: str) -> Sealed | None:
    """The sealed state under this key."""
    found = session.exec(select(Notice).where(Notice.key == key).execution_options(populate_existing=True)).first()
    return found.state if found is not None else None


def states(session: Session, keys: Sequence[str]) -> dict[str, Sealed]:
    """The sealed states under these keys, where there are any."""
    statement = f"SELECT key, state FROM notice WHERE {among(session, 'key')}"  # noqa: S608
    session.flush()
    found = session.execute(text(statement), {"listed": listed(session, keys)})
    return {key: Sealed(bytes(state)) for key, state in found}


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


def spenders(session: Session, labels: Sequence[str], after: int, limit: int) -> list[Spender]:
    """The next open accounts of these periods by id, and what has been spent on each: None without any usage."""
    found = rows(session, _SPENDERS, labels=list(labels), after=after, most=limit)
    return [Spender(*row) for row in found]


def plain_terms(session: Session, people: Iterable[int]) -> Sequence[Any]:
    """The terms of these people as they are stored, each with its `team`; of somebody with several, several rows."""
    statement = (
        "SELECT t.person_id, t.effective_from, t.ends_on, t.revision, t.currency, t.country, t.pay, p.email,"  # noqa: S608
        " g.name AS team FROM terms AS t JOIN team AS g ON g.id = t.team_id JOIN person AS p ON p.id = t.person_id"
        f" WHERE {among(session, 't.person_id')}"
    )
    return session.execute(text(statement), {"listed": listed(session, people)}).all()


def plain_transfers(session: Session, accounts: Iterable[int]) -> Sequence[Any]:
    """(account, sign, kind, key, owner, amount) of every transfer from and to these accounts, as they are stored."""
    sides = (("to_account_id", 1), ("from_account_id", -1))
    statement = " UNION ALL ".join(
        f"SELECT {side} AS account_id, {sign} AS sign, kind, key, owner, amount"  # noqa: S608
        f" FROM transfer WHERE {among(session, side)}"
        for side, sign in sides
    )
    return session.execute(text(statement), {"listed": listed(session, accounts)}).all()


def count_people(session: Session) -> int:
    """How many people there have been on the roster."""
    return session.exec(select(func.count()).select_from(Person)).one()


def account(session: Session, account_id: int) -> Account | None:
    """An account by its id."""
    return session.get(Account, account_id)
