"""Queries of the audit log, the heartbeats and the API tokens."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import text
from sqlmodel import Session, col, select

from db.tables.audit import ApiToken, Audit, JobRun

_FIRST = "0" * 64
_CHAIN_LOCK = 7_301_441  # any number that nothing else locks


def last_hash(session: Session) -> str:
    """The hash that the next row must name, holding the chain so that nobody else takes the same one.

    On SQLite a writer is alone anyway; on PostgreSQL a lock that ends with the transaction keeps the chain from
    forking.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _CHAIN_LOCK})
    newest = session.exec(select(Audit.hash).order_by(col(Audit.id).desc()).limit(1)).first()
    return newest or _FIRST


def add(session: Session, row: Audit) -> None:
    """Store a row at the end of the chain."""
    session.add(row)
    session.flush()


def rows(session: Session) -> Iterator[Audit]:
    """The whole log in order, in constant memory."""
    return iter(session.exec(select(Audit).order_by(col(Audit.id)).execution_options(yield_per=1000)))


def first_hash() -> str:
    """What the first row names as its predecessor."""
    return _FIRST


def token_by_hash(session: Session, token_hash: str) -> ApiToken | None:
    """The token with this hash, unless it was revoked."""
    found = select(ApiToken).where(ApiToken.token_hash == token_hash, col(ApiToken.revoked_at).is_(None))
    return session.exec(found).first()


def token_by_name(session: Session, name: str) -> ApiToken | None:
    """The token with this name, revoked or not."""
    return session.exec(select(ApiToken).where(ApiToken.name == name)).first()


def add_token(session: Session, row: ApiToken) -> None:
    """Store a token."""
    session.add(row)
    session.flush()


def job_started(session: Session, name: str, at: datetime) -> None:
    """Note that a tick begins."""
    session.merge(JobRun(name=name, started_at=at, finished_at=None))


def job_finished(session: Session, name: str, at: datetime) -> None:
    """Note that a tick ended."""
    row = session.get(JobRun, name)
    if row is not None:
        row.finished_at = at


def jobs(session: Session) -> list[JobRun]:
    """Every tick's last run."""
    return list(session.exec(select(JobRun).order_by(JobRun.name)))
