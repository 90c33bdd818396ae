"""How long the gate takes to answer, against an endpoint of the same server that does the same indexed read.

The opponent takes the same body, reads the rows that an answer needs with the same statements, opens nothing, decides
nothing, and answers; against hard mode it commits an inserted row besides. The two are asked in turn, by one client
over a kept connection, and their medians compared.
"""

import statistics
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import Body, FastAPI
from sqlmodel import Session

from bot.clock import FixedClock
from bot.rules.usage import Tokens
from bot.services.ledger import ensure_periods, grant_top_up
from bot.services.policy import import_policy, start_company
from bot.services.token import _hash, create_token
from bot.services.usage import record
from bot.services.verb import Company, Tx, verb
from bot.telemetry import Metrics
from bot.web.app import Parts, build_web
from bot.web.gate import PATH
from db import gate as query
from db.seal import Vault
from db.session import Database
from db.tables.gate import GateReservation
from tests.conftest import NOW
from tests.services.gate_desk import policy
from tests.services.usage_facts import add_people, fact
from tests.story.town import free_port

pytestmark = pytest.mark.bench

GOAL = 1.5
ROUNDS = 400
WARM = 50
USD = 10**9


@verb("bench.top_up")
def top_up(tx: Tx, person_id: int, number: int) -> None:
    grant_top_up(tx, ensure_periods(tx, person_id), 100 * USD, expires_at=None, cause=f"top_up:{number}")


def busy_company(database: Database, mode: str) -> Company:
    """A company in the middle of its month: 200 people, and Ada with four grants and the usage of three weeks."""
    company = Company(database, FixedClock(NOW + timedelta(days=10)))
    start_company(company, "UTC")
    add_people(company, *(f"p{number}@example.com" for number in range(200)), "ada@example.com")
    import_policy(company, policy(mode, budget=100_000, more="reserve_usd = 0.01\n"), by="bench")
    for number in range(3):
        top_up(company, 201, number)
    record(company, [
        fact(f"e{number}", occurred_at=NOW - timedelta(days=10) + timedelta(minutes=20 * number), cost_nanos=USD // 100,
             model=f"model-{number % 4}", agent=f"agent-{number % 3}", tokens=Tokens(input=1000, output=100))
        for number in range(1500)
    ])  # fmt: skip
    return company


def add_opponent(web: FastAPI, company: Company, token: str, mode: str) -> None:
    database, now, key = company.database, company.clock.now(), "person:201:2026-11"
    token_hash = _hash(token)

    def read(session: Session, _vault: Vault) -> None:
        query.caller(session, token_hash, "email", "ada@example.com", now.date())
        if mode == "soft":
            account(session)

    def account(session: Session) -> int:
        row = query.account(session, key, now)
        assert row is not None
        query.transfers(session, row.account_id)
        return int(row.account_id)

    def write(session: Session, _vault: Vault) -> None:
        row = GateReservation(account_id=account(session), call_key="bare", nanos=1, expires_at=now)
        query.reserve(session, row)

    @web.post("/bare")
    def bare(asked: dict[str, Any] = Body()) -> dict[str, str]:  # noqa: B008, FAST002 - FastAPI asks for it
        del asked
        database.read(read)
        if mode == "hard":
            database.write("bench.bare", write)
        return {"action": "NONE"}


@contextmanager
def serving(web: FastAPI) -> Iterator[str]:
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(web, port=port, log_config=None))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


def asked(number: int) -> dict[str, Any]:
    words = "please look at this function and tell me what it does " * 40
    return {
        "input_type": "request", "litellm_call_id": f"call-{number}", "litellm_trace_id": f"trace-{number}",
        "structured_messages": [{"role": "user", "content": words}], "texts": [words], "images": None, "tools": None,
        "request_data": {"user_api_key_hash": "88dc28", "user_api_key_user_email": "ada@example.com"},
        "request_headers": {"host": "gateway", "x-agent-name": "nightly"}, "model": "sonnet",
    }  # fmt: skip


def medians(url: str, token: str) -> tuple[float, float]:
    """Seconds: of the gate, and of its opponent."""
    took: dict[str, list[float]] = {PATH: [], "/bare": []}
    with httpx.Client(base_url=url, headers={"x-api-key": token}) as client:
        for number in range(WARM + ROUNDS):
            for path, times in took.items():
                began = time.perf_counter()
                answer = client.post(path, json=asked(number))
                times.append(time.perf_counter() - began)
                assert answer.json() == {"action": "NONE"}
    ours, bare = (statistics.median(times[WARM:]) for times in took.values())
    return ours, bare


@pytest.mark.parametrize("mode", ["notify", "soft", "hard"])
def test_the_gate_against_the_same_indexed_read(database: Database, database_engine: str, mode: str) -> None:
    company = busy_company(database, mode)
    token = create_token(company, "bench", "gate", by="bench")
    web = build_web(Parts(company, None, Metrics(), list))
    add_opponent(web, company, token, mode)
    with serving(web) as url:
        ours, bare = medians(url, token)
    told = f"{ours * 1000:.2f} ms, bare {bare * 1000:.2f} ms = {ours / bare:.2f}"
    sys.stdout.write(f"\nthe gate, {mode}, on {database_engine}: {told}\n")
    assert ours / bare <= GOAL
