"""Who: people, teams, their dated terms, identities, and the currency rates that pay converts at.

Names, e-mail addresses and Slack ids stand in these tables only, so that erasing a person is possible.
"""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, SealedColumn, UtcDateTime


class Person(SQLModel, table=True):
    """Somebody of the company. What may change with time stands in `Terms`."""

    __tablename__ = "person"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_lower"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    email: str = Field(unique=True)
    name: str
    slack_user_id: str | None = Field(default=None, unique=True)
    timezone: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Team(SQLModel, table=True):
    """A team; a person has one at a time."""

    __tablename__ = "team"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    name: str = Field(unique=True)


class Terms(SQLModel, table=True):
    """What holds for a person from a day on: team, manager, roles, pay. Rows never change.

    The terms of a day are those with the latest `effective_from` not after it, and of these the highest revision.
    `pay` is sealed JSON {"base", "bonus", "equity"} in nano-units of `currency` a year (each may be null), for owner
    `person:<id>`, bound to `terms:<person_id>:<effective_from>:<revision>`.
    """

    __tablename__ = "terms"
    __table_args__ = (UniqueConstraint("person_id", "effective_from", "revision"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigId)
    effective_from: date
    revision: int
    ends_on: date | None = None  # the last day of employment, included
    team_id: int = Field(foreign_key="team.id", index=True, sa_type=BigId)
    manager_email: str | None = None
    roles: str = ""  # comma-separated: finance, admin; everybody is an engineer
    currency: str = "USD"
    pay: Sealed = Field(sa_type=SealedColumn)
    pay_band: str | None = None
    country: str | None = None
    legal_entity: str | None = None
    cost_center: str | None = None
    level: str | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class Identity(SQLModel, table=True):
    """A name by which a source knows somebody: an e-mail address, later a vendor's user id or an API key."""

    __tablename__ = "identity"
    __table_args__ = (UniqueConstraint("kind", "value"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: str  # email, …
    value: str


class IdentityLink(SQLModel, table=True):
    """Whom an identity leads to, from an instant on. The latest link holds; rows never change."""

    __tablename__ = "identity_link"
    __table_args__ = (
        CheckConstraint("(person_id IS NULL) <> (team_id IS NULL)", name="one_target"),
        UniqueConstraint("identity_id", "revision"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    identity_id: int = Field(foreign_key="identity.id", sa_type=BigId)
    revision: int
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    team_id: int | None = Field(default=None, foreign_key="team.id", sa_type=BigId)
    linked_at: datetime = Field(sa_type=UtcDateTime)


class Delegation(SQLModel, table=True):
    """While it lasts, the delegate may decide what the person may decide as manager, manager's manager or by name.

    It lasts from `starts_at` up to `ends_at`, or to `ended_at` where somebody ended it before.
    """

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("person_id <> delegate_id", name="two_people"),
        CheckConstraint("starts_at < ends_at", name="lasts"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", index=True, sa_type=BigId)
    delegate_id: int = Field(foreign_key="person.id", index=True, sa_type=BigId)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    recorded_by: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class FxRate(SQLModel, table=True):
    """Dollars for one unit of a currency on a day, as an exact decimal text."""

    __tablename__ = "fx_rate"

    currency: str = Field(primary_key=True)
    on_date: date = Field(primary_key=True)
    usd_per_unit: str
    recorded_at: datetime = Field(sa_type=UtcDateTime)
