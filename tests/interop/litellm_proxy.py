"""A real LiteLLM proxy without a database: its models are mocked, its keys lead to people by `custom_auth`."""

import os
import subprocess
import sys
import time
import venv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.story.town import ROOT, free_port

ENVIRONMENT = ROOT / ".interop" / "litellm"
REQUIREMENT = "litellm[proxy]>=1.106,<2"
READY_SECONDS = 120
KEYS = {"ada": "sk-ada-made-up", "grace": "sk-grace-made-up"}
STRANGERS_KEY = "sk-stranger-made-up"

AUTH = '''"""Which key is whose: what a database of keys would say."""

from litellm.proxy._types import UserAPIKeyAuth

PEOPLE = {people!r}


async def auth(request, api_key):
    user_id, email = PEOPLE[api_key]
    return UserAPIKeyAuth(api_key=api_key, user_id=user_id, user_email=email)
'''

CONFIG = """
model_list:
  - model_name: sonnet
    litellm_params: {model: anthropic/claude-sonnet-4-5-20250929, api_key: none, mock_response: The mock has answered.}
  - model_name: gpt
    litellm_params: {model: openai/gpt-5, api_key: none, mock_response: The mock has answered.}
  - model_name: dear  # so that one call shows in cents
    litellm_params: {model: openai/gpt-5, api_key: none, mock_response: The mock has answered.,
                     input_cost_per_token: 0.01, output_cost_per_token: 0.02}
  - model_name: unheard-of
    litellm_params: {model: openai/unheard-of, api_key: none, mock_response: The mock has answered.}
  - model_name: broken
    litellm_params: {model: openai/gpt-5, api_key: none, mock_response: litellm.RateLimitError}
litellm_settings: {callbacks: [generic_api]}
general_settings: {custom_auth: whose_key.auth}
"""


# As README has it, but for the patience: on a busy machine two seconds may pass, and failing open would hide a refusal.
GUARDRAIL = """
guardrails:
  - guardrail_name: stipend
    litellm_params:
      guardrail: generic_guardrail_api
      mode: pre_call
      api_base: {base}
      api_key: {token}
      default_on: true
      timeout: 20
      unreachable_fallback: {fallback}
      extra_headers: [x-agent-name]
"""


@dataclass(frozen=True)
class Gate:
    """Where the proxy asks before a call, with which token, and what it does when nobody answers."""

    base: str
    token: str
    fallback: str = "fail_closed"


def install_litellm() -> Path:
    """Make the environment if there is none; returns LiteLLM's command."""
    program = ENVIRONMENT / "bin" / "litellm"
    if not program.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, REQUIREMENT], check=True, stdout=sys.stderr)
    return program


class LiteLLM:
    """A proxy in a process of its own, that has answered once already."""

    def __init__(self, program: Path, folder: Path, endpoint: str, token: str, gate: Gate | None = None) -> None:
        people = {key: (name, f"{name}@example.com") for name, key in KEYS.items()} | {
            STRANGERS_KEY: ("stranger", "stranger@example.com")
        }
        (folder / "whose_key.py").write_text(AUTH.format(people=people))
        guardrail = GUARDRAIL.format(base=gate.base, token=gate.token, fallback=gate.fallback) if gate else ""
        (folder / "litellm.yaml").write_text(CONFIG + guardrail)
        self.url = f"http://127.0.0.1:{free_port()}"
        self._log = folder / "litellm.log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [program, "--config", "litellm.yaml", "--host", "127.0.0.1", "--port", self.url.rpartition(":")[2]],
                cwd=folder,
                stdout=log,
                stderr=log,
                env=kept
                | {
                    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # fetch no prices
                    "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
                    "GENERIC_LOGGER_ENDPOINT": endpoint,
                    "GENERIC_LOGGER_HEADERS": f"Authorization=Bearer {token}",
                },
            )
        self._wait()

    def _wait(self) -> None:
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up:
            assert self._process.poll() is None, self.log()
            try:
                if httpx.get(f"{self.url}/health/liveliness", timeout=2).status_code == 200:
                    return
            except httpx.HTTPError:
                time.sleep(0.2)
        raise AssertionError(self.log())

    def ask(self, key: str, model: str, *, headers: Mapping[str, str] | None = None, **body: Any) -> httpx.Response:
        """One chat completion; `body` adds to the request."""
        asked = {"model": model, "messages": [{"role": "user", "content": "a secret of the caller"}], **body}
        sent = {"Authorization": f"Bearer {key}", **(headers or {})}
        return httpx.post(f"{self.url}/v1/chat/completions", json=asked, headers=sent, timeout=30)

    def log(self) -> str:
        """What it has logged so far."""
        return self._log.read_text(errors="replace")

    def stop(self) -> None:
        """Stop it."""
        self._process.terminate()
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
