"""Requests for a top-up: their steps, where they stand in Slack, and the typed replies in their threads."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, Nanos, SealedColumn, UtcDateTime


class TopUp(SQLModel, table=True):
    """One request. `UPDATE … WHERE status = 'pending'` decides who won; every other status is final.

    `reason` and `note` are sealed text for owner `person:<person_id>`, bound to `top_up.reason:<request_key>` and
    `top_up.note:<request_key>`; so is `revoked`, what of the grant was taken back, bound to
    `top_up.revoked:<request_key>`: it is the unspent part, which the budget can be worked out from. An edit is a new
    `version` with steps of its own; a request that approved itself has none, and nobody in `decided_by`. A
    counter-offer is for more than was asked for, and waits for the requester.
    """

    __tablename__ = "top_up"
    __table_args__ = (
        CheckConstraint(
            "status IN ('pending','approved','denied','withdrawn','expired','period_ended')", name="status_known"
        ),
        CheckConstraint("kind IN ('once','permanent')", name="kind_known"),
        CheckConstraint("version > 0", name="version_positive"),
        CheckConstraint(
            "(counter_nanos IS NULL) = (counter_by IS NULL) AND (counter_nanos IS NULL OR counter_nanos > asked_nanos)",
            name="counter_above_asked",
        ),
        CheckConstraint("asked_nanos > 0", name="asked_positive"),
        CheckConstraint(
            "(status = 'approved') = (approved_nanos IS NOT NULL) AND"
            " (approved_nanos IS NULL OR (approved_nanos > 0 AND approved_nanos <= asked_nanos))",
            name="approved_within_asked",
        ),
        Index(
            "uq_top_up_one_pending",
            "person_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    request_key: str = Field(unique=True)  # the same click, command or modal sent twice gives one request
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    asked_nanos: int = Field(sa_type=Nanos)
    reason: Sealed = Field(sa_type=SealedColumn)
    version: int = 1
    kind: str = "once"
    status: str = "pending"
    approved_nanos: int | None = Field(default=None, sa_type=Nanos)
    grant_expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    note: Sealed | None = Field(default=None, sa_type=SealedColumn)
    decided_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    counter_nanos: int | None = Field(default=None, sa_type=Nanos)
    counter_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    revoked: Sealed | None = Field(default=None, sa_type=SealedColumn)
    revoked_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    reminded: int = 0
    next_reminder_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


class TopUpStep(SQLModel, table=True):
    """One of the decisions that a version of a request needs, in order of `position` from 1.

    `kinds` is frozen when the version is asked: manager, managers_manager, finance, person:<id>, joined by | where any
    one of them is enough. Who that is, is read at the moment of decision. A step that was approved has `allowed_nanos`,
    the most that later steps may allow; one that was denied has none. `note` is sealed text for owner
    `person:<the requester's id>`, bound to `top_up_step.note:<top_up_id>:<version>:<position>`.
    """

    __tablename__ = "top_up_step"
    __table_args__ = (
        CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name="decided_whole"),
        CheckConstraint(
            "decided_by IS NOT NULL OR (on_behalf_of IS NULL AND allowed_nanos IS NULL)", name="nothing_before_decided"
        ),
        CheckConstraint("allowed_nanos > 0", name="allowed_positive"),
    )

    top_up_id: int = Field(primary_key=True, foreign_key="top_up.id", sa_type=BigId)
    version: int = Field(primary_key=True)
    position: int = Field(primary_key=True)
    kinds: str
    decided_by: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    on_behalf_of: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    allowed_nanos: int | None = Field(default=None, sa_type=Nanos)
    note: Sealed | None = Field(default=None, sa_type=SealedColumn)
    escalated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class CapRoom(SQLModel, table=True):
    """A lock: whoever promises budget under a cap holds its row, so that two at once never promise the same room.

    `scope` is `company` or `team:<id>`. What is promised is worked out while the row is held, never stored.
    """

    __tablename__ = "cap_room"

    scope: str = Field(primary_key=True)
    period: str = Field(primary_key=True)


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


class TopUpQuestion(SQLModel, table=True):
    """The question of one version of a request in a card's thread, and where it stands once it has been posted.

    A typed reply is for the version whose question stands before it.
    """

    __tablename__ = "top_up_question"

    uid: str = Field(primary_key=True)
    card_uid: str = Field(foreign_key="top_up_card.uid", index=True)
    version: int
    position: int
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
