"""The ledger: accounts and the immutable transfers between them."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, SealedColumn, UtcDateTime


class Account(SQLModel, table=True):
    """(person, period), a team, or one of the company's: issued, spent, expired, unattributed.

    `key` is unique and says which: `person:<id>:<first month>`, `team:<id>`, `issued`, …
    Only `closed_at` ever changes.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint("kind IN ('person','team','issued','spent','expired','unattributed')", name="kind_known"),
        CheckConstraint("(kind = 'person') = (person_id IS NOT NULL)", name="person_has_person"),
        CheckConstraint("(kind = 'person') = (period_start IS NOT NULL)", name="person_has_period"),
        CheckConstraint("(kind = 'team') = (team_id IS NOT NULL)", name="team_has_team"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(unique=True)
    kind: str
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True, sa_type=BigId)
    team_id: int | None = Field(default=None, foreign_key="team.id", sa_type=BigId)
    period: str | None = None  # label: 2026-11, 2026-Q4, 2026
    period_start: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)
    period_end: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Transfer(SQLModel, table=True):
    """One immutable movement of an amount from one account to another.

    kind: allotment, top_up, adjustment (credits from `issued`), expiry (to `expired`), carry (to a person's next
    period), reversal.
    `amount` is sealed nano-dollars for `owner`, bound to `transfer:<key>`. It is positive, but for adjustment, expiry
    and carry: these are differences, which may be zero or negative and go one way always, because which way, or that
    there is none, gives pay away. They are written whenever plain facts say so, and `cause` ends with a hash of those.
    An allotment may be zero.
    A grant is a transfer from `issued` (or a carry into a period); `priority` and `expires_at` order its burning.
    Expiry and carry name the grant whose rest they move.
    """

    __tablename__ = "transfer"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('allotment','top_up','adjustment','expiry','carry','reversal')",
            name="kind_known",
        ),
        CheckConstraint("from_account_id <> to_account_id", name="two_accounts"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(unique=True)
    kind: str
    from_account_id: int = Field(foreign_key="account.id", index=True, sa_type=BigId)
    to_account_id: int = Field(foreign_key="account.id", index=True, sa_type=BigId)
    owner: str  # whose data key seals the amount: person:<id> or company
    amount: Sealed = Field(sa_type=SealedColumn)
    priority: int | None = None
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)  # null: ends with its period
    grant_id: int | None = Field(default=None, foreign_key="transfer.id", sa_type=BigId)
    cause: str  # terms:<id>, policy:<id>, top_up:<id>, close, …
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
