"""Usage from a CSV file: our own format, for whatever has no adapter."""

import csv
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from difflib import get_close_matches
from operator import itemgetter
from typing import BinaryIO

from bot.rules.errors import quoted
from bot.rules.usage import BadUsage
from bot.sources.protocol import BadFile, Parsed, Rejected
from bot.sources.record_fields import FIELDS, REQUIRED, fact_of
from bot.sources.text import lines_of

Pick = Callable[[list[str]], Sequence[str]]


def parse(file: BinaryIO, now: datetime) -> Iterator[Parsed]:
    """One item for each row after the header, in order; blank lines give none.

    A bad row is rejected by its line and the rest goes on: a quote that is opened and never closed costs its own line
    only. Raises BadFile when the header does not tell what the columns are.
    """
    lines = _Lines(lines_of(file))
    pick, width = _columns(next(csv.reader(lines), None))
    lines.forget()
    yield from _rows(lines, pick, width, now)


class _Lines:
    """The lines of a file, counted, remembering those that went into the row that is being read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self.pending: list[str] = []
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.pending.append(line)
        return line

    def forget(self) -> int:
        """The row is done; returns the line that it began on."""
        began = self.number + 1
        self.number += len(self.pending)
        self.pending.clear()
        return began


def _rows(lines: _Lines, pick: Pick, width: int, now: datetime) -> Iterator[Parsed]:
    reader = csv.reader(lines)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error:
            row = []
        if len(lines.pending) == 1 and (row or lines.pending[0].isspace()):
            began = lines.forget()
            if row:
                yield _item(row, pick, width, began, now)
        else:
            # No field of ours has a line break, so a quote was left open. Each line is read again by itself.
            alone = list(lines.pending)
            began = lines.forget()
            yield from _one_by_one(alone, pick, width, began, now)


def _one_by_one(lines: list[str], pick: Pick, width: int, began: int, now: datetime) -> Iterator[Parsed]:
    for number, line in enumerate(lines, began):
        try:
            row = next(csv.reader([line], strict=True), [])
        except csv.Error:
            yield Rejected(number, "A quote is opened and not closed on this line.")
            continue
        if row:
            yield _item(row, pick, width, number, now)


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
