"""The first schema."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from db.triggers import create_triggers
from db.types import BigId, Nanos, SealedColumn, UtcDateTime

revision: str = "0001"
down_revision: str | Sequence[str] | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

IMMUTABLE = ("transfer", "usage_event", "terms", "policy_version", "audit", "identity_link")


def upgrade() -> None:  # noqa: PLR0915 - a migration is one list of statements
    op.create_table(
        "api_token",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("last_used_at", UtcDateTime(), nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("scope IN ('ingest','gate')", name=op.f("ck_api_token_scope_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_token")),
        sa.UniqueConstraint("name", name=op.f("uq_api_token_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_token_token_hash")),
    )
    op.create_table(
        "audit",
        sa.Column("id", BigId, nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("previous_hash", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("hash", name=op.f("uq_audit_hash")),
        sa.UniqueConstraint("previous_hash", name=op.f("uq_audit_previous_hash")),
    )
    op.create_table(
        "data_key",
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("wrapped", SealedColumn(), nullable=False),
        sa.Column("master", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("owner", name=op.f("pk_data_key")),
    )
    op.create_table(
        "fx_rate",
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("on_date", sa.Date(), nullable=False),
        sa.Column("usd_per_unit", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "on_date", name=op.f("pk_fx_rate")),
    )
    op.create_table(
        "identity",
        sa.Column("id", BigId, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_identity_kind_value")),
    )
    op.create_table(
        "job_run",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job_run")),
    )
    op.create_table(
        "lane_pace",
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_lane_pace")),
    )
    op.create_table(
        "notice",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("state", SealedColumn(), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_notice")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        sa.Column("id", BigId, autoincrement=False, nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("position", BigId, nullable=True),
        sa.Column("lane", sa.String(), nullable=True),
        sa.Column("body", SealedColumn(), nullable=True),
        sa.Column("parent_uid", sa.String(), nullable=True),
        sa.Column("after", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", UtcDateTime(), nullable=True),
        sa.Column("leased_until", UtcDateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("receipt", SealedColumn(), nullable=True),
        sa.CheckConstraint("status IN ('pending','sent','parked')", name=op.f("ck_outbox_status_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("key", name=op.f("uq_outbox_key")),
        sa.UniqueConstraint("position", name=op.f("uq_outbox_position")),
        sa.UniqueConstraint("uid", name=op.f("uq_outbox_uid")),
    )
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.create_index("ix_outbox_status", ["status", "position"], unique=False)

    op.create_table(
        "person",
        sa.Column("id", BigId, nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("slack_user_id", sa.String(), nullable=True),
        sa.Column("timezone", sa.String(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_person_email_lower")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
        sa.UniqueConstraint("slack_user_id", name=op.f("uq_person_slack_user_id")),
    )
    op.create_table(
        "policy_version",
        sa.Column("id", BigId, nullable=False),
        sa.Column("effective_from", UtcDateTime(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("body", SealedColumn(), nullable=False),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_version")),
        sa.UniqueConstraint("key", name=op.f("uq_policy_version_key")),
    )
    with op.batch_alter_table("policy_version", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_policy_version_effective_from"), ["effective_from"], unique=False)

    op.create_table(
        "source_state",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("newest_event_at", UtcDateTime(), nullable=False),
        sa.Column("read_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_source_state")),
    )
    op.create_table(
        "cap_room",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "period", name=op.f("pk_cap_room")),
    )
    op.create_table(
        "team",
        sa.Column("id", BigId, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_team")),
        sa.UniqueConstraint("name", name=op.f("uq_team_name")),
    )
    op.create_table(
        "thread_reply",
        sa.Column("id", BigId, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("ts", sa.String(), nullable=False),
        sa.Column("thread_ts", sa.String(), nullable=False),
        sa.Column("is_edit", sa.Boolean(), nullable=False),
        sa.Column("body", SealedColumn(), nullable=True),
        sa.Column("received_at", UtcDateTime(), nullable=False),
        sa.Column("handled_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_reply")),
        sa.UniqueConstraint("channel", "ts", name=op.f("uq_thread_reply_channel_ts")),
    )
    with op.batch_alter_table("thread_reply", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_thread_reply_handled_at"), ["handled_at"], unique=False)

    op.create_table(
        "usage_import",
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("rows_done", BigId, nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_usage_import")),
    )
    op.create_table(
        "account",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("period", sa.String(), nullable=True),
        sa.Column("period_start", UtcDateTime(), nullable=True),
        sa.Column("period_end", UtcDateTime(), nullable=True),
        sa.Column("closed_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(kind = 'person') = (period_start IS NOT NULL)", name=op.f("ck_account_person_has_period")),
        sa.CheckConstraint("(kind = 'person') = (person_id IS NOT NULL)", name=op.f("ck_account_person_has_person")),
        sa.CheckConstraint("(kind = 'team') = (team_id IS NOT NULL)", name=op.f("ck_account_team_has_team")),
        sa.CheckConstraint(
            "kind IN ('person','team','issued','spent','expired','unattributed')", name=op.f("ck_account_kind_known")
        ),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_account_person_id_person")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_account_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("key", name=op.f("uq_account_key")),
    )
    with op.batch_alter_table("account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_account_period_start"), ["period_start"], unique=False)
        batch_op.create_index(batch_op.f("ix_account_person_id"), ["person_id"], unique=False)

    op.create_table(
        "delegation",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("delegate_id", BigId, nullable=False),
        sa.Column("starts_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime(), nullable=False),
        sa.Column("ended_at", UtcDateTime(), nullable=True),
        sa.Column("recorded_by", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("person_id <> delegate_id", name=op.f("ck_delegation_two_people")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_delegation_lasts")),
        sa.ForeignKeyConstraint(["delegate_id"], ["person.id"], name=op.f("fk_delegation_delegate_id_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_delegation_person_id_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegation_delegate_id"), ["delegate_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegation_person_id"), ["person_id"], unique=False)

    op.create_table(
        "identity_link",
        sa.Column("id", BigId, nullable=False),
        sa.Column("identity_id", BigId, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("person_id", BigId, nullable=True),
        sa.Column("team_id", BigId, nullable=True),
        sa.Column("linked_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint("(person_id IS NULL) <> (team_id IS NULL)", name=op.f("ck_identity_link_one_target")),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_identity_link_identity_id_identity")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_identity_link_person_id_person")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_identity_link_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_link")),
        sa.UniqueConstraint("identity_id", "revision", name=op.f("uq_identity_link_identity_id_revision")),
    )
    op.create_table(
        "terms",
        sa.Column("id", BigId, nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("team_id", BigId, nullable=False),
        sa.Column("manager_email", sa.String(), nullable=True),
        sa.Column("roles", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("pay", SealedColumn(), nullable=False),
        sa.Column("pay_band", sa.String(), nullable=True),
        sa.Column("country", sa.String(), nullable=True),
        sa.Column("legal_entity", sa.String(), nullable=True),
        sa.Column("cost_center", sa.String(), nullable=True),
        sa.Column("level", sa.String(), nullable=True),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_terms_person_id_person")),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name=op.f("fk_terms_team_id_team")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_terms")),
        sa.UniqueConstraint(
            "person_id", "effective_from", "revision", name=op.f("uq_terms_person_id_effective_from_revision")
        ),
    )
    with op.batch_alter_table("terms", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_terms_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_terms_team_id"), ["team_id"], unique=False)

    op.create_table(
        "top_up",
        sa.Column("id", BigId, nullable=False),
        sa.Column("request_key", sa.String(), nullable=False),
        sa.Column("person_id", BigId, nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("asked_nanos", Nanos(), nullable=False),
        sa.Column("reason", SealedColumn(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("approved_nanos", Nanos(), nullable=True),
        sa.Column("grant_expires_at", UtcDateTime(), nullable=True),
        sa.Column("note", SealedColumn(), nullable=True),
        sa.Column("decided_by", BigId, nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("counter_nanos", Nanos(), nullable=True),
        sa.Column("counter_by", BigId, nullable=True),
        sa.Column("revoked", SealedColumn(), nullable=True),
        sa.Column("revoked_by", BigId, nullable=True),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.Column("reminded", sa.Integer(), nullable=False),
        sa.Column("next_reminder_at", UtcDateTime(), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "(status = 'approved') = (approved_nanos IS NOT NULL) AND (approved_nanos IS NULL OR (approved_nanos > 0 AND approved_nanos <= asked_nanos))",
            name=op.f("ck_top_up_approved_within_asked"),
        ),
        sa.CheckConstraint(
            "status IN ('pending','approved','denied','withdrawn','expired','period_ended')",
            name=op.f("ck_top_up_status_known"),
        ),
        sa.CheckConstraint("kind IN ('once','permanent')", name=op.f("ck_top_up_kind_known")),
        sa.CheckConstraint("version > 0", name=op.f("ck_top_up_version_positive")),
        sa.CheckConstraint(
            "(counter_nanos IS NULL) = (counter_by IS NULL) AND (counter_nanos IS NULL OR counter_nanos > asked_nanos)",
            name=op.f("ck_top_up_counter_above_asked"),
        ),
        sa.CheckConstraint("asked_nanos > 0", name=op.f("ck_top_up_asked_positive")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_top_up_account_id_account")),
        sa.ForeignKeyConstraint(["counter_by"], ["person.id"], name=op.f("fk_top_up_counter_by_person")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_top_up_decided_by_person")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_top_up_person_id_person")),
        sa.ForeignKeyConstraint(["revoked_by"], ["person.id"], name=op.f("fk_top_up_revoked_by_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_top_up")),
        sa.UniqueConstraint("request_key", name=op.f("uq_top_up_request_key")),
    )
    with op.batch_alter_table("top_up", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_top_up_person_id"), ["person_id"], unique=False)
        batch_op.create_index(
            "uq_top_up_one_pending",
            ["person_id"],
            unique=True,
            sqlite_where=sa.text("status = 'pending'"),
            postgresql_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "transfer",
        sa.Column("id", BigId, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("from_account_id", BigId, nullable=False),
        sa.Column("to_account_id", BigId, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("amount", SealedColumn(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("expires_at", UtcDateTime(), nullable=True),
        sa.Column("grant_id", BigId, nullable=True),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('allotment','top_up','adjustment','expiry','carry','reversal')",
            name=op.f("ck_transfer_kind_known"),
        ),
        sa.CheckConstraint("from_account_id <> to_account_id", name=op.f("ck_transfer_two_accounts")),
        sa.ForeignKeyConstraint(["from_account_id"], ["account.id"], name=op.f("fk_transfer_from_account_id_account")),
        sa.ForeignKeyConstraint(["grant_id"], ["transfer.id"], name=op.f("fk_transfer_grant_id_transfer")),
        sa.ForeignKeyConstraint(["to_account_id"], ["account.id"], name=op.f("fk_transfer_to_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_transfer")),
        sa.UniqueConstraint("key", name=op.f("uq_transfer_key")),
    )
    with op.batch_alter_table("transfer", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_transfer_from_account_id"), ["from_account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_transfer_to_account_id"), ["to_account_id"], unique=False)

    op.create_table(
        "usage_event",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("identity_id", BigId, nullable=True),
        sa.Column("occurred_at", UtcDateTime(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("input_tokens", BigId, nullable=False),
        sa.Column("cache_read_tokens", BigId, nullable=False),
        sa.Column("cache_write_5m_tokens", BigId, nullable=False),
        sa.Column("cache_write_1h_tokens", BigId, nullable=False),
        sa.Column("output_tokens", BigId, nullable=False),
        sa.Column("reasoning_tokens", BigId, nullable=False),
        sa.Column("cost_nanos", Nanos(), nullable=True),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("price_source", sa.String(), nullable=False),
        sa.Column("price_rates", sa.String(), nullable=False),
        sa.Column("informational", sa.Boolean(), nullable=False),
        sa.Column("corrects_id", BigId, nullable=True),
        sa.CheckConstraint("basis IN ('estimated','metered','invoiced')", name=op.f("ck_usage_event_basis_known")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_usage_event_account_id_account")),
        sa.ForeignKeyConstraint(
            ["corrects_id"], ["usage_event.id"], name=op.f("fk_usage_event_corrects_id_usage_event")
        ),
        sa.ForeignKeyConstraint(["identity_id"], ["identity.id"], name=op.f("fk_usage_event_identity_id_identity")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_usage_event")),
        sa.UniqueConstraint("source", "external_id", name=op.f("uq_usage_event_source_external_id")),
    )
    with op.batch_alter_table("usage_event", schema=None) as batch_op:
        batch_op.create_index("ix_usage_event_account_occurred", ["account_id", "occurred_at"], unique=False)
        batch_op.create_index("ix_usage_event_identity", ["identity_id"], unique=False)

    op.create_table(
        "usage_rollup",
        sa.Column("account_id", BigId, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("events", BigId, nullable=False),
        sa.Column("unpriced_events", BigId, nullable=False),
        sa.Column("input_tokens", BigId, nullable=False),
        sa.Column("cache_read_tokens", BigId, nullable=False),
        sa.Column("cache_write_5m_tokens", BigId, nullable=False),
        sa.Column("cache_write_1h_tokens", BigId, nullable=False),
        sa.Column("output_tokens", BigId, nullable=False),
        sa.Column("cost_nanos", Nanos(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_usage_rollup_account_id_account")),
        sa.PrimaryKeyConstraint("account_id", "day", "provider", "model", "agent", name=op.f("pk_usage_rollup")),
    )
    op.create_table(
        "top_up_card",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("top_up_id", BigId, nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("ts", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["top_up_id"], ["top_up.id"], name=op.f("fk_top_up_card_top_up_id_top_up")),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_top_up_card")),
    )
    with op.batch_alter_table("top_up_card", schema=None) as batch_op:
        batch_op.create_index("ix_top_up_card_place", ["channel", "ts"], unique=False)
        batch_op.create_index(batch_op.f("ix_top_up_card_top_up_id"), ["top_up_id"], unique=False)

    op.create_table(
        "top_up_question",
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("card_uid", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=True),
        sa.Column("ts", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(
            ["card_uid"], ["top_up_card.uid"], name=op.f("fk_top_up_question_card_uid_top_up_card")
        ),
        sa.PrimaryKeyConstraint("uid", name=op.f("pk_top_up_question")),
    )
    with op.batch_alter_table("top_up_question", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_top_up_question_card_uid"), ["card_uid"], unique=False)

    op.create_table(
        "top_up_step",
        sa.Column("top_up_id", BigId, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("kinds", sa.String(), nullable=False),
        sa.Column("decided_by", BigId, nullable=True),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("on_behalf_of", BigId, nullable=True),
        sa.Column("allowed_nanos", Nanos(), nullable=True),
        sa.Column("note", SealedColumn(), nullable=True),
        sa.Column("escalated_at", UtcDateTime(), nullable=True),
        sa.CheckConstraint("(decided_by IS NULL) = (decided_at IS NULL)", name=op.f("ck_top_up_step_decided_whole")),
        sa.CheckConstraint(
            "decided_by IS NOT NULL OR (on_behalf_of IS NULL AND allowed_nanos IS NULL)",
            name=op.f("ck_top_up_step_nothing_before_decided"),
        ),
        sa.CheckConstraint("allowed_nanos > 0", name=op.f("ck_top_up_step_allowed_positive")),
        sa.ForeignKeyConstraint(["decided_by"], ["person.id"], name=op.f("fk_top_up_step_decided_by_person")),
        sa.ForeignKeyConstraint(["on_behalf_of"], ["person.id"], name=op.f("fk_top_up_step_on_behalf_of_person")),
        sa.ForeignKeyConstraint(["top_up_id"], ["top_up.id"], name=op.f("fk_top_up_step_top_up_id_top_up")),
        sa.PrimaryKeyConstraint("top_up_id", "version", "position", name=op.f("pk_top_up_step")),
    )
    create_triggers(op.get_bind(), IMMUTABLE)
