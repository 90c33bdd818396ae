"""Every table. Importing this package registers them all with SQLModel's metadata."""

from sqlmodel import SQLModel

# Constraint names are fixed so that migrations can name them on both engines.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(column_0_N_label)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

from db.tables.audit import ApiToken, Audit, DataKey, JobRun  # noqa: E402 - the convention must stand first
from db.tables.gate import GateGrace, GateLimit, GatePause, GateReservation  # noqa: E402
from db.tables.ledger import Account, Transfer  # noqa: E402
from db.tables.notice import Notice  # noqa: E402
from db.tables.outbox import LanePace, Outbox  # noqa: E402
from db.tables.policy import PolicyVersion  # noqa: E402
from db.tables.roster import Delegation, FxRate, Identity, IdentityLink, Person, Team, Terms  # noqa: E402
from db.tables.top_up import CapRoom, ThreadReply, TopUp, TopUpCard, TopUpQuestion, TopUpStep  # noqa: E402
from db.tables.usage import SourceState, UsageEvent, UsageImport, UsageRollup  # noqa: E402

IMMUTABLE_TABLES = ("transfer", "usage_event", "terms", "policy_version", "audit", "identity_link")
"""Tables whose rows never change: triggers refuse UPDATE, DELETE, REPLACE and TRUNCATE on them."""

__all__ = [
    "IMMUTABLE_TABLES",
    "Account",
    "ApiToken",
    "Audit",
    "CapRoom",
    "DataKey",
    "Delegation",
    "FxRate",
    "GateGrace",
    "GateLimit",
    "GatePause",
    "GateReservation",
    "Identity",
    "IdentityLink",
    "JobRun",
    "LanePace",
    "Notice",
    "Outbox",
    "Person",
    "PolicyVersion",
    "SourceState",
    "Team",
    "Terms",
    "ThreadReply",
    "TopUp",
    "TopUpCard",
    "TopUpQuestion",
    "TopUpStep",
    "Transfer",
    "UsageEvent",
    "UsageImport",
    "UsageRollup",
]
