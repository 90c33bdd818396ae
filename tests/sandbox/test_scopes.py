from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import LocalSlack
from tests.sandbox.conftest import SCOPES, client_of, manifest_with

CALLS: list[tuple[str, Callable[[WebClient, dict[str, str]], Any]]] = [
    ("users:read", lambda client, ids: client.users_info(user=ids["user"])),
    ("users:read.email", lambda client, _: client.users_lookupByEmail(email="ada@example.com")),
    ("chat:write", lambda client, ids: client.chat_postMessage(channel=ids["channel"], text="hi")),
    ("channels:read", lambda client, ids: client.conversations_info(channel=ids["channel"])),
    ("channels:history", lambda client, ids: client.conversations_history(channel=ids["channel"])),
    ("groups:history", lambda client, ids: client.conversations_history(channel=ids["private"])),
    ("groups:read", lambda client, _: client.conversations_list(types="private_channel")),
    ("im:write", lambda client, ids: client.conversations_open(users=ids["user"])),
    (
        "reactions:write",
        lambda client, ids: client.reactions_add(channel=ids["channel"], timestamp=ids["ts"], name="x"),
    ),
    ("files:write", lambda client, _: client.files_getUploadURLExternal(filename="a.txt", length=1)),
]


@pytest.mark.parametrize(("scope", "call"), CALLS, ids=[scope for scope, _ in CALLS])
def test_each_method_wants_its_scope(scope: str, call: Callable[[WebClient, dict[str, str]], Any]) -> None:
    for carried in (SCOPES, [name for name in SCOPES if name != scope]):
        with LocalSlack(manifest_with(carried)) as slack:
            ada = slack.add_user("ada", email="ada@example.com")
            team = slack.add_channel("team", members=[ada, slack.bot_user_id])
            private = slack.add_channel("private", private=True, members=[ada, slack.bot_user_id])
            ids = {"user": ada, "channel": team, "private": private, "ts": slack.say(ada, team, "hi").ts or ""}
            if scope in carried:
                assert call(client_of(slack), ids)["ok"]
                continue
            with pytest.raises(SlackApiError) as raised:
                call(client_of(slack), ids)
            assert raised.value.response["error"] == "missing_scope"
            assert scope in raised.value.response["needed"].split(",")
            assert raised.value.response["provided"] == ",".join(carried)


def test_an_email_address_is_shown_only_with_its_scope() -> None:
    with LocalSlack(manifest_with(["users:read"])) as slack:
        ada = slack.add_user("ada", email="ada@example.com")
        assert "email" not in client_of(slack).users_info(user=ada)["user"]["profile"]


def test_an_event_comes_only_if_subscribed_and_with_its_scope() -> None:
    without_scope = [scope for scope in SCOPES if scope != "channels:history"]
    for manifest in (manifest_with(events=[]), manifest_with(without_scope)):
        with LocalSlack(manifest) as slack:
            ada = slack.add_user("ada")
            team = slack.add_channel("team", members=[ada, slack.bot_user_id])
            assert slack.say(ada, team, "hi").ok
            assert slack.deliveries("message") == []
