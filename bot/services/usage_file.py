"""Usage from files: streamed in batches, resumable, bad rows refused by line and the rest kept."""

import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from bot.rules.errors import Refused, quoted
from bot.rules.usage import UsageFact
from bot.services import policy
from bot.services.usage import BATCH, PricedFact, Recorded, price_all, record_in
from bot.services.verb import Company, Tx, look, verb
from bot.sources import csv_file, json_lines, litellm
from bot.sources.protocol import Ignored, Parsed, Rejected
from db import usage as query

FORMATS = ("csv", "jsonl", "litellm")

MOST_REFUSALS_SHOWN = 50
_DIGEST_CHUNK = 1 << 20
_OBJECTS_OF_SOME_BATCHES = 200_000

Parser = Callable[[BinaryIO, datetime], Iterator[Parsed]]
Progress = Callable[[int, int], None]
"""Called after every batch with bytes read and bytes in all."""


class UnknownFormat(Refused):
    """That format cannot be imported."""


class NotReadable(Refused):
    """The file cannot be read."""


@dataclass
class Imported:
    """What came of a file or a body. All but `repeated` and `refused` counts only what was new.

    `refusals` are sentences with the line, at most MOST_REFUSALS_SHOWN of the `refused`; `ignored` counts by reason.
    """

    recorded: Recorded = field(default_factory=Recorded)
    refused: int = 0
    refusals: list[str] = field(default_factory=list)
    ignored: Counter[str] = field(default_factory=Counter)
    rows_before: int = 0

    def sentence(self) -> str:
        """What to tell whoever imported it."""
        of = self.recorded
        parts = [f"{of.new} new", f"{of.repeated} repeated", f"{of.unattributed} unattributed"]
        parts += [f"{of.unpriced} unpriced", f"{self.refused} refused"]
        told = [", ".join(parts) + "."]
        if self.rows_before:
            told.insert(0, f"Went on after the first {self.rows_before} rows, which were stored before.")
        told += [f"Ignored {count}: {reason}." for reason, count in sorted(self.ignored.items())]
        if of.doubtful:
            told.append(f"Note: {of.doubtful} cost more than $10,000 for a million tokens; look where that is from.")
        if self.refused > len(self.refusals):
            told.append(f"The first {len(self.refusals)} refusals are listed.")
        return " ".join(told)

    def take(self, items: Sequence[Parsed], what: str) -> list[UsageFact]:
        """Keep the facts; count and describe the rest."""
        facts = [item for item in items if isinstance(item, UsageFact)]
        if len(facts) < len(items):
            for item in items:
                if isinstance(item, Ignored):
                    self.ignored[item.reason] += 1
                elif isinstance(item, Rejected):
                    self._refuse(item, what)
        return facts

    def _refuse(self, item: Rejected, what: str) -> None:
        self.refused += 1
        if len(self.refusals) < MOST_REFUSALS_SHOWN:
            self.refusals.append(f"{what} {item.line}: {item.sentence}")


def import_file(
    company: Company, path: Path, file_format: str = "csv", progress: Progress = lambda _done, _all: None
) -> Imported:
    """Bring in a file, batch by batch; a bad row is refused by its line and the rest is kept.

    Interrupted anywhere, it goes on where the last batch was stored; and since an event counts once, even a start from
    the beginning counts nothing twice. Raises UnknownFormat, NotReadable, or BadFile when it is not of its format.
    """
    parse = _parser(company, file_format)
    try:
        with path.open("rb") as file, _few_collections():
            return _import(company, _Reading(file, path.stat().st_size, file_format, progress), parse)
    except OSError as error:
        raise NotReadable(f"{path} cannot be read: {error.strerror or 'it is no file'}.") from error


@contextmanager
def _few_collections() -> Iterator[None]:
    """A batch is tens of thousands of objects and no cycle among them; looking for cycles took a third of the time."""
    before = gc.get_threshold()
    gc.set_threshold(_OBJECTS_OF_SOME_BATCHES, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _parser(company: Company, file_format: str) -> Parser:
    if file_format == "csv":
        return csv_file.parse
    if file_format == "jsonl":
        return json_lines.parse
    if file_format == "litellm":
        return partial(litellm.parse, trust_end_user=_trusts_end_user(company, litellm.SOURCE))
    raise UnknownFormat(f"The format {quoted(file_format)} cannot be imported. There are: {', '.join(FORMATS)}.")


@look
def _trusts_end_user(tx: Tx, source: str) -> bool:
    return source in policy.company_policy(tx).trusted_end_user_sources


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file that is being read."""

    file: BinaryIO
    size: int
    file_format: str
    progress: Progress

    def digest(self) -> str:
        """Of the format and the whole content; leaves the file at its beginning."""
        digest = hashlib.sha256(self.file_format.encode() + b"\0")
        while chunk := self.file.read(_DIGEST_CHUNK):
            digest.update(chunk)
        self.file.seek(0)
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class _Batch:
    """Rows that are read and priced, and how far into the file they end."""

    priced: list[PricedFact]
    rows_done: int
    bytes_done: int


def _import(company: Company, reading: _Reading, parse: Parser) -> Imported:
    digest = reading.digest()
    result = Imported(rows_before=_rows_before(company, digest))
    batches = _batches(reading, parse(reading.file, company.clock.now()), result)
    rows_done = result.rows_before
    # A database server works by itself meanwhile. SQLite works in this process, and two threads would only take turns.
    for batch in batches if company.database.is_sqlite else _one_ahead(batches):
        rows_done = batch.rows_done
        result.recorded += _store(company, batch.priced, digest, rows_done)
        reading.progress(batch.bytes_done, reading.size)
    _finish(company, digest, rows_done)
    return result


def _batches(reading: _Reading, items: Iterator[Parsed], result: Imported) -> Iterator[_Batch]:
    what = "Payload" if reading.file_format == "litellm" else "Line"
    rows_done = sum(1 for _ in islice(items, result.rows_before))
    while batch := list(islice(items, BATCH)):
        rows_done += len(batch)
        yield _Batch(price_all(result.take(batch, what)), rows_done, reading.file.tell())


def _one_ahead(batches: Iterator[_Batch]) -> Iterator[_Batch]:
    """Read the next batch while the one before it is stored."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="import") as reader:
        coming = reader.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, batches, None)
            yield batch


@look
def _rows_before(tx: Tx, digest: str) -> int:
    """Rows of an interrupted import; a file that was read to its end is read again, and says what it repeats."""
    state = query.import_state(tx.session, digest)
    return 0 if state is None or state.finished_at is not None else state.rows_done


@verb("usage.import")
def _store(tx: Tx, priced: list[PricedFact], digest: str, rows_done: int) -> Recorded:
    query.advance_import(tx.session, digest, rows_done, None)
    return record_in(tx, priced)


@verb("usage.import_finished")
def _finish(tx: Tx, digest: str, rows_done: int) -> None:
    query.advance_import(tx.session, digest, rows_done, tx.now)
