"""The schema of the database: brings it to this version's, and says whether it is."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from db import triggers
from db.session import Database
from db.tables import IMMUTABLE_TABLES

_MIGRATIONS = Path(__file__).parent / "migrations"
_UPGRADE_LOCK = 7_301_440  # any number that nothing else locks


class BrokenReferences(Exception):
    """The migration would leave rows that refer to rows that are not there. Nothing was changed."""


class NewerSchema(Exception):
    """This database was upgraded by a newer version of Stipend. Run that version. Nothing was changed."""

    def __init__(self) -> None:
        super().__init__(self.__doc__)


def upgrade(database: Database) -> None:
    """Bring the database to the newest schema, or leave it as it was.

    All of it is one transaction, and whoever comes second waits and then finds nothing to do. Raises DatabaseBusy when
    the bot's own work keeps a table locked, and NewerSchema for a database of a version to come.
    """

    def migrate(connection: Connection) -> None:
        if connection.dialect.name == "postgresql":
            # Waiting for another upgrade may take long; waiting for a busy table must not, because everybody else
            # queues behind us there.
            connection.execute(text("SET LOCAL lock_timeout = 0"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            connection.execute(text("SET LOCAL lock_timeout = '5s'"))
        if not _revisions_of(connection) <= _known_revisions():
            raise NewerSchema
        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        _check_references(connection)

    database.change_schema(migrate)


def at_head(database: Database) -> bool:
    """Whether the database has this version's schema; False for an empty one and for one of another version."""
    return database.inspect(_revisions_of) == {_head()}


def missing_triggers(database: Database) -> list[str]:
    """Names of the triggers that should keep rows from changing and are not there, switched off or altered."""
    return database.inspect(lambda connection: triggers.missing_triggers(connection, IMMUTABLE_TABLES))


def _check_references(connection: Connection) -> None:
    # SQLite does not watch references while tables are being copied, so they are looked at once, before the commit.
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).first()
        if broken is not None:
            raise BrokenReferences(f"Rows of {broken.table} refer to rows of {broken.parent} that are not there.")


def _revisions_of(connection: Connection) -> set[str]:
    return set(MigrationContext.configure(connection).get_current_heads())


@cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _known_revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
