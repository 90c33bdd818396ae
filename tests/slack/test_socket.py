"""Socket Mode against the local Slack: two connections, replaced without a gap."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_bolt import App
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import LocalSlack
from bot.slack.socket import CONNECTIONS, run_socket

MANIFEST = {
    "display_information": {"name": "Robot"},
    "features": {"slash_commands": [{"command": "/ask", "description": "Ask"}]},
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write"]}},
    "settings": {"interactivity": {"is_enabled": True}, "socket_mode_enabled": True},
}


class Running:
    """An App that answers /ask, served in a thread."""

    def __init__(self, slack: LocalSlack) -> None:
        self.client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)
        self.stop = threading.Event()
        self.hold = threading.Event()
        self.hold.set()
        self.entered = threading.Event()
        self.pool = ThreadPoolExecutor(10)
        self.app = App(
            client=self.client,
            authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=slack.bot_token),
            signing_secret="-",
            token_verification_enabled=False,
            listener_executor=self.pool,
        )
        self.app.command("/ask")(self._answer)
        self.connected = threading.Event()
        self.thread = threading.Thread(target=run_socket, args=(self.app, slack.app_token, self.stop, self.connected))

    def _answer(self, ack: Callable[[str], Any]) -> None:
        self.entered.set()
        self.hold.wait(2)
        ack("answered")

    def end(self) -> None:
        self.hold.set()
        self.stop.set()
        self.thread.join(20)
        self.pool.shutdown()


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(MANIFEST) as running:
        yield running


@pytest.fixture
def bot(slack: LocalSlack, until: Callable[[Callable[[], bool]], None]) -> Iterator[Running]:
    running = Running(slack)
    running.thread.start()
    until(lambda: slack.connections() == CONNECTIONS)
    yield running
    running.end()


@pytest.fixture
def place(slack: LocalSlack) -> tuple[str, str]:
    ada = slack.add_user("ada")
    return ada, slack.add_channel("general", members=[ada])


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
def test_connections_that_must_go_are_replaced_and_every_command_is_answered(
    slack: LocalSlack, bot: Running, place: tuple[str, str], until: Callable[[Callable[[], bool]], None], reason: str
) -> None:
    slack.disconnect(reason)
    if reason == "refresh_requested":  # from here on Slack gives nothing to the old ones
        until(lambda: slack.connections() > CONNECTIONS)
    for _ in range(5):
        seen = slack.command(*place, "/ask")
        assert (seen.ok, seen.error) == (True, None)
        assert seen.ephemerals[0]["text"] == "answered"
    assert bot.thread.is_alive()


def test_dropped_connections_are_made_again(
    slack: LocalSlack, bot: Running, place: tuple[str, str], until: Callable[[Callable[[], bool]], None]
) -> None:
    slack.drop_connections()
    until(lambda: slack.connections() == CONNECTIONS)
    assert slack.command(*place, "/ask").ok
    assert bot.thread.is_alive()


def test_a_slack_that_is_away_is_tried_again(
    slack: LocalSlack, bot: Running, until: Callable[[Callable[[], bool]], None]
) -> None:
    slack.fault("apps.connections.open", "http_500", times=2)
    slack.drop_connections()
    until(lambda: slack.connections() == CONNECTIONS)
    assert bot.thread.is_alive()


def test_what_was_received_is_answered_before_it_closes(
    slack: LocalSlack, bot: Running, place: tuple[str, str]
) -> None:
    bot.hold.clear()
    with ThreadPoolExecutor(1) as person:
        asking = person.submit(slack.command, *place, "/ask")
        bot.entered.wait(5)
        bot.stop.set()
        bot.hold.set()
        assert asking.result().ephemerals[0]["text"] == "answered"
    bot.end()
    assert not bot.thread.is_alive()


def test_a_refused_app_token_is_told_at_once(slack: LocalSlack) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)
    app = App(
        client=client,
        authorize=lambda: AuthorizeResult(enterprise_id=None, team_id=None, bot_token=slack.bot_token),
        signing_secret="-",
        token_verification_enabled=False,
    )
    with pytest.raises(SlackApiError, match=r"invalid_auth|not_allowed_token_type"):
        run_socket(app, "xapp-nonsense", threading.Event())


def test_it_is_known_whether_slack_is_there(
    slack: LocalSlack, bot: Running, until: Callable[[Callable[[], bool]], None]
) -> None:
    assert bot.connected.wait(20)
    slack.fault("apps.connections.open", "http_500", times=1000)
    slack.drop_connections()
    until(lambda: not bot.connected.is_set())
    slack.clear_faults()
    assert bot.connected.wait(40)
