"""The gate: what is set aside for calls under way, who is paused, and the budgets that are owed to gateways."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, text
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, Nanos, SealedColumn, UtcDateTime


class GateReservation(SQLModel, table=True):
    """What is set aside for one call under way, until its usage arrives or it expires; then the row is deleted.

    The amount follows from prices, never from pay. `call_key` is a hash of the API key's hash and the call's id.
    """

    __tablename__ = "gate_reservation"
    __table_args__ = (
        CheckConstraint("nanos > 0", name="nanos_positive"),
        Index("ix_gate_reservation_account", "account_id", "expires_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    call_key: str | None = Field(default=None, index=True)
    nanos: int = Field(sa_type=Nanos)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)


class GateGrace(SQLModel, table=True):
    """That a person's grace of a period was begun, and for which request.

    It was begun when the budget was used up, and beside plain spend that moment gives the salary away: so the key is
    blinded, the state sealed JSON {"top_up_id"} for owner `company`, bound to `gate_grace:<key>`, and there is no time.
    """

    __tablename__ = "gate_grace"

    key: str = Field(primary_key=True)
    state: Sealed = Field(sa_type=SealedColumn)


class GatePause(SQLModel, table=True):
    """An agent or a session that the gate refuses, for one person or one team (`owner`: person:<id>, team:<id>)."""

    __tablename__ = "gate_pause"
    __table_args__ = (
        CheckConstraint("kind IN ('agent','session')", name="kind_known"),
        Index(
            "uq_gate_pause_one_open",
            "owner",
            "kind",
            "name",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    owner: str
    kind: str
    name: str
    until: datetime | None = Field(default=None, sa_type=UtcDateTime)  # null: until somebody lets it go on
    paused_by: str  # person:<id>, or schedule
    paused_at: datetime = Field(sa_type=UtcDateTime)
    ended_by: str = ""
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class GateLimit(SQLModel, table=True):
    """One write of a person's budget that is owed to a gateway, by what caused it.

    owed: to be written. written: the gateway took it and has not shown it yet. in_effect: it was read back. refused:
    the gateway says no. ignored: it said yes and keeps showing something else. over: the period ended first.
    `desired` is what was written last: sealed nano-dollars for owner `person:<id>`, bound to `gate_limit:<key>`.
    """

    __tablename__ = "gate_limit"
    __table_args__ = (
        CheckConstraint("status IN ('owed','written','in_effect','refused','ignored','over')", name="status_known"),
        Index("ix_gate_limit_status", "status", "id"),
        Index("ix_gate_limit_account", "account_id", "gateway"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(unique=True)  # <gateway>:<cause>
    gateway: str
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    cause: str  # the key of the transfer that changed the budget: top_up:<id>, allotment:…
    status: str = "owed"
    desired: Sealed | None = Field(default=None, sa_type=SealedColumn)
    attempts: int = 0
    owed_at: datetime = Field(sa_type=UtcDateTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    written_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    read_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = ""  # the gateway's reason, without a figure
