"""The web application: who may send usage, what becomes of each row, health and metrics."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from fastapi.testclient import TestClient
from slack_bolt import App
from sqlalchemy import text
from sqlmodel import Session

from bot.clock import FixedClock
from bot.services.policy import start_company
from bot.services.token import create_token
from bot.services.verb import Company
from bot.telemetry import Metrics
from bot.web.app import Parts, build_web
from db.seal import Vault
from db.session import Database

AT = datetime(2026, 11, 16, 11, tzinfo=UTC).timestamp()
PROMPT = "the secret plan of the company"


def call(number: int, email: str | None = "ada@example.com", **changes: Any) -> dict[str, Any]:
    """A payload as LiteLLM's generic_api callback posts it, prompts and all."""
    made = {
        "id": f"call-{number}",
        "status": "success",
        "custom_llm_provider": "anthropic",
        "model": "anthropic/claude-sonnet-4-5",
        "startTime": AT + number,
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "response_cost": 0.25,
        "end_user": "somebody.else@example.com",
        "request_tags": ["agent:swarm", "User-Agent: curl"],
        "metadata": {"user_api_key_user_email": email, "usage_object": {"prompt_tokens": 100, "completion_tokens": 50}},
        "messages": [{"role": "user", "content": PROMPT}],
        "response": {"choices": [{"message": {"content": PROMPT}}]},
    }
    return made | changes


@pytest.fixture
def problems() -> list[str]:
    return []


@pytest.fixture
def web(company: Company, problems: list[str]) -> Iterator[TestClient]:
    with TestClient(build_web(Parts(company, None, Metrics(), lambda: problems))) as client:
        yield client


@pytest.fixture
def bearer(company: Company) -> dict[str, str]:
    return {"Authorization": f"Bearer {create_token(company, 'litellm', 'ingest', by='test')}"}


def post(web: TestClient, body: Any, headers: dict[str, str]) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return web.post("/ingest/litellm", content=content, headers=headers | {"Content-Type": "application/json"})


def test_usage_is_answered_for_row_by_row(web: TestClient, bearer: dict[str, str]) -> None:
    told = post(web, [call(1), call(2), call(3, response_cost="NaN"), call(4, cache_hit=True)], bearer).json()
    assert (told["accepted"], told["ignored"], told["refused_count"]) == (2, 1, 1)
    assert told["refused"][0]["row"] == 3
    assert PROMPT not in json.dumps(told)
    assert post(web, [call(1), call(5)], bearer).json()["repeated"] == 1


def test_the_same_batch_at_once_counts_once(web: TestClient, bearer: dict[str, str]) -> None:
    answers: list[dict[str, int]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(post(web, [call(n) for n in range(20)], bearer).json()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(answer["accepted"] for answer in answers) == 20
    assert sum(answer["repeated"] for answer in answers) == 60


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer wrong", "Basic abc"])
def test_nobody_sends_usage_without_a_token(web: TestClient, header: str) -> None:
    answer = post(web, [call(1)], {"Authorization": header})
    assert answer.status_code == 401
    assert "token create" in answer.json()["detail"]


def test_a_gate_token_does_not_bring_usage(web: TestClient, company: Company) -> None:
    token = create_token(company, "proxy", "gate", by="test")
    assert post(web, [call(1)], {"Authorization": f"Bearer {token}"}).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2]", b"\xff\xfe", b'"text"', b"[" * 100_000])
def test_nonsense_is_refused_in_sentences(web: TestClient, bearer: dict[str, str], body: bytes) -> None:
    answer = post(web, body, bearer)
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 0
    assert bool(answer.json()["refused"]) is bool(body)


@pytest.mark.parametrize("path", ["/slack/events", "/ingest/litellm"])
def test_a_body_is_read_no_further_than_is_taken(company: Company, bearer: dict[str, str], path: str) -> None:
    far_too_much = (bytes(1_000_000) for _ in range(100))
    app = App(signing_secret="secret", token_verification_enabled=False, token="xoxb-1")
    with TestClient(build_web(Parts(company, app, Metrics(), list))) as client:
        assert client.post(path, content=far_too_much, headers=bearer).status_code == 413


def test_health(web: TestClient, problems: list[str]) -> None:
    assert web.get("/healthz").text == "ok"
    assert web.get("/readyz").status_code == 200
    problems.append("The delivery of messages has stopped.")
    answer = web.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["problems"] == problems


def test_metrics_name_nobody(web: TestClient, bearer: dict[str, str]) -> None:
    post(web, [call(1)], bearer)
    shown = web.get("/metrics").text
    assert 'stipend_usage_rows_total{outcome="accepted",source="litellm"} 1.0' in shown
    assert "stipend_outbox_messages" in shown
    assert "ada" not in shown


def test_a_busy_database_is_a_503(sqlite_database: Database, clock: FixedClock) -> None:
    impatient = Database(sqlite_database.url, sqlite_database.master, busy_seconds=0.05)
    start_company(patient := Company(sqlite_database, clock), "UTC")
    token = create_token(patient, "litellm", "ingest", by="test")
    held, done = threading.Event(), threading.Event()

    def hold(session: Session, _vault: Vault) -> None:
        session.execute(text("SELECT 1"))  # a transaction begins with its first statement
        held.set()
        done.wait(20)

    holder = threading.Thread(target=lambda: sqlite_database.write("test.hold", hold))
    holder.start()
    held.wait(20)
    with TestClient(build_web(Parts(Company(impatient, clock), None, Metrics(), list))) as client:
        answer = post(client, [call(1)], {"Authorization": f"Bearer {token}"})
    done.set()
    holder.join()
    impatient.dispose()
    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
