"""Usage events by the million, made by the database itself."""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel import Session

from db import usage as query
from db.seal import Vault
from db.session import Database
from tests.conftest import NOW

_SPAN = timedelta(days=15)
_COST = 20_000_000  # nano-dollars; so little that nobody reaches a line
_COLUMNS = (
    "source, external_id, account_id, occurred_at, recorded_at, provider, model, agent, session_id, input_tokens,"
    " cache_read_tokens, cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, cost_nanos,"
    " basis, price_source, price_rates, informational"
)
_NUMBERS = {
    "sqlite": "(WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count}) SELECT i FROM n)",
    "postgresql": "generate_series(0, {count} - 1) AS n(i)",
}
_INSTANT = {
    "sqlite": "{start} + (i % {each}) * ({span} / {each})",
    "postgresql": "to_timestamp({start} / 1000000.0) + (i % {each}) * ({span} / {each}) * interval '1 microsecond'",
}
_ID = {"sqlite": "printf('e%010d', i)", "postgresql": "'e' || lpad(i::text, 10, '0')"}


def fill(database: Database, people: int, count: int) -> None:
    """Store so many events, as many of each person, with their rollups: two models and two agents, in fifteen days."""
    engine = database.engine.dialect.name
    each = count // people
    start = int((NOW - _SPAN).timestamp()) * 1_000_000
    span = int(_SPAN.total_seconds()) * 1_000_000
    numbers = _NUMBERS[engine].format(count=count)
    instant = _INSTANT[engine].format(start=start, span=span, each=each)
    recorded = instant
    select = (
        f"SELECT 'file', {_ID[engine]}, first.id + i / {each}, {instant}, {recorded}, 'anthropic',"
        " CASE i % 2 WHEN 0 THEN 'claude-sonnet-4-5' ELSE 'claude-opus-4-5' END,"
        " CASE i / 2 % 2 WHEN 0 THEN 'swarm' ELSE 'nightly' END,"
        f" 's-' || (i % 97), 100, 3000, 200, 0, 400, 0, {_COST}, 'estimated', 'source', '', (1 = 0) FROM {numbers},"
        " (SELECT min(id) AS id FROM account WHERE kind = 'person') AS first"
    )

    def add(session: Session, _vault: Vault) -> None:
        if engine == "postgresql":
            # Without looking up for each row whether its account is there.
            session.execute(text("SET LOCAL session_replication_role = replica"))
            session.execute(text("SET LOCAL statement_timeout = 0"))
        session.execute(text(f"INSERT INTO usage_event ({_COLUMNS}) {select}"))
        query.advance_source(session, "file", NOW, NOW)
        query.rebuild_rollups(session)

    database.write("bench.fill", add)
    if engine == "postgresql":
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("VACUUM ANALYZE")
