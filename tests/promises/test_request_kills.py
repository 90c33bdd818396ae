"""A kill at any named point of a request's verbs leaves the whole of it or nothing, and trying again does it once."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.clock import FixedClock
from bot.services.policy import start_company
from bot.services.verb import Channels, Company, Tx, look
from db.session import Database
from tests.services.top_up_town import make_large_town

ROOT = Path(__file__).parents[2]
TABLES = ("top_up", "top_up_step", "top_up_card", "top_up_question", "outbox", "transfer", "audit", "delegation")

# The verb whose commit is reached, what has to happen first, and the code of doing it again after it was done: 2 where
# somebody is told that it was done already.
CASES: dict[str, tuple[str, tuple[str, ...], int]] = {
    "ask": ("top_up.ask", (), 0),
    "ask_little": ("top_up.ask", (), 0),
    "edit": ("top_up.edit", ("ask",), 0),
    "offer": ("top_up.offer", ("ask",), 0),
    "accept": ("top_up.accept", ("ask", "offer"), 0),
    "keep": ("top_up.keep", ("ask", "offer"), 0),
    "approve_first": ("top_up.decide", ("ask",), 2),
    "approve_last": ("top_up.decide", ("ask", "approve_first"), 2),
    "deny": ("top_up.decide", ("ask",), 2),
    "withdraw": ("top_up.withdraw", ("ask",), 2),
    "expire": ("top_up.expire", ("ask",), 0),
    "delegate": ("delegation.start", (), 0),
    "end_delegation": ("delegation.end", ("delegate",), 0),
}
REPEATED = {"offer"}  # an approver may offer the same twice: it is written down, and the requester asked, again


class Killer:
    """The other process, told what to do a line at a time."""

    def __init__(self, process: "subprocess.Popen[str]", clock: FixedClock) -> None:
        self._process = process
        self._clock = clock

    def act(self, act: str, point: str = "") -> str:
        """Do something, dying at a point if there is one; how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        at = self._clock.at + timedelta(days=8 if act == "expire" else 0)
        self._process.stdin.write(json.dumps({"act": act, "point": point, "at": at.isoformat()}) + "\n")
        self._process.stdin.flush()
        return self._process.stdout.readline().strip()


@contextmanager
def killer(company: Company, clock: FixedClock) -> Iterator[Killer]:
    town = make_large_town(company)
    told = {
        "database": company.database.url,
        "ids": {name: town[name] for name in ("ada", "eve", "grace", "mia", "del")},
    }
    command = [sys.executable, "-m", "tests.promises.request_killer", json.dumps(told)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Killer(process, clock)
        assert process.stdin is not None
        process.stdin.close()


@look
def counts(tx: Tx) -> dict[str, int]:
    return {name: int(tx.session.execute(text(f"SELECT count(*) FROM {name}")).scalar_one()) for name in TABLES}


@look
def state(tx: Tx) -> list[tuple[object, ...]]:
    found = tx.session.execute(
        text("SELECT status, version, asked_nanos, approved_nanos, counter_nanos FROM top_up ORDER BY id")
    )
    return [tuple(row) for row in found]


def check(database: Database, clock: FixedClock, act: str) -> None:
    company = Company(database, clock, Channels(approvals="C0APPROVE"))
    start_company(company, "UTC")
    verb, before, again = CASES[act]
    with killer(company, clock) as other:
        for each in before:
            assert other.act(each) == "0"
        first = counts(company), state(company)
        assert other.act(act, f"{verb}.before_commit") == "killed"
        assert (counts(company), state(company)) == first
        assert other.act(act, f"{verb}.after_commit") == "killed"
        done = counts(company), state(company)
        assert done != first
        assert other.act(act) == str(again)
        if act not in REPEATED:
            assert (counts(company), state(company)) == done
        assert state(company) == done[1]


@pytest.mark.parametrize("act", ["edit", "approve_last"])
def test_a_kill_leaves_all_or_nothing(sqlite_database: Database, clock: FixedClock, act: str) -> None:
    check(sqlite_database, clock, act)


@pytest.mark.long
@pytest.mark.parametrize("act", CASES)
def test_a_kill_at_every_point_leaves_all_or_nothing(database: Database, clock: FixedClock, act: str) -> None:
    check(database, clock, act)
