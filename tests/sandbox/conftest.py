"""One manifest, one Slack, one client."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.sandbox import LocalSlack

Json = dict[str, Any]

SCOPES = [
    "app_mentions:read",
    "channels:history",
    "channels:read",
    "chat:write",
    "commands",
    "files:write",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "im:write",
    "reactions:read",
    "reactions:write",
    "users:read",
    "users:read.email",
]
EVENTS = [
    "app_home_opened",
    "app_mention",
    "member_joined_channel",
    "message.channels",
    "message.groups",
    "message.im",
    "reaction_added",
]


def manifest_with(scopes: list[str] | None = None, events: list[str] | None = None) -> Json:
    return {
        "display_information": {"name": "Robot"},
        "features": {
            "app_home": {"home_tab_enabled": True, "messages_tab_enabled": True},
            "bot_user": {"display_name": "robot"},
            "slash_commands": [
                {"command": "/ask", "description": "Ask", "should_escape": True},
                {"command": "/plain", "description": "Ask plainly"},
            ],
            "shortcuts": [
                {"name": "Ask", "type": "global", "callback_id": "ask_global", "description": "Ask"},
                {"name": "Decide", "type": "message", "callback_id": "decide_message", "description": "Decide"},
            ],
        },
        "oauth_config": {"scopes": {"bot": SCOPES if scopes is None else scopes}},
        "settings": {
            "event_subscriptions": {"bot_events": EVENTS if events is None else events},
            "interactivity": {"is_enabled": True},
            "socket_mode_enabled": True,
        },
    }


@pytest.fixture
def manifest() -> Json:
    return manifest_with()


@pytest.fixture
def slack(manifest: Json) -> Iterator[LocalSlack]:
    with LocalSlack(manifest, message_interval_seconds=0) as running:
        yield running


@pytest.fixture
def client(slack: LocalSlack) -> WebClient:
    return client_of(slack)


def client_of(slack: LocalSlack) -> WebClient:
    return WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)


@pytest.fixture
def ada(slack: LocalSlack) -> str:
    return slack.add_user("ada", email="ada@example.com")


@pytest.fixture
def grace(slack: LocalSlack) -> str:
    return slack.add_user("grace", email="grace@example.com", is_admin=True)


@pytest.fixture
def team(slack: LocalSlack, ada: str, grace: str) -> str:
    return slack.add_channel("team", members=[ada, grace, slack.bot_user_id])


@pytest.fixture
def at_once() -> Callable[[list[Callable[[], Any]]], None]:
    def run(jobs: list[Callable[[], Any]]) -> None:
        barrier = threading.Barrier(len(jobs))

        def start(job: Callable[[], Any]) -> None:
            barrier.wait()
            job()

        threads = [threading.Thread(target=start, args=(job,)) for job in jobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
