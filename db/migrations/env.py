"""How Alembic runs: on the connection that `db.schema` hands over, inside its transaction.

A developer drafts the next migration with
`alembic -x url=sqlite:///some.db revision --autogenerate -m "What it does"` against a database at the head.
"""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import BigInteger, Connection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from db.engine import make_engine
from db.tables import IMMUTABLE_TABLES
from db.types import Nanos, SealedColumn, UtcDateTime


def _render(kind: str, item: Any, drafting: AutogenContext) -> str | Literal[False]:
    if kind != "type":
        return False
    if isinstance(item, AutoString):
        return "sa.String()"
    name = "BigId" if isinstance(item, BigInteger) else type(item).__name__
    if not isinstance(item, BigInteger | Nanos | SealedColumn | UtcDateTime):
        return False
    drafting.imports.add(f"from db.types import {name}")
    return name if name == "BigId" else f"{name}()"


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=True,  # SQLite can change most things of a table only by copying it
        transactional_ddl=True,  # our engine begins real transactions on SQLite too
        compare_type=True,
        render_item=_render,
        template_args={"immutable": IMMUTABLE_TABLES},
    )
    context.run_migrations()


def _run() -> None:
    given = context.config.attributes.get("connection")
    if given is not None:
        _migrate(given)
        return
    engine = make_engine(context.get_x_argument(as_dictionary=True)["url"])
    with engine.begin() as connection:
        _migrate(connection)
    engine.dispose()


_run()
