"""Reading the people file: a CSV with a row for each person. Every mistake is found in one go, with its line.

A cell of pay is repeated in a sentence only with so few digits that it tells no pay: a mistyped salary is still a
salary, and sentences reach logs.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from io import StringIO
from typing import Any

from bot.rules.errors import Mistakes, Refused, quoted
from bot.rules.money import plain_number, to_nanos
from bot.rules.period import zone_named

REQUIRED = (
    "email",
    "name",
    "team",
    "manager_email",
    "role",
    "base_salary",
    "bonus",
    "equity_per_year",
    "currency",
)
OPTIONAL = (
    "slack_user_id",
    "timezone",
    "effective_from",
    "ends_on",
    "pay_band",
    "country",
    "legal_entity",
    "cost_center",
    "level",
)
ROLES = ("engineer", "finance", "admin")

_LONGEST_FILE = 50_000_000
_LONGEST_CELL = 200
_LARGEST_PAY = 10**13  # a year's pay has eleven digits in the currencies with the smallest units
_TELLS_NO_PAY = 3  # digits of a cell that may be repeated
_EMAIL = re.compile(r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-z0-9-]+(?:\.[a-z0-9-]+)+")
_DAY = re.compile(r"(?:19[7-9]|20[0-9])[0-9]-[0-9]{2}-[0-9]{2}")
_CURRENCY = re.compile(r"[A-Z]{3}")
_COUNTRY = re.compile(r"[A-Z]{2}")
_SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,20}")


class BadPeopleFile(Mistakes):
    """There are mistakes in the people file."""

    opening = "Nothing was imported, because of this:"


class _WrongCell(Exception):
    """What is wrong with a cell, said after its column's name."""


@dataclass(frozen=True, slots=True)
class PersonRow:
    """One person as the file has them. Pay is in nano-units of `currency` a year; an empty cell is None.

    `roles` has `finance` and `admin` only: everybody is an engineer.
    """

    line: int
    email: str
    name: str
    team: str
    manager_email: str | None
    roles: frozenset[str]
    base_nanos: int | None = field(repr=False)
    bonus_nanos: int | None = field(repr=False)
    equity_nanos: int | None = field(repr=False)
    currency: str
    slack_user_id: str | None = None
    timezone: str | None = None
    effective_from: date | None = None
    ends_on: date | None = None
    pay_band: str | None = field(default=None, repr=False)
    country: str | None = None
    legal_entity: str | None = None
    cost_center: str | None = None
    level: str | None = None


def parse_people(text: str) -> list[PersonRow]:
    """The people of a CSV file with a header, as the file orders them; a byte order mark and CRLF are welcome.

    Columns stand in any order; those that are optional may be absent, and any cell may be empty but for the e-mail,
    the name, the team, and the currency beside pay. Raises BadPeopleFile, whose `errors` name line and column.
    """
    if len(text) > _LONGEST_FILE:
        raise BadPeopleFile(["The file is larger than 50 MB."])
    reading = _Reading()
    lines = _lines(text.removeprefix("\ufeff"), reading.errors)
    line, titles = next(lines, (1, []))
    header = _header(line, titles, reading.errors)
    if reading.errors:
        raise BadPeopleFile(reading.errors)
    rows = [row for line, cells in lines if (row := reading.row(line, header, cells))]
    if not rows and not reading.errors:
        reading.errors.append("The file has a header and nobody below it.")
    if reading.errors:
        raise BadPeopleFile(reading.errors)
    return rows


def _lines(text: str, errors: list[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows that are not empty, each with the line on which it begins; a broken row ends the reading."""
    reader = csv.reader(StringIO(text, newline=""), strict=True)
    begins = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield begins, [cell.strip() for cell in cells]
            begins = reader.line_num + 1
    except csv.Error:
        errors.append(f"line {begins}: the quotes do not match, or a cell is far too long; the rest was not read.")


def _header(line: int, titles: Sequence[str], errors: list[str]) -> list[str]:
    header = [title.lower() for title in titles]
    while header and not header[-1]:  # spreadsheets leave empty columns at the right
        header.pop()
    if not header:
        errors.append(f"The file is empty. Its first line should be {','.join(REQUIRED)}.")
        return header
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and separator in header[0]:
            errors.append(f"The columns are separated by {name}. Save the file with commas.")
            return header
    known = (*REQUIRED, *OPTIONAL)
    for column in dict.fromkeys(header):
        if column not in known:
            near = get_close_matches(column[:64], [name for name in known if name not in header], n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            errors.append(f"line {line}: {quoted(column)} is not a column of this file.{hint}")
        elif header.count(column) > 1:
            errors.append(f"line {line}: the column {column} is there twice.")
    missing = [column for column in REQUIRED if column not in header]
    if missing:
        noun = "column is" if len(missing) == 1 else "columns are"
        errors.append(f"line {line}: the {noun} missing: {', '.join(missing)}.")
    return header


class _Reading:
    """One file being read: its mistakes, and where each e-mail address and Slack id stood first."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self._seen: dict[tuple[str, str], int] = {}

    def row(self, line: int, header: Sequence[str], cells: Sequence[str]) -> PersonRow | None:
        """The row, or None after a mistake in it."""
        if len(cells) < len(header) or any(cells[len(header) :]):
            self.errors.append(f"line {line}: the header has {len(header)} cells, and this row {len(cells)}.")
            return None
        before = len(self.errors)
        named = dict(zip(header, cells, strict=False))
        values = {column: self._cell(line, column, named.get(column, "")) for column in (*REQUIRED, *OPTIONAL)}
        self._check_together(line, named, values)
        return _person(line, values) if len(self.errors) == before else None

    def _cell(self, line: int, column: str, cell: str) -> object:
        try:
            return _READERS[column](cell)
        except (_WrongCell, Refused) as wrong:
            self.errors.append(f"line {line}: {column} {wrong}")
            return None

    def _check_together(self, line: int, named: Mapping[str, str], values: Mapping[str, Any]) -> None:
        begins, ends = values["effective_from"], values["ends_on"]
        if isinstance(begins, date) and isinstance(ends, date) and ends < begins:
            self.errors.append(f"line {line}: ends_on {ends} lies before effective_from {begins}.")
        pay = [column for column in ("base_salary", "bonus", "equity_per_year") if named[column]]
        if pay and not named["currency"]:
            self.errors.append(f"line {line}: currency is empty beside {pay[0]}; write a code such as USD.")
        for column in ("email", "slack_user_id"):
            value = values[column]
            if isinstance(value, str):
                first = self._seen.setdefault((column, value), line)
                if first != line:
                    self.errors.append(f"line {line}: {column} {quoted(value)} is on line {first} already.")


def _text(cell: str) -> str | None:
    if len(cell) > _LONGEST_CELL:
        raise _WrongCell(f"is longer than {_LONGEST_CELL} characters.")
    if not cell.isprintable():
        raise _WrongCell("has line breaks or other characters that cannot be printed.")
    return cell or None


def _needed(cell: str) -> str:
    text = _text(cell)
    if text is None:
        raise _WrongCell("is empty.")
    return text


def _email(cell: str) -> str | None:
    text = _text(cell.lower())
    if text is not None and not _EMAIL.fullmatch(text):
        raise _WrongCell(f"{quoted(cell)} is not an e-mail address.")
    return text


def _own_email(cell: str) -> str:
    return _email(_needed(cell)) or ""


def _roles(cell: str) -> frozenset[str]:
    roles = [role for role in re.split(r"[\s,|;]+", cell.lower()) if role]
    for role in roles:
        if role not in ROLES:
            near = get_close_matches(role[:64], ROLES, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise _WrongCell(f"{quoted(role)} is not a role: engineer, finance or admin.{hint}")
    return frozenset(roles) - {"engineer"}


def _pay(cell: str) -> int | None:
    if not cell:
        return None
    number = plain_number(cell, decimals=4)
    if number is None:
        said = f"{quoted(cell)} is" if sum(map(str.isdigit, cell)) <= _TELLS_NO_PAY else "is"
        raise _WrongCell(f"{said} not an amount; write it like 250000 or 250000.50.")
    if number > _LARGEST_PAY:
        raise _WrongCell("is larger than any pay.")
    return to_nanos(number)


def _matching(pattern: re.Pattern[str], what: str) -> Callable[[str], str | None]:
    def read(cell: str) -> str | None:
        text = cell.upper()
        if text and not pattern.fullmatch(text):
            raise _WrongCell(f"{quoted(cell)} is not {what}.")
        return text or None

    return read


def _day(cell: str) -> date | None:
    if not cell:
        return None
    try:
        if _DAY.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:  # such as 2026-02-30
        pass
    raise _WrongCell(f"{quoted(cell)} is not a day; write it like 2026-11-01.")


def _timezone(cell: str) -> str | None:
    return zone_named(cell).key if cell else None


_READERS: Mapping[str, Callable[[str], object]] = {
    "email": _own_email,
    "name": _needed,
    "team": _needed,
    "manager_email": _email,
    "role": _roles,
    "base_salary": _pay,
    "bonus": _pay,
    "equity_per_year": _pay,
    "currency": _matching(_CURRENCY, "a currency code of three letters, such as USD"),
    "slack_user_id": _matching(_SLACK_ID, "a Slack user id, such as U012AB3CD"),
    "timezone": _timezone,
    "effective_from": _day,
    "ends_on": _day,
    "pay_band": _text,
    "country": _matching(_COUNTRY, "a country code of two letters, such as DE"),
    "legal_entity": _text,
    "cost_center": _text,
    "level": _text,
}


def _person(line: int, values: Mapping[str, Any]) -> PersonRow:
    optional = {column: values[column] for column in OPTIONAL}
    return PersonRow(
        line=line,
        email=values["email"],
        name=values["name"],
        team=values["team"],
        manager_email=values["manager_email"],
        roles=values["role"],
        base_nanos=values["base_salary"],
        bonus_nanos=values["bonus"],
        equity_nanos=values["equity_per_year"],
        currency=values["currency"] or "USD",
        **optional,
    )
