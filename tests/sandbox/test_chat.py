from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import LocalSlack
from tests.sandbox.conftest import client_of, manifest_with
from tests.sandbox.errors import refusal

BLOCKS = [{"type": "section", "text": {"type": "mrkdwn", "text": "hi"}}]


def test_text_may_have_40000_characters_and_not_one_more(client: WebClient, team: str) -> None:
    assert client.chat_postMessage(channel=team, text="x" * 40_000)["ok"]
    assert refusal(client.chat_postMessage, channel=team, text="x" * 40_001) == "msg_too_long"
    assert refusal(client.api_call, api_method="chat.postMessage", json={"channel": team}) == "no_text"


def test_update_with_text_alone_drops_the_blocks(slack: LocalSlack, client: WebClient, team: str) -> None:
    ts = client.chat_postMessage(channel=team, text="a", blocks=BLOCKS)["ts"]
    client.chat_update(channel=team, ts=ts, text="b")
    (message,) = slack.messages(team)
    assert (message["text"], "blocks" in message, message["edited"]["user"]) == ("b", False, slack.bot_user_id)


def test_update_keeps_metadata_unless_told_otherwise(slack: LocalSlack, client: WebClient, team: str) -> None:
    metadata: dict[str, Any] = {"event_type": "sent", "event_payload": {"id": "1"}}
    ts = client.chat_postMessage(channel=team, text="a", metadata=metadata)["ts"]
    client.chat_update(channel=team, ts=ts, text="b")
    assert slack.messages(team)[0]["metadata"] == metadata


def test_only_own_messages_are_changed(slack: LocalSlack, client: WebClient, ada: str, team: str) -> None:
    ts = slack.say(ada, team, "mine").ts or ""
    assert refusal(client.chat_update, channel=team, ts=ts, text="no") == "cant_update_message"
    assert refusal(client.chat_delete, channel=team, ts=ts) == "cant_delete_message"
    assert refusal(client.chat_update, channel=team, ts="1.000001", text="no") == "message_not_found"


def test_an_ephemeral_message_is_for_one_person_and_cannot_be_changed(
    slack: LocalSlack, client: WebClient, ada: str, grace: str, team: str
) -> None:
    ts = client.chat_postEphemeral(channel=team, user=ada, text="psst")["message_ts"]
    assert [message["text"] for message in slack.ephemerals(ada)] == ["psst"]
    assert slack.ephemerals(grace) == slack.messages(team) == []
    assert refusal(client.chat_update, channel=team, ts=ts, text="no") == "message_not_found"
    assert refusal(client.chat_postEphemeral, channel=team, user=slack.add_user("eve"), text="x") == (
        "user_not_in_channel"
    )
    slack.reload(ada)
    assert slack.ephemerals(ada) == []


def test_one_message_a_second_and_channel(manifest: dict[str, Any]) -> None:
    with LocalSlack(manifest, now=lambda: 1_700_000_000.0) as slack:
        client = client_of(slack)
        ada = slack.add_user("ada")
        team, other = (slack.add_channel(name, members=[ada, slack.bot_user_id]) for name in ("team", "other"))
        client.chat_postMessage(channel=team, text="1")
        with pytest.raises(SlackApiError) as raised:
            client.chat_postMessage(channel=team, text="2")
        response = raised.value.response
        assert (response.status_code, response["error"], response.headers["retry-after"]) == (429, "ratelimited", "1")
        client.chat_postMessage(channel=other, text="elsewhere")
        slack.advance(1)
        client.chat_postMessage(channel=team, text="2")
        assert [message["text"] for message in slack.messages(team)] == ["1", "2"]


def test_ts_looks_like_slacks_and_only_grows(client: WebClient, slack: LocalSlack, team: str) -> None:
    found = [client.chat_postMessage(channel=team, text="x")["ts"] for _ in range(5)]
    assert found == sorted(set(found), key=float)
    assert all(len(ts) == 17 and ts[10] == "." for ts in found)
    slack.advance(-3600)
    assert client.chat_postMessage(channel=team, text="x")["ts"] > found[-1]


def test_client_msg_id_is_taken_and_not_deduplicated(client: WebClient, slack: LocalSlack, team: str) -> None:
    for _ in range(2):
        client.chat_postMessage(channel=team, text="x", client_msg_id="same")
    assert [message["client_msg_id"] for message in slack.messages(team)] == ["same", "same"]


def test_replies_go_to_parents_that_exist(client: WebClient, slack: LocalSlack, team: str) -> None:
    parent = client.chat_postMessage(channel=team, text="parent")["ts"]
    reply = client.chat_postMessage(channel=team, text="reply", thread_ts=parent)["ts"]
    for wrong in (reply, "1.000001"):
        assert refusal(client.chat_postMessage, channel=team, text="x", thread_ts=wrong) == "cannot_reply_to_message"
    assert [message["text"] for message in slack.thread(team, parent)] == ["parent", "reply"]


def test_deleting_a_parent_leaves_a_tombstone(client: WebClient, slack: LocalSlack, team: str) -> None:
    parent = client.chat_postMessage(channel=team, text="parent")["ts"]
    client.chat_postMessage(channel=team, text="reply", thread_ts=parent)
    client.chat_delete(channel=team, ts=parent)
    assert slack.messages(team)[0]["subtype"] == "tombstone"
    assert refusal(client.chat_delete, channel=team, ts=parent) == "message_not_found"


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("no json", "invalid_metadata_format"),
        ({"event_type": "x"}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {}, "more": 1}, "invalid_metadata_schema"),
        ({"event_type": "x", "event_payload": {"id": "x" * 17_000}}, "metadata_too_large"),
    ],
)
def test_malformed_metadata_is_refused(client: WebClient, team: str, metadata: Any, error: str) -> None:
    assert refusal(client.chat_postMessage, channel=team, text="x", metadata=metadata) == error


def test_blocks_without_text_are_taken_with_a_warning(client: WebClient, slack: LocalSlack, team: str) -> None:
    client.api_call("chat.postMessage", json={"channel": team, "blocks": BLOCKS})
    assert len(slack.messages(team)) == 1
    assert [warning for warning in slack.warnings if "blocks without text" in warning]


def test_a_permalink_leads_into_the_thread(client: WebClient, team: str) -> None:
    parent = client.chat_postMessage(channel=team, text="parent")["ts"]
    reply = client.chat_postMessage(channel=team, text="reply", thread_ts=parent)["ts"]
    link = client.chat_getPermalink(channel=team, message_ts=reply)["permalink"]
    assert link.endswith(f"/archives/{team}/p{reply.replace('.', '')}?thread_ts={parent}&cid={team}")


def test_reactions_are_given_once(client: WebClient, slack: LocalSlack, team: str) -> None:
    ts = client.chat_postMessage(channel=team, text="x")["ts"]
    client.reactions_add(channel=team, timestamp=ts, name="eyes")
    assert refusal(client.reactions_add, channel=team, timestamp=ts, name="eyes") == "already_reacted"
    found = client.reactions_get(channel=team, timestamp=ts)["message"]["reactions"]
    assert found == [{"name": "eyes", "users": [slack.bot_user_id], "count": 1}]


def test_a_file_is_uploaded_and_shared(client: WebClient, slack: LocalSlack, team: str) -> None:
    client.files_upload_v2(channel=team, filename="a.csv", content="a,b", title="A", initial_comment="look")
    (message,) = slack.messages(team)
    assert (message["text"], message["files"][0]["title"], message["files"][0]["size"]) == ("look", "A", 3)


def test_a_closed_messages_tab_takes_no_messages() -> None:
    manifest = manifest_with()
    manifest["features"]["app_home"]["messages_tab_enabled"] = False
    with LocalSlack(manifest) as slack:
        ada = slack.add_user("ada")
        assert refusal(client_of(slack).chat_postMessage, channel=ada, text="x") == "messages_tab_disabled"
