"""Queries of usage: events stored once each, their rollups, and whom identities lead to."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func
from sqlmodel import Session, select

from db import usage_sql as sql
from db.tables.ledger import Account
from db.tables.usage import SourceState, UsageEvent, UsageImport, UsageRollup

UNATTRIBUTED = "unattributed"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

IdentityKey = tuple[str, str | None]
"""Kind and value; without a value there is nobody to look for."""

EventRow = tuple[Any, ...]
"""The values of `usage_sql.COLUMNS`, in their order, its instants from `instant_of`."""


@dataclass(frozen=True, slots=True)
class Found:
    """An identity and whom it leads to: one person, one team, or nobody yet."""

    identity_id: int
    person_id: int | None
    team_id: int | None


@dataclass(frozen=True, slots=True)
class Landed:
    """What of a batch was new on one account."""

    account_id: int
    events: int
    unpriced: int
    informational: int


def instant_of(session: Session) -> Callable[[datetime], Any]:
    """How an instant goes into an EventRow: what UtcDateTime makes of it, without its cost."""
    return _microseconds if session.get_bind().dialect.name == "sqlite" else _as_it_is


def _as_it_is(instant: datetime) -> datetime:
    return instant


def _microseconds(instant: datetime) -> int:
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def insert_new(session: Session, rows: Iterable[EventRow]) -> list[Landed]:
    """Store the events that are not there yet, add them to the rollups, and say what landed where.

    Of the same (source, id) the first stays, within the batch as well. Call `advance_source` for each source before:
    until the end, nobody else then records from it.
    """
    on_sqlite = session.get_bind().dialect.name == "sqlite"
    landed = sql.insert_on_sqlite(session, rows) if on_sqlite else sql.insert_on_postgresql(session, rows)
    return [Landed(*row) for row in landed]


def rebuild_rollups(session: Session) -> None:
    """Forget every rollup and make them all again from the events."""
    sql.lock_rollups(session)
    session.execute(delete(UsageRollup))
    sql.add_to_rollups(session, "TRUE", {})


def count_wrong_rollups(session: Session) -> int:
    """How many rollups differ from the sum of their events, are missing, or have none."""
    return sql.count_wrong_rollups(session)


def find_identities(session: Session, keys: Iterable[IdentityKey]) -> dict[IdentityKey, Found]:
    """Those of the identities that are known, with the latest link of each."""
    found: dict[IdentityKey, Found] = {}
    for kind, values in _by_kind(keys).items():
        for value, *one in sql.find_identities(session, kind, values):
            found[kind, value] = Found(*one)
    return found


def _by_kind(keys: Iterable[IdentityKey]) -> Mapping[str, list[str]]:
    by_kind: dict[str, list[str]] = {}
    for kind, value in keys:
        if value is not None:
            by_kind.setdefault(kind, []).append(value)
    return by_kind


def add_identities(session: Session, keys: Iterable[IdentityKey]) -> None:
    """Store identities; one that somebody else stores at the same moment is theirs."""
    # In one order everywhere, so that two batches wait for each other and never both ways.
    sql.insert_ignoring(session, "identity", ("kind", "value"), sorted(keys))


def account_id(session: Session, key: str) -> int | None:
    """The account with this key."""
    return session.exec(select(Account.id).where(Account.key == key)).first()


def add_team_account(session: Session, team_id: int) -> None:
    """Make a team's account if there is none yet."""
    sql.insert_ignoring(session, "account", ("key", "kind", "team_id"), [(f"team:{team_id}", "team", team_id)])


def lock_accounts(session: Session, ids: Iterable[int]) -> set[int]:
    """Keep everybody else from closing or charging these accounts until the end; returns those that are closed.

    Locked in the order of their ids, so that two who lock several cannot wait for each other both ways. What is closed
    is read under the lock. On SQLite a writer is alone anyway.
    """
    return sql.lock_accounts(session, ids)


def advance_source(session: Session, source: str, newest_event_at: datetime, read_at: datetime) -> None:
    """Note how far a source reaches; never backwards. Until the end nobody else records from this source."""
    row = session.get(SourceState, source, with_for_update=True, populate_existing=True)
    if row is None:
        session.add(SourceState(source=source, newest_event_at=newest_event_at, read_at=read_at))
    else:
        row.newest_event_at = max(row.newest_event_at, newest_event_at)
        row.read_at = max(row.read_at, read_at)
    session.flush()


def source_states(session: Session) -> list[SourceState]:
    """How far each source has been read."""
    return list(session.exec(select(SourceState).order_by(SourceState.source)))


def newest_event_id(session: Session) -> int:
    """The highest id so far; 0 without any event."""
    return session.exec(select(func.max(UsageEvent.id))).one() or 0


def unattributed_span(session: Session, identity_id: int, account: int) -> tuple[datetime, datetime] | None:
    """First and last instant of an identity's usage on this account that has not been moved; None without any."""
    return sql.span_to_move(session, identity_id, account)


def has_to_move(session: Session, identity_id: int, account: int, start: datetime, end: datetime) -> bool:
    """Whether there is such usage from `start` on and before `end`."""
    return sql.has_to_move(session, identity_id, account, start, end)


def copy_in(session: Session, move: "Move", to_account: int, start: datetime, end: datetime) -> int:
    """Copy such usage of a span onto another account; returns how many rows."""
    return sql.copy_in(session, (move.identity_id, move.account_id, move.now), to_account, (start, end))


def copy_out(session: Session, move: "Move") -> int:
    """Store the opposite of all such usage beside it; after that it has been moved."""
    return sql.copy_out(session, (move.identity_id, move.account_id, move.now))


@dataclass(frozen=True, slots=True)
class Move:
    """An identity's usage leaving an account."""

    identity_id: int
    account_id: int
    now: datetime


def roll_up_moved(session: Session, identity_id: int, after_id: int) -> None:
    """Add an identity's rows with higher ids to the rollups."""
    sql.add_to_rollups(session, "id > :after AND identity_id = :identity", {"after": after_id, "identity": identity_id})


def import_state(session: Session, digest: str) -> UsageImport | None:
    """How far a file has been read."""
    return session.get(UsageImport, digest)


def advance_import(session: Session, digest: str, rows_done: int, finished_at: datetime | None) -> None:
    """Note how far a file has been read."""
    row = session.get(UsageImport, digest)
    if row is None:
        session.add(UsageImport(digest=digest, rows_done=rows_done, finished_at=finished_at))
        return
    row.rows_done, row.finished_at = rows_done, finished_at
