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


class TopUpCard(SQLModel, table=True):
    """A request as it stands in Slack: one in the approvals channel, or one in the DM of each who may decide.

    `uid` is the outbox row that posts it. Where it stands, and so its thread, is known once it has been posted.
    """

    __tablename__ = "top_up_card"
    __table_args__ = (Index("ix_top_up_card_place", "channel", "ts"),)

    uid: str = Field(primary_key=True)
    top_up_id: int = Field(foreign_key="top_up.id", index=True, sa_type=BigId)
    channel: str | None = None
    ts: str | None = None


class ThreadReply(SQLModel, table=True):
    """A reply that begins like a decision, stored before Slack is told that it arrived, so that a crash loses none.

    Which request it is about is found by its thread when it is dealt with: the reply may be faster than the note of
    where the card was posted. `body` is sealed JSON {"user", "text"} for owner `company`, bound to
    `thread_reply:<channel>:<ts>`; it is cleared once the reply has been dealt with. An edit of an earlier reply is
    stored under the time of the edit.
    """

    __tablename__ = "thread_reply"
    __table_args__ = (UniqueConstraint("channel", "ts"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    channel: str
    ts: str
    thread_ts: str
    is_edit: bool = False
    body: Sealed | None = Field(default=None, sa_type=SealedColumn)
    received_at: datetime = Field(sa_type=UtcDateTime)
    handled_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
