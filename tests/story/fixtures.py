"""Fixtures of the stories: SQLite over HTTP and PostgreSQL over Socket Mode."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, cast

import pytest

from bot.sandbox import LocalSlack
from tests.story.town import MANIFEST, Town, environment, free_port, settle

Mode = Literal["http", "socket"]


@pytest.fixture(params=["http", "socket"])
def mode(request: pytest.FixtureRequest) -> Mode:
    """How Slack reaches the bot."""
    return cast("Mode", request.param)


@pytest.fixture
def database_url(mode: Mode, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite over HTTP, PostgreSQL over Socket Mode: both engines and both ways in two runs of a story."""
    if mode == "http":
        return f"sqlite:///{tmp_path}/stipend.db"
    made: str = request.getfixturevalue("postgres_url")()
    return made


@pytest.fixture
def town(mode: Mode, database_url: str, tmp_path: Path) -> Iterator[Town]:
    """A workspace with five people and three channels, a migrated database, and the roster imported. Not started."""
    port = free_port()
    with LocalSlack(MANIFEST, mode=mode, message_interval_seconds=0.0) as slack:
        slack.request_url = f"http://127.0.0.1:{port}/slack/events" if mode == "http" else None
        made = Town(slack, tmp_path, environment(slack, mode, database_url, port))
        settle(made)
        yield made
        made.stop(signal.SIGKILL)
