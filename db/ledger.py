"""Queries of the ledger: accounts, transfers, and what usage sums up to."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import bindparam, case, func, or_, text
from sqlalchemy import select as plain_select
from sqlmodel import Session, col, select

from db.listed import among, listed
from db.plain import columns_of, rows, table_of
from db.tables.ledger import Account, Transfer
from db.tables.usage import SourceState, UsageEvent, UsageRollup
from db.types import UtcDateTime

_ROLLUP, _TRANSFER, _ACCOUNT = columns_of(UsageRollup), columns_of(Transfer), columns_of(Account)
_TOKENS: Any = (
    _ROLLUP.input_tokens
    + _ROLLUP.cache_read_tokens
    + _ROLLUP.cache_write_5m_tokens
    + _ROLLUP.cache_write_1h_tokens
    + _ROLLUP.output_tokens
)
_COST: Any = func.coalesce(func.sum(_ROLLUP.cost_nanos), 0)
_SUM_TOKENS: Any = func.coalesce(func.sum(_TOKENS), 0)
_PRICED_TOKENS: Any = func.coalesce(func.sum(case((_ROLLUP.cost_nanos > 0, _TOKENS), else_=0)), 0)
_OF_ACCOUNT: Any = bindparam("account_id")
_SPENT = plain_select(_COST).where(_ROLLUP.account_id == _OF_ACCOUNT)
_DRIVERS = (
    plain_select(_ROLLUP.model, _ROLLUP.agent, _COST, func.sum(_ROLLUP.unpriced_events))
    .where(_ROLLUP.account_id == _OF_ACCOUNT)
    .group_by(_ROLLUP.model, _ROLLUP.agent)
)
_DAYS = (
    plain_select(_ROLLUP.day, _COST, _SUM_TOKENS, _PRICED_TOKENS)
    .where(_ROLLUP.account_id.in_(bindparam("ids", expanding=True)))
    .where(_ROLLUP.day.between(bindparam("first"), bindparam("last")))
    .group_by(_ROLLUP.day)
)
_TRANSFERS_OF = (
    table_of(Transfer)
    .select()
    .where(or_(_TRANSFER.from_account_id == _OF_ACCOUNT, _TRANSFER.to_account_id == _OF_ACCOUNT))
    .order_by(_TRANSFER.id)
)
_ACCOUNTS_OF = (
    select(Account).where(_ACCOUNT.person_id == bindparam("person_id")).order_by(_ACCOUNT.period_start, _ACCOUNT.id)
)
_SOURCES = table_of(SourceState).select().order_by(columns_of(SourceState).source)


def make_company_accounts(session: Session, kinds: Sequence[str]) -> None:
    """Make those of the company's accounts that do not exist; the key of each is its kind."""
    known = set(session.exec(select(Account.key).where(col(Account.key).in_(kinds))))
    session.add_all(Account(key=kind, kind=kind) for kind in kinds if kind not in known)
    session.flush()


def company_accounts(session: Session) -> dict[str, int]:
    """The ids of the company's accounts by their kind."""
    found = select(Account).where(col(Account.kind).not_in(("person", "team")))
    return {row.kind: row.id for row in session.exec(found) if row.id is not None}


def account(session: Session, account_id: int) -> Account:
    """The account with this id."""
    return session.exec(select(Account).where(Account.id == account_id)).one()


def account_by_key(session: Session, key: str) -> Account | None:
    """The account with this key."""
    return session.exec(select(Account).where(Account.key == key)).first()


def accounts_of(session: Session, person_id: int) -> Sequence[Account]:
    """A person's accounts, oldest period first."""
    return session.exec(_ACCOUNTS_OF, params={"person_id": person_id}).all()


def accounts_by_id(session: Session, ids: Iterable[int]) -> dict[int, Account]:
    """These accounts by their ids."""
    found = select(Account).where(col(Account.id).in_(sorted(set(ids))))
    return {row.id: row for row in session.exec(found) if row.id is not None}


def people_accounts_after(session: Session, after: int, limit: int) -> Sequence[Account]:
    """The next people's accounts by id."""
    found = select(Account).where(Account.kind == "person", col(Account.id) > after)
    return session.exec(found.order_by(col(Account.id)).limit(limit)).all()


def add_account(session: Session, row: Account) -> Account:
    """Store an account; it has an id afterwards. Who stores the same key at the same moment is run again."""
    session.add(row)
    session.flush()
    return row


def add_accounts(session: Session, rows: Sequence[Account]) -> None:
    """Store several accounts; they have ids afterwards."""
    session.add_all(rows)
    session.flush()


def account_ids(session: Session, person_ids: Iterable[int], period_start: datetime) -> dict[int, int]:
    """Account ids by person, of those people who have one in the period that starts then."""
    statement = text(
        f"SELECT person_id, id FROM account WHERE period_start = :start AND {among(session, 'person_id')}"  # noqa: S608
    ).bindparams(bindparam("start", type_=UtcDateTime()))
    values = {"start": period_start, "listed": listed(session, person_ids)}
    found = session.execute(statement, values)
    return {row.person_id: row.id for row in found}


def lock(session: Session, ids: Iterable[int]) -> list[Account]:
    """Hold these accounts until the transaction ends, and give them as they are now.

    Locked in the order of their ids, so that two who lock several do not wait for each other both ways. On SQLite a
    writer is alone anyway.
    """
    found = (
        select(Account)
        .where(col(Account.id).in_(sorted(set(ids))))
        .order_by(col(Account.id))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    return list(session.exec(found))


def open_ended_before(session: Session, instant: datetime) -> Sequence[Account]:
    """People's accounts that are not closed though their period has ended by an instant, oldest period first."""
    found = select(Account).where(
        Account.kind == "person", col(Account.closed_at).is_(None), col(Account.period_end) <= instant
    )
    return session.exec(found.order_by(col(Account.period_start), col(Account.id))).all()


def transfers_of(session: Session, account_id: int) -> Sequence[Any]:
    """Every transfer from or to an account, in the order in which they were stored, as rows that never change."""
    return rows(session, _TRANSFERS_OF, account_id=account_id)


def transfer_by_key(session: Session, key: str) -> Transfer | None:
    """The transfer with this key."""
    return session.exec(select(Transfer).where(Transfer.key == key)).first()


def transfers_after(session: Session, after: int, limit: int) -> Sequence[Transfer]:
    """The next transfers by id."""
    return session.exec(select(Transfer).where(col(Transfer.id) > after).order_by(col(Transfer.id)).limit(limit)).all()


def add_transfer(session: Session, row: Transfer) -> Transfer:
    """Store a transfer; it has an id afterwards."""
    session.add(row)
    session.flush()
    return row


def spent(session: Session, account_id: int) -> int:
    """An account's usage in nano-dollars."""
    return int(rows(session, _SPENT, account_id=account_id)[0][0])


def spent_before(session: Session, account_id: int, instant: datetime) -> int:
    """An account's usage before an instant: the rollups of the UTC days before, and the events of that day."""
    day = instant.astimezone(UTC).date()
    whole_days = select(_COST).where(UsageRollup.account_id == account_id, UsageRollup.day < day)
    begins = datetime.combine(day, time(), tzinfo=UTC)
    that_day: Any = select(func.coalesce(func.sum(UsageEvent.cost_nanos), 0)).where(
        UsageEvent.account_id == account_id,
        UsageEvent.occurred_at >= begins,
        UsageEvent.occurred_at < instant,
        col(UsageEvent.informational).is_(False),
    )
    return int(session.exec(whole_days).one()) + int(session.exec(that_day).one())


def drivers(session: Session, account_id: int) -> Sequence[tuple[str, str, int, int]]:
    """(model, agent, nano-dollars, events without a price) of an account's usage."""
    found = rows(session, _DRIVERS, account_id=account_id)
    return [(model, agent, int(nanos), int(unpriced)) for model, agent, nanos, unpriced in found]


def days(session: Session, account_ids: Sequence[int], first: date, last: date) -> dict[date, tuple[int, int, int]]:
    """(nano-dollars, tokens, tokens that have a price) of these accounts' usage by UTC day."""
    found = rows(session, _DAYS, ids=account_ids, first=first, last=last)
    return {day: (int(nanos), int(tokens), int(priced)) for day, nanos, tokens, priced in found}


def mix(session: Session, since: date, person_ids: Sequence[int] | None) -> tuple[int, int]:
    """(tokens, nano-dollars) of priced usage since a day: of these people, or of the whole company for None."""
    columns: Any = (_SUM_TOKENS, _COST)
    found = select(*columns).where(UsageRollup.day >= since, UsageRollup.cost_nanos > 0)
    if person_ids is not None:
        theirs = select(Account.id).where(col(Account.person_id).in_(person_ids))
        found = found.where(col(UsageRollup.account_id).in_(theirs))
    tokens, nanos = session.exec(found).one()
    return int(tokens), int(nanos)


def sources(session: Session) -> Sequence[Any]:
    """How complete each source is."""
    return rows(session, _SOURCES)
