"""Usage from a CSV file: our own format, for whatever has no adapter."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from itertools import islice
from operator import itemgetter
from typing import BinaryIO

from bot.rules.errors import quoted
from bot.rules.usage import BadUsage
from bot.sources.protocol import BadFile, Parsed, Rejected
from bot.sources.record_fields import FIELDS, REQUIRED, fact_of
from bot.sources.text import lines_of

_CHUNK = 500  # lines

Pick = Callable[[list[str]], Sequence[str]]


def parse(file: BinaryIO, now: datetime) -> Iterator[Parsed]:
    """One item for each row after the header, in order; blank lines give none.

    A bad row is rejected by its line and the rest goes on: a quote that is opened and never closed costs its own line
    only. Raises BadFile when the header does not tell what the columns are.
    """
    lines = lines_of(file)
    pick, width = _columns(next(csv.reader(lines), None))
    number = 2
    while chunk := list(islice(lines, _CHUNK)):
        for line, row in enumerate(_rows(chunk), number):
            if row:
                yield _item(row, pick, width, line, now)
            elif row is None:
                yield Rejected(line, "The quotes on this line do not match.")
        number += len(chunk)


def _rows(lines: list[str]) -> Sequence[list[str] | None]:
    """A row for each line, None where its quotes do not match.

    No field of ours has a line break, so a row that takes several lines is one with a quote left open, and then each
    line is read by itself. Every row takes one line at least, so as many rows as lines means one for each.
    """
    try:
        rows = list(csv.reader(lines, strict=True))
    except csv.Error:
        rows = []
    return rows if len(rows) == len(lines) else [_alone(line) for line in lines]


def _alone(line: str) -> list[str] | None:
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error:
        return None


def _item(row: list[str], pick: Pick, width: int, line: int, now: datetime) -> Parsed:
    if len(row) != width:
        return Rejected(line, f"The row has {len(row)} fields and the header {width}.")
    try:
        return fact_of(pick(row), now)
    except BadUsage as error:
        return Rejected(line, str(error))


def _columns(header: list[str] | None) -> tuple[Pick, int]:
    """How to pick FIELDS, in their order, from a row of this header, and how wide a row is."""
    if not header:
        raise BadFile(f"The file is empty. Its first line names the columns: {','.join(REQUIRED)}.")
    names = [name.strip().lower() for name in header]
    mistakes = _mistakes(names)
    if mistakes:
        raise BadFile(" ".join(mistakes))
    at = [names.index(name) if name in names else len(names) for name in FIELDS]
    take = itemgetter(*at)
    if len(names) not in at:
        return take, len(names)
    return (lambda row: take([*row, ""])), len(names)


def _mistakes(names: list[str]) -> list[str]:
    if len(names) == 1 and any(mark in names[0] for mark in ";\t|"):
        return ["The columns are not separated by commas. Save the file as CSV with commas and try again."]
    if "\0" in "".join(names):
        return ["The file is not UTF-8 text. Save it as CSV in UTF-8 and try again."]
    missing = [name for name in REQUIRED if name not in names]
    repeated = sorted({name for name in names if names.count(name) > 1})
    unknown = [name for name in names if name not in FIELDS]
    found = []
    if missing:
        found.append(f"The header lacks {_listed(missing)}.")
    if repeated:
        found.append(f"The header names {_listed(repeated)} more than once.")
    found += [_unknown(name) for name in unknown]
    if found:
        found.append(f"The columns are: {','.join(FIELDS)}; those from {FIELDS[len(REQUIRED)]} on may be left out.")
    return found


def _unknown(name: str) -> str:
    if not name:
        return "The header has a column without a name."
    near = get_close_matches(name, FIELDS, n=1)
    return f"There is no column {quoted(name)}" + (f": did you mean {near[0]}?" if near else ".")


def _listed(names: list[str]) -> str:
    return ", ".join(quoted(name) for name in names)
