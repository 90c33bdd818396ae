"""The gate as LiteLLM asks it: its request, the answers that it understands, and nothing of anybody's figures."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text

from bot.clock import FixedClock
from bot.services import gate_pause
from bot.services.policy import import_policy, start_company
from bot.services.token import create_token
from bot.services.usage import record
from bot.services.verb import Company
from bot.telemetry import Metrics
from bot.web.app import Parts, build_web
from bot.web.gate import PATH
from db.session import Database
from tests.conftest import NOW
from tests.services.gate_desk import policy
from tests.services.usage_facts import add_people, fact, rows

PROMPT = "the secret plan of the company"
USD = 10**9


def request(email: str | None = "ada@example.com", **changes: Any) -> dict[str, Any]:
    """What LiteLLM 1.106 sends for a chat completion."""
    made = {
        "input_type": "request",
        "litellm_call_id": "5b1f0d4e-0000-4000-8000-000000000001",
        "litellm_trace_id": "5b1f0d4e-0000-4000-8000-000000000002",
        "structured_messages": [{"role": "user", "content": PROMPT}],
        "images": None,
        "tools": None,
        "texts": [PROMPT],
        "request_data": {
            "user_api_key_hash": "88dc28",
            "user_api_key_user_id": "u-1",
            "user_api_key_user_email": email,
        },
        "request_headers": {"host": "127.0.0.1", "X-Agent-Name": "nightly", "x-other": "[present]"},
        "litellm_version": "1.106.2",
        "additional_provider_specific_params": {},
        "tool_calls": None,
        "model": "sonnet",
    }
    return made | changes


@pytest.fixture
def engineers(company: Company) -> Company:
    add_people(company, "ada@example.com")
    return company


@pytest.fixture
def web(engineers: Company) -> Iterator[TestClient]:
    with TestClient(build_web(Parts(engineers, None, Metrics(), list))) as client:
        yield client


@pytest.fixture
def key(engineers: Company) -> dict[str, str]:
    return {"x-api-key": create_token(engineers, "proxy", "gate", by="test")}


def ask(web: TestClient, key: dict[str, str], body: Any = None) -> Any:
    content = body if isinstance(body, bytes) else json.dumps(body or request()).encode()
    return web.post(PATH, content=content, headers=key | {"Content-Type": "application/json"})


@contextmanager
def troubled(database: Database, rules: str) -> Iterator[tuple[Company, Callable[[], None]]]:
    """A company, and what takes its table of tokens away, as a half-done restore would."""
    company = Company(database, FixedClock(NOW))
    start_company(company, "UTC")
    import_policy(company, rules, by="test")

    def rename(connection: Connection) -> None:
        connection.execute(text("ALTER TABLE api_token RENAME TO gone"))

    yield company, lambda: database.change_schema(rename)


def spend(company: Company, dollars: int) -> None:
    record(company, [fact("spent", cost_nanos=dollars * USD)])


def test_a_call_within_the_budget_is_let_through(web: TestClient, engineers: Company, key: dict[str, str]) -> None:
    import_policy(engineers, policy("hard"), by="test")
    assert ask(web, key).json() == {"action": "NONE"}
    assert ask(web, {"Authorization": f"Bearer {key['x-api-key']}"}).json() == {"action": "NONE"}


@pytest.mark.parametrize("mode", ["soft", "hard"])
def test_a_call_beyond_it_is_refused_with_its_limit_its_end_and_how_to_ask(
    web: TestClient, engineers: Company, key: dict[str, str], mode: str
) -> None:
    import_policy(engineers, policy(mode, budget=4321), by="test")
    spend(engineers, 4400)
    assert ask(web, key).json() == {
        "action": "BLOCKED",
        "blocked_reason": (
            "Your AI budget for November 2026 is used up, so this call was not made. It begins anew on 1 December 2026"
            " at 00:00 (UTC). Ask for more in Slack with /topup"
        ),
    }
    assert ask(web, key, request(input_type="response")).json() == {"action": "NONE"}


def test_no_answer_has_a_figure_of_anybodys(web: TestClient, engineers: Company, key: dict[str, str]) -> None:
    import_policy(engineers, policy("soft", budget=4321, more='unattributed = "refuse"\n'), by="test")
    spend(engineers, 4400)
    gate_pause.pause(engineers, "person:1", "session", "5b1f0d4e-0000-4000-8000-000000000002", by="person:1")
    reasons = [ask(web, key, each).json()["blocked_reason"] for each in (request(), request("nobody@example.com"))]
    reasons.append(ask(web, key, request(litellm_trace_id="another")).json()["blocked_reason"])
    assert len(set(reasons)) == 3
    assert not re.search(r"\$|%|4,?321|4,?400|79|ada|@", " ".join(reasons))


def test_a_paused_agent_is_refused_by_its_header(web: TestClient, engineers: Company, key: dict[str, str]) -> None:
    gate_pause.pause(engineers, "person:1", "agent", "nightly", by="person:1")
    assert ask(web, key).json() == {
        "action": "BLOCKED",
        "blocked_reason": 'The agent "nightly" is paused until somebody lets it go on, so this call was not made.',
    }
    assert ask(web, key, request(request_headers={})).json() == {"action": "NONE"}


@pytest.mark.parametrize("token", ["", "stipend_wrong"])
def test_nobody_asks_without_a_token(web: TestClient, token: str) -> None:
    answer = ask(web, {"x-api-key": token})
    assert answer.status_code == 401
    assert "--scope gate" in answer.json()["detail"]


def test_an_ingest_token_does_not_ask_the_gate(web: TestClient, engineers: Company) -> None:
    token = create_token(engineers, "callback", "ingest", by="test")
    assert ask(web, {"x-api-key": token}).status_code == 401


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_what_is_no_request_is_refused(web: TestClient, key: dict[str, str], body: bytes) -> None:
    answer = ask(web, key, body)
    assert (answer.status_code, PROMPT in answer.text) == (422, False)


@pytest.mark.parametrize(
    "strange",
    [
        {"request_data": None}, {"request_data": {"user_api_key_user_email": 7}}, {"texts": "text"}, {"texts": [1]},
        {"request_headers": {"x-agent-name": None}}, {"model": None},
        {"litellm_call_id": None, "litellm_trace_id": None},
    ],
)  # fmt: skip
def test_what_is_missing_or_strange_in_a_request_breaks_nothing(
    web: TestClient, engineers: Company, key: dict[str, str], strange: dict[str, Any]
) -> None:
    import_policy(engineers, policy("hard"), by="test")
    assert ask(web, key, request(**strange)).json() == {"action": "NONE"}


def test_nothing_of_a_call_is_stored(web: TestClient, engineers: Company, key: dict[str, str]) -> None:
    import_policy(engineers, policy("hard"), by="test")
    ask(web, key)
    tables = ("gate_reservation", "gate_grace", "gate_pause", "api_token", "audit", "identity")
    stored = str([rows(engineers, f"SELECT * FROM {table}") for table in tables])
    assert "5b1f0d4e" not in stored
    assert PROMPT not in stored
    assert key["x-api-key"] not in stored


@pytest.mark.parametrize(("on_error", "action"), [("open", "NONE"), ("closed", "BLOCKED")])
def test_in_trouble_it_answers_as_policy_says(sqlite_database: Database, on_error: str, action: str) -> None:
    with troubled(sqlite_database, f'[enforcement]\non_error = "{on_error}"\n') as (company, trouble):
        key = {"x-api-key": create_token(company, "proxy", "gate", by="test")}
        metrics = Metrics()
        with TestClient(build_web(Parts(company, None, metrics, list))) as client:
            assert ask(client, key).json()["action"] == "NONE"
            trouble()
            answer = ask(client, key).json()
            assert answer["action"] == action
            assert metrics.registry.get_sample_value("stipend_gate_asked_total", {"outcome": "trouble"}) == 1
        if action == "BLOCKED":
            assert answer["blocked_reason"].endswith("Try again in a minute.")


def test_in_trouble_before_it_ever_read_the_policy_the_proxy_decides(sqlite_database: Database) -> None:
    with troubled(sqlite_database, "") as (company, trouble):
        key = {"x-api-key": create_token(company, "proxy", "gate", by="test")}
        with TestClient(build_web(Parts(company, None, Metrics(), list))) as client:
            trouble()
            answer = ask(client, key)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
