"""No salary, nor what gives one away, in a dump, in a log, in metadata or in a channel.

The first proof looks for canaries: pay figures that stand nowhere else, in every spelling that a program or a person
might use. The others compare two worlds that differ in pay only: what channels see must be the same to the byte, and
so must be what a thief sees of the database who has no key.
"""

import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from bot.clock import FixedClock
from bot.rules.top_up_reply import Approve
from bot.rules.usage import Tokens, UsageFact
from bot.sandbox import LocalSlack
from bot.services import top_up
from bot.services.delivery import Timing, post_office
from bot.services.policy import start_company
from bot.services.roster import import_people
from bot.services.tick import run_all
from bot.services.usage import record
from bot.services.verb import Channels, Company
from bot.slack.people import Directory
from bot.slack.sink import SlackSink
from db.session import Database
from tests.conftest import MASTER
from tests.promises.stolen import apart
from tests.promises.worlds import Pay, live_through
from tests.story.test_main_job import ask, newest_card, this_month, tokens
from tests.story.town import MANIFEST, PEOPLE, Town, client_of

NOW = datetime(2026, 11, 16, 12, tzinfo=UTC)
NANOS = 10**9
CANARIES = [int(line.split(",")[5]) for line in PEOPLE.splitlines()[2:]]


def spellings(base: int) -> set[str]:
    """Patterns of pay by the year and the month, and of half of it, as people and programs write them."""
    found = set()
    for dollars in (base, base / 12, base / 2, base / 24):
        cents = round(dollars * 100)
        found |= {f"{dollars:.2f}", f"{dollars:,.2f}", f"{int(dollars):,}", str(int(dollars)), str(cents)}
    return {re.escape(text) for text in found if len(text) >= 5} | {
        str(base * NANOS // part)[:9] + r"\d+"  # nanos, however they were rounded
        for part in (1, 2, 12, 24)
    }


def leaks(text: str, where: str) -> list[str]:
    """Canaries found as numbers of their own: not inside a longer number, such as an id or a time."""
    wanted = [spelling for base in CANARIES for spelling in sorted(spellings(base))]
    return [f"{where}: {word}" for word in wanted if re.search(rf"(?<![\d.,]){word}(?!\d)", text)]


def dump(town: Town) -> str:
    """Everything that somebody who takes the disk, without the key, can read: every row, and SQLite's raw pages."""
    if town.env["DATABASE_URL"].startswith("sqlite"):
        with closing(sqlite3.connect(town.folder / "stipend.db")) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
            rows = [connection.execute(f'SELECT * FROM "{name}"').fetchall() for (name,) in names]
        raw = "".join(path.read_bytes().decode("latin-1") for path in sorted(town.folder.glob("stipend.db*")))
        return json.dumps(rows, default=repr) + raw
    url = town.env["DATABASE_URL"].replace("postgresql+psycopg", "postgresql")
    with psycopg.connect(url) as server:
        tables = server.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return json.dumps([server.execute(_all_of(name)).fetchall() for (name,) in tables], default=repr)


def _all_of(table: str) -> sql.Composed:
    return sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))


def public_calls(slack: LocalSlack, channels: set[str]) -> Iterator[dict[str, Any]]:
    """What was said to channels, metadata included."""
    for call in slack.calls():
        if call.args.get("channel") in channels:
            yield dict(call.args)


@pytest.mark.parametrize("mode", ["http", pytest.param("socket", marks=pytest.mark.long)])
def test_no_canary_in_dump_log_or_channel(town: Town) -> None:
    town.start()
    for name in ("ada", "grace", "olga", "mia", "fin"):
        assert "$" in tokens(town, name)
    town.spend(("olga@example.com", "22556.88"), ("mia@example.com", "37720.53"), at=this_month())
    ask(town, "10% a share of what pay gives", name="olga")
    ask(town, "500 finish", name="olga")
    newest_card(town, 1)
    town.cli("tick", "--at", (datetime.now(UTC) + timedelta(minutes=1)).isoformat())
    town.slack.until(lambda: any("salary" in text for text in town.dm_texts("mia")))
    seen = json.dumps([*public_calls(town.slack, set(town.channels.values()))])
    assert "salary" in seen
    assert leaks(seen, "channel") == []
    assert leaks(town.log(), "log") == []
    town.stop()
    assert leaks(dump(town), "dump") == []
    metadata = [call.args.get("metadata") for call in town.slack.calls("chat.postMessage")]
    assert leaks(json.dumps(metadata), "metadata") == []


def test_the_canaries_would_be_found() -> None:
    assert leaks("base 613,370", "x")
    assert leaks('{"nanos": 25557083333333}', "x")
    assert not leaks("1613370", "x")


def world(url: str, factor: int) -> list[dict[str, Any]]:
    """A week of a company whose people earn `factor` times as much; returns what its channels were told."""
    database = Database(url, MASTER)
    clock = FixedClock(NOW)
    with LocalSlack(MANIFEST, mode="http", message_interval_seconds=0, seed=1) as slack:
        for name in ("ada", "grace", "olga", "mia", "fin"):
            slack.add_user(name, email=f"{name}@example.com")
        rooms = {name: slack.add_channel(name, members=[slack.bot_user_id]) for name in ("approvals", "alerts")}
        company = Company(database, clock, Channels(**rooms))
        start_company(company, "UTC")
        import_people(company, richer(factor), by="test")
        client = client_of(slack)
        office = post_office(company, SlackSink(client, Directory(company, client)), Timing(gap=0))
        _live(company, clock, lambda: _deliver_all(office.deliver))
        told = [comparable(args) for args in public_calls(slack, set(rooms.values()))]
    database.dispose()
    return told


def richer(factor: int) -> str:
    """The roster with every base salary multiplied."""
    head, *rows = PEOPLE.splitlines()
    cells = [row.split(",") for row in rows]
    return "\n".join([head, *(",".join([*row[:5], str(int(row[5]) * factor), *row[6:]]) for row in cells)])


def _live(company: Company, clock: FixedClock, deliver: Callable[[], None]) -> None:
    for day in range(7):
        clock.at = NOW + timedelta(days=day)
        facts = [
            UsageFact("test", f"{day}-{number}", clock.at, "email", f"{name}@example.com", "anthropic", "opus", "swarm",
                      "s", Tokens(1000, 0, 0, 0, 500, 0), 40 * NANOS + number, "estimated")
            for number, name in enumerate(("ada", "grace", "olga", "mia", "fin"))
        ]  # fmt: skip
        record(company, facts)
        if day == 1:
            top_up.ask(company, 1, 300 * NANOS, "more for the migration", "test:1")
        if day == 3:
            top_up.decide(company, 1, 2, Approve(200 * NANOS))
        run_all(company)
        deliver()


def _deliver_all(deliver: Callable[[int], int]) -> None:
    while deliver(100):
        pass


def comparable(args: dict[str, Any]) -> dict[str, Any]:
    """A call without what is random or Slack's own: the outbox id and the times."""
    told = {name: value for name, value in args.items() if name not in {"metadata", "ts", "thread_ts", "token"}}
    blocks = [{name: value for name, value in block.items() if name != "block_id"} for block in told.get("blocks", [])]
    return told | {"blocks": blocks}


def test_channels_are_told_the_same_whatever_people_earn(fresh_url: Callable[[], str]) -> None:
    modest, rich = world(fresh_url(), 1), world(fresh_url(), 3)
    assert len(modest) >= 4
    assert modest == rich


MODEST = Pay(
    {"ada": 500_000, "grace": 613_370, "fin": 0, "olga": 318_450, "mia": 377_190},
    {"ada": 560_000, "grace": 613_370, "fin": 0, "olga": 318_450, "mia": 300_000},
)
RICH = Pay(
    {"ada": 2_000_000, "grace": 2_453_480, "fin": 1_766_800, "olga": 1_273_800, "mia": 1_508_760},
    {"ada": 1_900_000, "grace": 2_453_480, "fin": 1_766_800, "olga": 1_273_800, "mia": 1_600_000},
)


# Two companies live for four months each.
@pytest.mark.parametrize("database_engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def test_a_stolen_database_does_not_tell_what_people_earn(fresh_url: Callable[[], str]) -> None:
    """Two companies that spend the same: in one everybody overspends, in the other nobody does."""
    modest, rich = live_through(fresh_url(), MODEST), live_through(fresh_url(), RICH)
    assert (modest.alarms > 10, rich.alarms) == (True, 0)
    assert apart(modest.shape, rich.shape) == []
    assert modest.words == rich.words
    assert modest.metrics == rich.metrics
    assert len({kind for seen in (modest, rich) for kind in seen.waiting}) == 1
    stored = {name for name, rows in modest.shape.items() if rows}
    assert stored >= {"notice", "outbox", "top_up", "transfer", "usage_event"}
