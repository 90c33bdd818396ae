"""What somebody learns who takes a whole database and has no key: every plain column, and the length of every seal."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, LargeBinary, inspect, text

from db.session import Database

Shape = Mapping[str, Counter[tuple[Any, ...]]]
"""Rows by table: seals by their length, random names by theirs, and all else as it stands."""

_RANDOM = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}")
_QUOTED = re.compile(r'"([a-z_.]{6,40})"')
_ROOT = Path(__file__).parents[2]
# Random numbers, and the times of Slack's own clock, which stands still for nobody.
_LEFT_OUT = {("outbox", "id"), ("top_up_card", "ts"), ("top_up_question", "ts")}


def shape_of(database: Database) -> Shape:
    """Every row of every table as a thief sees it, and how far every sequence has counted."""
    return database.inspect(lambda connection: {name: Counter(rows) for name, rows in _tables(connection)})


def _tables(connection: Connection) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    looker = inspect(connection)
    for name in sorted(looker.get_table_names()):
        columns = looker.get_columns(name)
        found = connection.execute(text(f'SELECT * FROM "{name}"')).mappings().all()
        yield name, [tuple((one["name"], _seen(name, one, row[one["name"]])) for one in columns) for row in found]
    if connection.dialect.name == "postgresql":
        counted = connection.execute(text("SELECT sequencename, last_value FROM pg_sequences")).all()
        yield "how far sequences have counted", [tuple(row) for row in counted]


def _seen(table: str, column: Any, value: Any) -> Any:
    if (table, column["name"]) in _LEFT_OUT:
        return "something"
    if isinstance(column["type"], LargeBinary) and value is not None:
        return f"{len(value)} bytes"
    if isinstance(value, str):
        return _RANDOM.sub(lambda found: f"{len(found[0])} random digits", value)
    return value


def waiting_of(database: Database) -> set[tuple[str, ...]]:
    """What can be told of messages that wait, apart from how many there are and what they wait for.

    That is which columns say something, how long their bodies are, and what else stands in the clear.
    """
    with database.engine.connect() as connection:
        rows = connection.execute(text("SELECT * FROM outbox WHERE status = 'pending'")).mappings().all()
    told = [{name: value for name, value in row.items() if name not in _OF_ITS_OWN} for row in rows]
    return {tuple(_RANDOM.sub("random", f"{name}: {_length(value)}") for name, value in row.items()) for row in told}


# What is random, where it stands in its lane, and which message it belongs to.
_OF_ITS_OWN = {"id", "uid", "key", "lane", "position", "parent_uid", "after"}


def _length(value: Any) -> Any:
    return f"{len(value)} bytes" if isinstance(value, bytes | memoryview) else value


def apart(one: Shape, other: Shape) -> list[str]:
    """What differs, a line each; nothing means that nobody can tell the two apart."""
    found = []
    for name in sorted({*one, *other}):
        here, there = one.get(name, Counter()), other.get(name, Counter())
        if here.total() != there.total():
            found.append(f"{name}: {here.total()} rows and {there.total()}")
        found += [f"{name}: only here {_plain(row)}" for row in (here - there)]
        found += [f"{name}: only there {_plain(row)}" for row in (there - here)]
    return found


def _plain(row: tuple[Any, ...]) -> str:
    return str([cell for cell in row if not (isinstance(cell, tuple) and cell[1] is None)])


def words_of(database: Database) -> set[str]:
    """The bot's own words that stand in its files, in rows that were deleted or overwritten as well.

    A word of its own is what its code has in quotes: kinds of messages and transfers, statuses, names of facts.
    """
    sources = [
        path.read_text() for folder in ("bot/rules", "bot/services", "db") for path in (_ROOT / folder).rglob("*.py")
    ]
    ours = {word for source in sources for word in _QUOTED.findall(source)}
    files = [path.read_bytes() for path in _files(database)]
    return {word for word in ours if any(word.encode() in content for content in files)}


def _files(database: Database) -> list[Path]:
    if database.is_sqlite:
        path = Path(database.url.removeprefix("sqlite:///"))
        return sorted(path.parent.glob(f"{path.name}*"))
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CHECKPOINT"))
        root = Path(connection.execute(text("SHOW data_directory")).scalar_one())
        ours = text("SELECT pg_relation_filepath(oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace")
        paths = [root / found for found in connection.execute(ours).scalars() if found]
    return [path for path in paths if path.is_file()]
