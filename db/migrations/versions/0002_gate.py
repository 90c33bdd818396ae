"""The gate: reservations, graces, pauses, and what gateways are owed."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from db.triggers import create_triggers
from db.types import BigId, Nanos, SealedColumn, UtcDateTime

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IMMUTABLE = ("transfer", "usage_event", "terms", "policy_version", "audit", "identity_link")


def upgrade() -> None:
    op.create_table(
        "gate_grace",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", SealedColumn(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_gate_grace")),
    )
    op.create_table(
        "gate_limit",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("gateway", sa.String(), nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("desired", SealedColumn(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owed_at", UtcDateTime(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("written_at", UtcDateTime(), nullable=True),
        sa.Column("read_back_at", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.CheckConstraint(
            "status IN ('owed','written','in_effect','refused','ignored','over')",
            name=op.f("ck_gate_limit_status_known"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_gate_limit_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_limit")),
        sa.UniqueConstraint("key", name=op.f("uq_gate_limit_key")),
    )
    with op.batch_alter_table("gate_limit", schema=None) as batch_op:
        batch_op.create_index("ix_gate_limit_account", ["account_id", "gateway"], unique=False)
        batch_op.create_index("ix_gate_limit_status", ["status", "id"], unique=False)

    op.create_table(
        "gate_pause",
        sa.Column("id", BigId, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=True),
        sa.Column("paused_by", sa.String(), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=False),
        sa.Column("ended_by", sa.String(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("kind IN ('agent','session')", name=op.f("ck_gate_pause_kind_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_pause")),
    )
    with op.batch_alter_table("gate_pause", schema=None) as batch_op:
        batch_op.create_index(
            "uq_gate_pause_one_open",
            ["owner", "kind", "name"],
            unique=True,
            sqlite_where=sa.text("ended_at IS NULL"),
            postgresql_where=sa.text("ended_at IS NULL"),
        )

    op.create_table(
        "gate_reservation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("call_key", sa.String(), nullable=True),
        sa.Column("nanos", Nanos(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("nanos > 0", name=op.f("ck_gate_reservation_nanos_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_gate_reservation_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gate_reservation")),
    )
    with op.batch_alter_table("gate_reservation", schema=None) as batch_op:
        batch_op.create_index("ix_gate_reservation_account", ["account_id", "expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_gate_reservation_call_key"), ["call_key"], unique=False)
        batch_op.create_index(batch_op.f("ix_gate_reservation_expires_at"), ["expires_at"], unique=False)

    create_triggers(op.get_bind(), IMMUTABLE)
