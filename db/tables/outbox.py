"""The outbox: every message that is owed, stored in the transaction that makes it owed."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, SealedColumn, UtcDateTime


class Outbox(SQLModel, table=True):
    """One message to post, or one change to a message posted earlier.

    That somebody was told of a line of their budget or salary, and when, gives a salary away beside plain spend. So
    `id` is random: a counter would tell how many messages there have been, and which came before which usage. Order is
    kept by `position`, which begins again whenever nothing is owed, within a `lane`: the blinded channel or person.
    Since when a message is owed stands in its body. `body` is sealed JSON (kind, target, facts) for owner `company`,
    bound to `outbox:<uid>`, and as long for every kind. Body, lane, position and times are cleared when the message is
    sent, and where its very row would tell something, the row is deleted, or was there from the beginning: a seat, kept
    for a message that may never come. `receipt` is sealed JSON {"channel", "ts"} bound to `outbox.receipt:<uid>`,
    without a place while the seat is empty. `uid` is random and travels in the message's metadata, by which a second
    attempt finds the first. `parent_uid` is the message that this one answers in its thread, or edits. `after` names
    messages that must be sent or parked first, or be known not to get through. What is parked keeps body, lane and
    position and loses its times. What is pending or parked can still be counted: how many, of how many lanes, and how
    often each was attempted.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        CheckConstraint("status IN ('pending','sent','parked')", name="status_known"),
        Index("ix_outbox_status", "status", "position"),
    )

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigId, sa_column_kwargs={"autoincrement": False}
    )  # random
    uid: str = Field(unique=True)
    key: str = Field(unique=True)  # blinded; the effect's own key: the same message is owed once
    position: int | None = Field(default=None, unique=True, sa_type=BigId)
    lane: str | None = None
    body: Sealed | None = Field(default=None, sa_type=SealedColumn)
    parent_uid: str | None = None
    after: str = ""  # comma-separated uids
    status: str = "pending"
    attempts: int = 0
    not_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    leased_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    error: str = ""  # why the last attempt failed; never a body
    receipt: Sealed | None = Field(default=None, sa_type=SealedColumn)


class LanePace(SQLModel, table=True):
    """When a lane may be used again: one message a second, and Slack's Retry-After. Deleted once past."""

    __tablename__ = "lane_pace"

    lane: str = Field(primary_key=True)
    free_at: datetime = Field(sa_type=UtcDateTime)
