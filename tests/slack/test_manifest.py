"""manifest.yaml and what the code listens to and calls, held against each other both ways."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from slack_sdk import WebClient

from bot.services.verb import Company
from bot.slack.app import build_app, register
from bot.slack.listening import Listeners
from bot.slack.people import Directory

ROOT = Path(__file__).parents[2]
SLACK = ROOT / "bot" / "slack"
# What a method needs, by Slack's reference; of several scopes each is needed for another kind of channel.
SCOPES_OF_METHODS: dict[str, set[str]] = {
    "auth_test": set(),
    "apps_connections_open": set(),  # an app-level token's
    "chat_postEphemeral": {"chat:write"},
    "chat_postMessage": {"chat:write"},
    "chat_update": {"chat:write"},
    "conversations_history": {"channels:history", "groups:history", "im:history"},
    "conversations_info": {"channels:read", "groups:read"},
    "conversations_members": {"channels:read", "groups:read"},
    "conversations_open": {"im:write"},
    "conversations_replies": {"channels:history", "groups:history", "im:history"},
    "users_info": {"users:read"},
    "users_lookupByEmail": {"users:read.email"},
    "views_open": set(),
    "views_publish": set(),
    "views_push": set(),
    "views_update": set(),
}
SCOPES_OF_EVENTS = {
    "app_home_opened": set(),
    "app_mention": {"app_mentions:read"},
    "message.channels": {"channels:history"},
    "message.groups": {"groups:history"},
    "message.im": {"im:history"},
}


@pytest.fixture
def manifest() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yaml").read_text())
    return loaded


@pytest.fixture
def registered(sqlite_database: Any, clock: Any) -> Listeners:
    company = Company(sqlite_database, clock)
    client = WebClient(token="xoxb-test", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    directory = Directory(company, client)
    on = Listeners(build_app(company, client, directory=directory), company, client, directory)
    register(on)
    return on


def called_methods() -> set[str]:
    code = "\n".join(path.read_text() for path in SLACK.rglob("*.py"))
    api = {name for name in dir(WebClient) if "_" in name and not name.startswith("_")}
    return {name for name in re.findall(r"\.([a-z]+_[A-Za-z_]+)\b", code) if name in api} - {"retry_handlers"}


def test_commands_are_those_that_are_listened_to(manifest: dict[str, Any], registered: Listeners) -> None:
    told = manifest["features"]["slash_commands"]
    assert {one["command"] for one in told} == registered.commands
    assert all(one["should_escape"] and one["usage_hint"] for one in told)


def test_shortcuts_are_those_that_are_listened_to(manifest: dict[str, Any], registered: Listeners) -> None:
    assert {one["callback_id"] for one in manifest["features"]["shortcuts"]} == registered.shortcuts


def test_events_are_those_that_are_listened_to(manifest: dict[str, Any], registered: Listeners) -> None:
    told = set(manifest["settings"]["event_subscriptions"]["bot_events"])
    assert {name.split(".")[0] for name in told} == registered.events
    assert told == set(SCOPES_OF_EVENTS)


def test_scopes_are_exactly_what_methods_events_and_commands_need(manifest: dict[str, Any]) -> None:
    methods = called_methods()
    assert methods <= set(SCOPES_OF_METHODS), "a method is called whose scopes nobody wrote down"
    needed = {"commands"}.union(*(SCOPES_OF_METHODS[name] for name in methods), *SCOPES_OF_EVENTS.values())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == needed


def test_slack_would_take_it(manifest: dict[str, Any]) -> None:
    shown = manifest["display_information"]
    assert len(shown["name"]) <= 35
    assert len(shown["description"]) <= 140
    assert all(len(one["name"]) <= 24 for one in manifest["features"]["shortcuts"])
    assert manifest["settings"]["socket_mode_enabled"] is True
