"""A real LiteLLM proxy beside the town of the stories."""

from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import pytest

from tests.interop.litellm_proxy import Gate, LiteLLM, install_litellm
from tests.story.fixtures import database_url, mode, town

__all__ = ["database_url", "litellm_proxy", "mode", "town"]


class StartProxy(Protocol):
    """Called with the address that its callback posts to and a bearer token, and with the gate if it has one."""

    def __call__(self, endpoint: str, token: str, gate: Gate | None = None) -> LiteLLM: ...


@pytest.fixture(scope="session")
def litellm_program() -> Path:
    """LiteLLM's command, installed in an environment of its own; the first time that takes minutes."""
    return install_litellm()


@pytest.fixture
def litellm_proxy(litellm_program: Path, tmp_path: Path) -> Iterator[StartProxy]:
    """Starts a proxy; it is stopped after the test."""
    started: list[LiteLLM] = []

    def start(endpoint: str, token: str, gate: Gate | None = None) -> LiteLLM:
        started.append(LiteLLM(litellm_program, tmp_path, endpoint, token, gate))
        return started[-1]

    yield start
    for proxy in started:
        proxy.stop()
