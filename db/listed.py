"""Many values as one bound parameter.

A list of parameters is limited, on SQLite to 32,766, and SQLAlchemy takes longer to write a few hundred of them into a
statement than the database takes to answer it.
"""

import json
from collections.abc import Iterable
from typing import Any

from sqlmodel import Session


def among(session: Session, column: str) -> str:
    """The condition that a column has one of the values of the parameter `:listed`."""
    if session.get_bind().dialect.name == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(:listed))"  # noqa: S608
    return f"{column} = ANY(:listed)"


def listed(session: Session, values: Iterable[Any]) -> Any:
    """The value of that parameter: integers or texts."""
    found = sorted(values)
    return json.dumps(found) if session.get_bind().dialect.name == "sqlite" else found
