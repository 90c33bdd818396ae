"""Requests for a top-up, and the typed replies in their threads."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, Nanos, SealedColumn, UtcDateTime


class TopUp(SQLModel, table=True):
    """One request. `UPDATE … WHERE status = 'pending'` decides who won; every other status is final.

    `reason` and `note` are sealed text for owner `person:<person_id>`, bound to `top_up.reason:<request_key>` and
    `top_up.note:<request_key>`. `step` is frozen when the request is made: auto, manager or finance; who fills it is
    read at the moment of decision.
    """

    __tablename__ = "top_up"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending','approved','denied','withdrawn','expired','period_ended')", name="status_known"
        ),
        CheckConstraint("step IN ('auto','manager','finance')", name="step_known"),
        CheckConstraint("asked_nanos > 0", name="asked_positive"),
        CheckConstraint(
            "(status = 'approved') = (approved_nanos IS NOT NULL) AND"
            " (approved_nanos IS NULL OR (approved_nanos > 0 AND approved_nanos <= asked_nanos))",
            name="approved_within_asked",
        ),
        Index("uq_top_up_one_pending", "person_id", unique=True, sqlite_where=text("status = 'pending'"),
              postgresql_where=text("status = 'pending'")),
        Index("ix_top_up_card", "card_channel", "card_ts"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_key: str = Field(unique=True)  # the same click, command or modal sent twice gives one request
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    asked_nanos: int = Field(sa_type=Nanos)
    reason: Sealed = Field(sa_type=SealedColumn)
    step: str
    status: str = "pending"
    approved_nanos: int | None = Field(default=None, sa_type=Nanos)
    grant_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: Sealed | None = Field(default=None, sa_type=SealedColumn)
    decided_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    card_uid: str | None = None  # the outbox row that posts the card
    card_channel: str | None = None
    card_ts: str | None = None


class ThreadReply(SQLModel, table=True):
    """A message in an approval thread, stored before Slack is told that it arrived, so that a crash loses none.

    `body` is sealed JSON {"user", "text"} for owner `company`, bound to `thread_reply:<channel>:<ts>`; it is cleared
    once the reply has been dealt with.
    """

    __tablename__ = "thread_reply"
    __table_args__ = (UniqueConstraint("channel", "ts"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    channel: str
    ts: str
    top_up_id: int = Field(foreign_key="top_up.id", sa_type=BigId)
    body: Sealed | None = Field(default=None, sa_type=SealedColumn)
    received_at: datetime = Field(sa_type=UtcDateTime)
    handled_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
