"""Policy: versions of it, never edited in place."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from db.seal import Sealed
from db.types import BigId, SealedColumn, UtcDateTime


class PolicyVersion(SQLModel, table=True):
    """One version of the whole policy, in force from an instant on until the next one.

    `body` is sealed for owner `company`, bound to `policy_version:<key>`: it may name people, and pay bands are pay.
    """

    __tablename__ = "policy_version"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    effective_from: datetime = Field(sa_type=UtcDateTime, index=True)
    timezone: str  # the company's zone; a change counts from the next period on
    key: str = Field(unique=True)  # random
    body: Sealed = Field(sa_type=SealedColumn)  # TOML, as imported
    recorded_by: str  # command line, or person:<id>
    recorded_at: datetime = Field(sa_type=UtcDateTime)
