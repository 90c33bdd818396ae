"""Usage events, which are the spend, and what is cached or remembered about reading them."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from db.types import BigId, Nanos, UtcDateTime


class UsageEvent(SQLModel, table=True):
    """One fact from a source; itself the movement of `cost_nanos` from its account to `spent`. Never changes.

    Figures are signed: a correction is a new row that names what it corrects, with the difference.
    `cost_nanos` is null while the model has no known price. Token classes are disjoint; reasoning is part of output.
    An informational row (another source is authoritative for the call) posts nothing.
    """

    __tablename__ = "usage_event"
    __table_args__ = (
        UniqueConstraint("source", "external_id"),
        Index("ix_usage_event_account_occurred", "account_id", "occurred_at"),
        Index("ix_usage_event_identity", "identity_id"),
        CheckConstraint("basis IN ('estimated','metered','invoiced')", name="basis_known"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    source: str
    external_id: str
    account_id: int = Field(foreign_key="account.id", sa_type=BigId)
    identity_id: int | None = Field(default=None, foreign_key="identity.id", sa_type=BigId)
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    provider: str
    model: str
    agent: str = ""
    session_id: str = ""
    input_tokens: int = Field(sa_type=BigId)  # uncached input
    cache_read_tokens: int = Field(sa_type=BigId)
    cache_write_5m_tokens: int = Field(sa_type=BigId)
    cache_write_1h_tokens: int = Field(sa_type=BigId)
    output_tokens: int = Field(sa_type=BigId)
    reasoning_tokens: int = Field(sa_type=BigId)
    cost_nanos: int | None = Field(default=None, sa_type=Nanos)
    basis: str
    price_source: str = ""  # source, genai-prices <version>, policy:<id>; empty while unpriced
    price_rates: str = ""  # JSON of the rates used, when we priced it
    informational: bool = False
    corrects_id: int | None = Field(default=None, foreign_key="usage_event.id", sa_type=BigId)


class UsageRollup(SQLModel, table=True):
    """Sums of posted usage by account, UTC day, provider, model and agent: a cache, never the truth."""

    __tablename__ = "usage_rollup"

    account_id: int = Field(primary_key=True, foreign_key="account.id", sa_type=BigId)
    day: date = Field(primary_key=True)
    provider: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    agent: str = Field(primary_key=True)
    events: int = Field(sa_type=BigId)
    unpriced_events: int = Field(sa_type=BigId)
    input_tokens: int = Field(sa_type=BigId)
    cache_read_tokens: int = Field(sa_type=BigId)
    cache_write_5m_tokens: int = Field(sa_type=BigId)
    cache_write_1h_tokens: int = Field(sa_type=BigId)
    output_tokens: int = Field(sa_type=BigId)
    cost_nanos: int = Field(sa_type=Nanos)


class SourceState(SQLModel, table=True):
    """How complete a source is: shown beside every figure as "as of"."""

    __tablename__ = "source_state"

    source: str = Field(primary_key=True)
    newest_event_at: datetime = Field(sa_type=UtcDateTime)
    read_at: datetime = Field(sa_type=UtcDateTime)


class UsageImport(SQLModel, table=True):
    """How far a file has been read, so that an interrupted import goes on where its last batch was stored."""

    __tablename__ = "usage_import"

    digest: str = Field(primary_key=True)  # of the file's content and the format
    rows_done: int = Field(sa_type=BigId)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
