"""Statements that are asked all the time: written once, and run past SQLAlchemy's objects.

To build a statement and to make objects of its rows takes SQLAlchemy several times as long as the database needs to
answer. A row of a plain statement has the table's columns as attributes, and cannot be changed.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Executable, Table
from sqlmodel import Session, SQLModel


def columns_of(table: type[SQLModel]) -> Any:
    """The columns of a table, for a statement that gives rows instead of objects."""
    return table_of(table).c


def table_of(table: type[SQLModel]) -> Table:
    """The table behind a class."""
    found: Table = table.__table__  # type: ignore[attr-defined]
    return found


def rows(session: Session, statement: Executable, **values: Any) -> Sequence[Any]:
    """What a plain statement finds, after everything that this session has still to store."""
    session.flush()
    return session.connection().execute(statement, values).all()
