"""The running of the bot: audit log, heartbeats, API tokens, wrapped data keys."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, SealedColumn, UtcDateTime


class Audit(SQLModel, table=True):
    """Who changed what. Each row carries the hash of the one before it, so that a removed row shows."""

    __tablename__ = "audit"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    actor: str  # command line, schedule, person:<id>
    action: str
    subject: str
    detail: str = ""  # JSON without pay, names or addresses
    previous_hash: str = Field(unique=True)
    hash: str = Field(unique=True)


class JobRun(SQLModel, table=True):
    """A heartbeat: when a tick last ran. What is owed never depends on it."""

    __tablename__ = "job_run"

    name: str = Field(primary_key=True)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class ApiToken(SQLModel, table=True):
    """A token for machines, shown once and stored hashed."""

    __tablename__ = "api_token"
    __table_args__ = (CheckConstraint("scope IN ('ingest','gate')", name="scope_known"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    name: str = Field(unique=True)
    scope: str
    token_hash: str = Field(unique=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # to the minute; of gate tokens only
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class DataKey(SQLModel, table=True):
    """An owner's data key, wrapped by the master key. Rotation re-wraps it, erasure deletes it."""

    __tablename__ = "data_key"

    owner: str = Field(primary_key=True)  # company, person:<id>
    wrapped: Sealed = Field(sa_type=SealedColumn)
    master: str  # fingerprint of the master key that wrapped it
