"""The outbox: every message that is owed, stored in the transaction that makes it owed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, SealedColumn, UtcDateTime


class Outbox(SQLModel, table=True):
    """One message to post, or one change to a message posted earlier.

    `body` is sealed JSON (kind, target, facts) for owner `company`, bound to `outbox:<uid>`. `lane` is the blinded
    channel or person: within a lane order is kept. Body, lane and times are cleared when the message is sent, so that a
    dump does not tell who was told what when. `receipt` is sealed JSON {"channel", "ts"} bound to
    `outbox.receipt:<uid>`. `uid` is random and travels in the message's metadata, by which a second attempt finds the
    first. `parent_uid` is the message that this one answers in its thread, or edits. `after` names messages that must
    be sent or parked first, or be known not to get through. What is parked keeps body and lane and loses its times.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("status IN ('pending','sent','parked')", name="status_known"),
        Index("ix_outbox_status", "status", "id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    uid: str = Field(unique=True)
    key: str = Field(unique=True)  # blinded; the effect's own key: the same message is owed once
    lane: str | None = None
    body: Sealed | None = Field(default=None, sa_type=SealedColumn)
    parent_uid: str | None = None
    after: str = ""  # comma-separated uids
    status: str = "pending"
    attempts: int = 0
    created_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = ""  # why the last attempt failed; never a body
    receipt: Sealed | None = Field(default=None, sa_type=SealedColumn)


class LanePace(SQLModel, table=True):
    """When a lane may be used again: one message a second, and Slack's Retry-After. Deleted once past."""

    __tablename__ = "lane_pace"

    lane: str = Field(primary_key=True)
    free_at: datetime = Field(sa_type=UtcDateTime)
