"""Usage from JSON lines: the fields of the CSV, one object a line."""

import json
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, BinaryIO

from bot.rules.errors import quoted
from bot.rules.usage import BadUsage
from bot.sources.protocol import Parsed, Rejected
from bot.sources.record_fields import FIELDS, REQUIRED, fact_of
from bot.sources.text import lines_of


def parse(file: BinaryIO, now: datetime) -> Iterator[Parsed]:
    """One item for each line that is not blank. A bad line is rejected by its number and the rest goes on."""
    for number, line in enumerate(lines_of(file), 1):
        if line and not line.isspace():
            yield _item(line, number, now)


def _item(line: str, number: int, now: datetime) -> Parsed:
    try:
        found = json.loads(line, parse_float=Decimal)
    except (ValueError, RecursionError):  # also an integer of thousands of digits
        return Rejected(number, "The line is not JSON.")
    if not isinstance(found, dict):
        return Rejected(number, "The line is not a JSON object.")
    try:
        return fact_of(_values(found), now)
    except BadUsage as error:
        return Rejected(number, str(error))


def _values(found: dict[str, Any]) -> list[str]:
    for name in found:
        if name not in FIELDS:
            raise BadUsage(f"There is no field {quoted(name)}.")
    for name in REQUIRED:
        if name not in found:
            raise BadUsage(f"{name} is missing.")
    return [_text(name, found.get(name)) for name in FIELDS]


def _text(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, Decimal | int) and not isinstance(value, bool):
        return str(value)
    raise BadUsage(f"{name} is neither a text nor a number.")
