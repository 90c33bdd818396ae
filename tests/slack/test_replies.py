"""Which messages are kept as replies, and what Slack is told when they cannot be."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.clock import FixedClock
from bot.services.verb import Company
from bot.slack.app import build_app, close_app, is_edited_reply, is_reply
from bot.slack.inbound import as_typed
from bot.slack.people import Directory
from db.session import Database
from tests.conftest import MASTER

REPLY = {"type": "message", "user": "U1", "text": "approve", "channel": "C1", "ts": "2.0", "thread_ts": "1.0"}
EDITED = {**REPLY, "edited": {"user": "U1", "ts": "3.0"}}


@pytest.mark.parametrize(
    ("change", "kept"),
    [
        ({}, True),
        ({"thread_ts": None}, False),
        ({"thread_ts": "2.0"}, False),  # the parent itself
        ({"subtype": "thread_broadcast"}, True),  # also sent to the channel
        ({"subtype": "message_changed"}, False),
        ({"subtype": "message_deleted"}, False),
        ({"subtype": "bot_message"}, False),
        ({"subtype": "file_share"}, True),  # it decides nothing, and its author is told so
        ({"bot_id": "B1"}, False),
        ({"edited": {"user": "U1", "ts": "3.0"}}, False),
        ({"user": None}, False),
        ({"type": "app_mention"}, False),
    ],
)
def test_only_what_a_person_types_in_a_thread_is_a_reply(change: dict[str, Any], kept: bool) -> None:
    assert is_reply({**REPLY, **change}) is kept


def test_an_edit_is_its_authors_own_and_no_unfurled_link() -> None:
    assert is_edited_reply(EDITED)
    assert is_edited_reply({**EDITED, "edited": {"ts": "3.0"}})
    assert not is_edited_reply(REPLY)
    assert not is_edited_reply({**EDITED, "edited": {"user": "U2", "ts": "3.0"}})
    assert not is_edited_reply({**EDITED, "bot_id": "B1"})


def test_text_is_read_as_it_was_typed() -> None:
    assert as_typed("a &lt;b&gt; &amp;amp; c") == "a <b> &amp; c"


@pytest.fixture
def app_without_database(clock: FixedClock) -> Iterator[App]:
    database = Database("sqlite:////nowhere/at/all/stipend.db", MASTER, busy_seconds=0.1)
    company = Company(database, clock)
    client = WebClient(token="xoxb-test", base_url="http://127.0.0.1:9/api/", retry_handlers=[], timeout=1)
    directory = Directory(company, client)
    app = build_app(company, client, directory=directory)
    yield app
    close_app(app)
    directory.close()
    database.dispose()


def deliver(app: App, event: dict[str, Any]) -> int:
    body = {"type": "event_callback", "event_id": "E1", "team_id": "T1", "event": event}
    return app.dispatch(BoltRequest(body=json.dumps(body), mode="socket_mode")).status


def test_slack_sends_a_reply_again_when_the_database_is_away(app_without_database: App) -> None:
    assert deliver(app_without_database, REPLY) == 503
    edit = {"type": "message", "subtype": "message_changed", "channel": "C1", "ts": "4.0", "message": EDITED}
    assert deliver(app_without_database, edit) == 503


def test_other_talk_does_not_need_the_database(app_without_database: App) -> None:
    assert deliver(app_without_database, {**REPLY, "thread_ts": None}) == 200
    assert deliver(app_without_database, {**REPLY, "text": "looks good to me"}) == 200


def test_a_command_is_answered_when_the_database_is_away(app_without_database: App) -> None:
    command = {"command": "/tokens", "user_id": "U1", "team_id": "T1", "text": "", "trigger_id": "1.2"}
    answer = app_without_database.dispatch(BoltRequest(body=command, mode="socket_mode"))
    assert answer.status == 200
    assert "Something went wrong on our side; nothing was changed" in str(answer.body)
