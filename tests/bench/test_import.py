"""How fast usage comes in, against reading and parsing the same bytes and bulk-inserting the rows, and nothing else.

The opponent writes into a table of the same columns, constraints and indexes, by executemany on SQLite and COPY on
PostgreSQL, in transactions of the same size. Each side is measured three times, in turn, and the best counts.
"""

import csv
import json
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from bot.clock import FixedClock
from bot.rules.usage import Tokens
from bot.services.account import accounts_for
from bot.services.ingest import ingest_litellm
from bot.services.policy import calendar, start_company
from bot.services.price import list_price
from bot.services.usage import BATCH
from bot.services.usage_file import import_file
from bot.services.verb import Company, Tx, verb
from db.session import Database
from db.usage_sql import COLUMNS
from tests.conftest import NOW, DatabaseMaker
from tests.services.usage_facts import add_people, rows
from tests.sources.payloads import payload

pytestmark = pytest.mark.bench

GOAL = 0.5
GOAL_WHEN_WE_PRICE = 0.4  # the opponent works out no price
ROUNDS = 3
CSV_ROWS = 60_000
PAYLOADS = 4096
PAYLOADS_IN_A_BATCH = 512
PEOPLE = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HEADER = (
    "event_id,occurred_at,email,provider,model,input_tokens,output_tokens,"
    "cache_read_tokens,cache_write_tokens,reasoning_tokens,cost_usd,agent,session_id\n"
)
MODELS = [("anthropic", "claude-sonnet-4-5-20250929"), ("openai", "gpt-5"), ("anthropic", "claude-opus-5-5")]
Rows = Iterator[tuple[Any, ...]]


def emails() -> list[str]:
    return [f"p{number}@example.com" for number in range(PEOPLE)]


def write_csv(path: Path, *, priced: bool) -> None:
    start = NOW - timedelta(days=10)
    with path.open("w") as file:
        file.write(HEADER)
        for number in range(CSV_ROWS):
            who = number * 7919 % PEOPLE
            provider, model = MODELS[(who + number % 2) % 3]  # everybody has two models and one agent
            at = (start + timedelta(seconds=8 * number)).isoformat()
            cost = f"0.0{number % 9973:04d}" if priced else ""
            counts = f"{number % 5000},{number % 700},{number % 20000},{number % 300},{number % 7}"
            texts = f"agent-{who % 11},s-{number % 97}"
            file.write(f"evt-{number:08d},{at},p{who}@example.com,{provider},{model},{counts},{cost},{texts}\n")


def write_payloads(path: Path) -> None:
    """A payload carries its conversation and LiteLLM's whole entry of the model: about 14 kB, mostly thrown away."""
    words = [{"role": "user", "content": "please look at this function and tell me what it does " * 20}] * 4
    entry = {f"cost_per_something_above_{number}k_tokens": None for number in range(130)} | {"mode": "chat"}
    made = [
        payload(
            id=f"chatcmpl-{number}",
            startTime=NOW.timestamp() - number,
            metadata={"user_api_key_user_email": f"p{number % PEOPLE}@example.com"},
            messages=words,
            model_map_information={"model_map_key": "x", "model_map_value": entry},
            error_information={f"error_{number}": "" for number in range(12)},
            hidden_params={f"hidden_{number}": None for number in range(12)},
        )
        for number in range(PAYLOADS)
    ]
    batches = [made[first : first + PAYLOADS_IN_A_BATCH] for first in range(0, PAYLOADS, PAYLOADS_IN_A_BATCH)]
    path.write_text("\n".join(json.dumps(batch) for batch in batches))


def instant_of(database: Database, at: datetime) -> Any:
    return (at - EPOCH) // timedelta(microseconds=1) if database.is_sqlite else at


def rows_of_csv(company: Company, path: Path) -> Rows:
    """The rows that the import stores: whose account and identity each is, is known beforehand and costs nothing."""
    whose = whose_ids(company)
    now = instant_of(company.database, NOW)
    price = list_price("anthropic", "claude-opus-5-5", Tokens(), NOW)
    by_us = (price.source, price.rates) if price else ("", "")
    with path.open(newline="") as file:
        lines = csv.reader(file)
        next(lines)
        for event_id, at, email, provider, model, fresh, output, read, write, reasoning, cost, agent, session in lines:
            yield (
                "file", event_id, *whose[email], instant_of(company.database, datetime.fromisoformat(at)), now,
                provider, model, agent, session, int(fresh), int(read), int(write), 0, int(output), int(reasoning),
                int(Decimal(cost) * 1_000_000_000) if cost else 12_345_678, "estimated",
                *(("source", "") if cost else by_us), False,
            )  # fmt: skip


def rows_of_payloads(company: Company, body: bytes) -> Rows:
    whose = whose_ids(company)
    now = instant_of(company.database, NOW)
    for found in json.loads(body, parse_float=Decimal):
        at = EPOCH + timedelta(microseconds=int(found["startTime"] * 1_000_000))
        yield (
            "litellm", found["id"], *whose[found["metadata"]["user_api_key_user_email"]],
            instant_of(company.database, at), now, found["custom_llm_provider"], found["model"],
            found["request_tags"][1], found["trace_id"], found["prompt_tokens"], 0, 0, 0, found["completion_tokens"],
            0, int(found["response_cost"] * 1_000_000_000), "estimated", "source", "", False,
        )  # fmt: skip


def whose_ids(company: Company) -> dict[str, tuple[int, int]]:
    """Account and identity by e-mail address."""
    found = rows(
        company,
        "SELECT identity.value, account.id, identity.id FROM identity"
        " JOIN identity_link ON identity_link.identity_id = identity.id"
        " JOIN account ON account.person_id = identity_link.person_id",
    )
    return {email: (account, identity) for email, account, identity in found}


@verb("bench.begin")
def begin(tx: Tx) -> None:
    """Everybody has an account before the first call comes in, as in a company that runs."""
    accounts_for(tx, range(1, PEOPLE + 1), calendar(tx).at(NOW))


def insert_bare(database: Database, found: Rows) -> None:
    columns = ", ".join(COLUMNS)
    while batch := list(islice(found, BATCH)):
        with database.engine.execution_options(stipend_write=True).begin() as connection:
            if database.is_sqlite:
                marks = ", ".join("?" * len(COLUMNS))
                connection.exec_driver_sql(f"INSERT INTO usage_event ({columns}) VALUES ({marks})", batch)
                continue
            driver: Any = connection.connection.driver_connection
            with driver.cursor() as cursor, cursor.copy(f"COPY usage_event ({columns}) FROM STDIN") as copy:
                for row in batch:
                    copy.write_row(row)


class Ring:
    """Two that do the same, on databases of their own."""

    def __init__(self, make: DatabaseMaker, count: int) -> None:
        self._make = make
        self._count = count
        self._best: dict[str, float] = {}

    def company(self) -> Company:
        company = Company(self._make(), FixedClock(NOW))
        start_company(company, "UTC")
        add_people(company, *emails())
        begin(company)
        return company

    def measure(self, who: str, work: Callable[[Company], object]) -> None:
        company = self.company()
        began = time.perf_counter()
        work(company)
        took = time.perf_counter() - began
        assert rows(company, "SELECT count(*) FROM usage_event") == [(self._count,)]
        self._best[who] = min(took, self._best.get(who, took))

    def ratio(self, what: str) -> float:
        ours, bare = (self._count / self._best[who] for who in ("ours", "bare"))
        sys.stdout.write(f"\n{what}: {ours:,.0f} events/s of {bare:,.0f} bare = {ours / bare:.0%}\n")
        return ours / bare


@pytest.mark.parametrize("priced", [True, False], ids=["with-cost", "priced-by-us"])
def test_import_of_a_csv(fresh_database: DatabaseMaker, database_engine: str, tmp_path: Path, priced: bool) -> None:
    path = tmp_path / "usage.csv"
    write_csv(path, priced=priced)
    ring = Ring(fresh_database, CSV_ROWS)
    goal = GOAL if priced else GOAL_WHEN_WE_PRICE
    for _ in range(ROUNDS):
        ring.measure("bare", lambda company: insert_bare(company.database, rows_of_csv(company, path)))
        ring.measure("ours", lambda company: import_file(company, path))
    assert ring.ratio(f"CSV on {database_engine}, {'with cost' if priced else 'priced by us'}") >= goal


def test_recording_of_litellm_batches(fresh_database: DatabaseMaker, database_engine: str, tmp_path: Path) -> None:
    path = tmp_path / "bodies"
    write_payloads(path)
    bodies = path.read_bytes().split(b"\n")
    ring = Ring(fresh_database, PAYLOADS)

    def bare(company: Company) -> None:
        for body in bodies:
            insert_bare(company.database, rows_of_payloads(company, body))

    def ours(company: Company) -> None:
        for body in bodies:
            ingest_litellm(company, body)

    for _ in range(ROUNDS):
        ring.measure("bare", bare)
        ring.measure("ours", ours)
    assert ring.ratio(f"LiteLLM on {database_engine}") >= GOAL
