"""A real LiteLLM proxy asks the real bot before every call: who may call on, who may not, and what it is told."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.clock import SystemClock
from bot.services import gate_pause
from bot.services.person import person_by_email
from bot.services.verb import Company
from db.seal import MasterKey, person_owner
from db.session import Database
from tests.interop.conftest import StartProxy
from tests.interop.litellm_proxy import KEYS, STRANGERS_KEY, Gate, LiteLLM
from tests.interop.test_litellm import events, stored, wait_for
from tests.story.fixtures import Mode
from tests.story.test_main_job import ask, newest_card, this_month, tokens
from tests.story.town import Town

pytestmark = pytest.mark.interop

POLICY = """
[allotment]
kind = "fixed"
amount_usd = 1
[top_up]
auto_approve_usd = 0
[enforcement]
mode = "{mode}"
grace_usd = 0
"""
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
IMAGE_ONLY = [
    {"role": "user", "content": [{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]}
]


def enforce(town: Town, mode: str) -> None:
    town.cli("import", "policy", town.write("policy.toml", POLICY.format(mode=mode)))


def refusal(answer: httpx.Response) -> str:
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    return str(error["message"])


def call(proxy: LiteLLM, name: str = "ada", **more: Any) -> httpx.Response:
    return proxy.ask(KEYS[name], "gpt", **more)


def pause(town: Town, agent: str) -> None:
    """What a click on *Pause this agent* does."""
    database = Database(town.env["DATABASE_URL"], MasterKey.from_base64(town.env["STIPEND_ENCRYPTION_KEY"]))
    company = Company(database, SystemClock())
    ada = person_by_email(company, "ada@example.com")
    assert ada is not None
    gate_pause.pause(company, person_owner(ada.id), "agent", agent, by=person_owner(ada.id))
    database.dispose()


def start(town: Town, litellm_proxy: StartProxy, fallback: str) -> LiteLLM:
    ingest, gate = (town.cli("token", "create", scope, "--scope", scope).stdout.strip() for scope in ("ingest", "gate"))
    town.start()
    base = f"http://127.0.0.1:{town.env['PORT']}"
    return litellm_proxy(f"{base}/ingest/litellm", ingest, Gate(base, gate, fallback))


def test_the_gate_before_a_real_proxy(town: Town, mode: Mode, litellm_proxy: StartProxy) -> None:
    enforce(town, "notify")
    proxy = start(town, litellm_proxy, fallback := "fail_open" if mode == "http" else "fail_closed")
    town.spend(("ada@example.com", "1.50"), at=this_month())

    assert call(proxy).status_code == 200  # notify never blocks, however much is spent
    assert "Nothing is blocked" in tokens(town)
    enforce(town, "hard")
    period = datetime.now(UTC).strftime("%B %Y")
    told = refusal(call(proxy))
    assert told.startswith(f"Your AI budget for {period} is used up, so this call was not made.")
    assert "/topup" in told
    assert not re.search(r"\$|%|1\.50|ada", told)
    streamed = call(proxy, stream=True)
    assert streamed.status_code == 400
    assert "refused" in tokens(town)
    assert call(proxy, "grace").status_code == 200
    assert proxy.ask(STRANGERS_KEY, "gpt").status_code == 200  # counted as unattributed

    # The hole that README names: a message without text never reaches the gate.
    assert call(proxy, messages=IMAGE_ONLY).status_code == 200

    ask(town, "300 finish the migration")
    card = newest_card(town, 1)
    refusal(call(proxy))
    town.slack.say(town.people["grace"], town.channels["approvals"], "approve", thread_ts=card)
    town.slack.until(lambda: any("$300" in text for text in town.dm_texts("ada")))
    assert call(proxy).status_code == 200

    pause(town, "nightly")
    nightly = {"x-agent-name": "nightly"}
    assert refusal(call(proxy, headers=nightly)).startswith('The agent "nightly" is paused')
    assert call(proxy).status_code == 200

    # What was set aside for each call comes back with its usage, and nothing of a refused one was stored.
    wait_for(lambda: events(town) == 7, town)
    wait_for(lambda: stored(town, "SELECT count(*) FROM gate_reservation") == [(0,)], town)
    assert "a secret of the caller" not in town.log()

    town.stop()
    assert call(proxy).status_code == (200 if fallback == "fail_open" else 500)
