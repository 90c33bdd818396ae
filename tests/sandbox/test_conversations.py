import pytest
from slack_sdk import WebClient

from bot.sandbox import CannotDo, LocalSlack
from tests.sandbox.errors import refusal


def test_a_private_channel_is_invisible_to_a_bot_that_is_not_in_it(
    slack: LocalSlack, client: WebClient, ada: str
) -> None:
    secret = slack.add_channel("secret", private=True, members=[ada])
    assert client.conversations_list(types="private_channel")["channels"] == []
    assert refusal(client.conversations_info, channel=secret) == "channel_not_found"
    assert refusal(client.chat_postMessage, channel=secret, text="hi") == "channel_not_found"
    slack.invite(secret, slack.bot_user_id)
    assert client.conversations_info(channel=secret)["channel"]["is_private"]


def test_writing_needs_membership_and_a_channel_that_lives(slack: LocalSlack, client: WebClient, ada: str) -> None:
    public = slack.add_channel("public", members=[ada])
    assert refusal(client.chat_postMessage, channel=public, text="hi") == "not_in_channel"
    assert refusal(client.conversations_history, channel=public) == "not_in_channel"
    slack.invite(public, slack.bot_user_id)
    assert client.chat_postMessage(channel=public, text="hi")["ok"]
    slack.archive(public)
    assert refusal(client.chat_postMessage, channel=public, text="hi") == "is_archived"
    assert refusal(client.chat_postMessage, channel="C404", text="hi") == "channel_not_found"


def test_lists_come_in_pages(slack: LocalSlack, client: WebClient) -> None:
    made = [slack.add_user(f"person{number}") for number in range(7)]
    found, cursor = [], ""
    while True:
        answer = client.users_list(limit=3, cursor=cursor)
        found += [user["id"] for user in answer["members"]]
        cursor = answer["response_metadata"]["next_cursor"]
        if not cursor:
            break
    assert found == [slack.bot_user_id, *made]
    assert refusal(client.users_list, cursor="nonsense") == "invalid_cursor"
    assert refusal(client.users_list, limit=1001) == "invalid_limit"


def test_history_keeps_to_its_bounds(slack: LocalSlack, client: WebClient, ada: str, team: str) -> None:
    ts = [slack.say(ada, team, f"message {number}").ts or "" for number in range(4)]

    def texts(**more: object) -> list[str]:
        answer = client.conversations_history(channel=team, **more)  # type: ignore[arg-type]
        return [message["text"][-1] for message in answer["messages"]]

    assert texts() == ["3", "2", "1", "0"]
    assert texts(oldest=ts[1]) == ["3", "2"]
    assert texts(oldest=ts[1], latest=ts[2], inclusive=True) == ["2", "1"]
    assert texts(latest=ts[1]) == ["0"]
    first = client.conversations_history(channel=team, limit=3)
    assert first["has_more"]
    rest = client.conversations_history(channel=team, limit=3, cursor=first["response_metadata"]["next_cursor"])
    assert [message["ts"] for message in rest["messages"]] == [ts[0]]


def test_replies_are_in_the_thread_and_not_in_the_channel(
    slack: LocalSlack, client: WebClient, ada: str, team: str
) -> None:
    parent = slack.say(ada, team, "parent").ts or ""
    reply = slack.say(ada, team, "reply", parent).ts or ""
    slack.say(ada, team, "both", parent, broadcast=True)
    assert [m["text"] for m in client.conversations_history(channel=team)["messages"]] == ["both", "parent"]
    found = client.conversations_replies(channel=team, ts=parent)["messages"]
    assert [message["text"] for message in found] == ["parent", "reply", "both"]
    assert (found[0]["reply_count"], found[1]["parent_user_id"]) == (2, ada)
    by_reply = client.conversations_replies(channel=team, ts=reply)["messages"]
    assert by_reply[0]["ts"] == parent
    assert refusal(client.conversations_replies, channel=team, ts="1.000001") == "thread_not_found"


def test_metadata_is_shown_only_when_asked_for(client: WebClient, team: str) -> None:
    metadata = {"event_type": "sent", "event_payload": {"id": "x"}}
    client.chat_postMessage(channel=team, text="hi", metadata=metadata)
    plain = client.conversations_history(channel=team)["messages"][0]
    full = client.conversations_history(channel=team, include_all_metadata=True)["messages"][0]
    assert "metadata" not in plain
    assert full["metadata"] == metadata


def test_opening_a_dm_is_the_same_as_writing_to_a_person(slack: LocalSlack, client: WebClient, ada: str) -> None:
    opened = client.conversations_open(users=ada)["channel"]["id"]
    assert client.chat_postMessage(channel=ada, text="hi")["channel"] == opened == slack.dm(ada)
    assert [message["text"] for message in slack.dms(ada)] == ["hi"]
    assert refusal(client.chat_postMessage, channel="U404", text="hi") == "channel_not_found"
    assert refusal(client.conversations_open, users="U404") == "user_not_found"


def test_a_dm_of_two_people_is_none_of_the_bots_business(
    slack: LocalSlack, client: WebClient, ada: str, grace: str
) -> None:
    between = slack.dm_between(ada, grace)
    slack.say(ada, between, "psst")
    assert slack.deliveries("message") == []
    assert refusal(client.chat_postMessage, channel=between, text="hi") == "channel_not_found"


def test_joining_needs_its_scope(slack: LocalSlack, client: WebClient, ada: str) -> None:
    public = slack.add_channel("public", members=[ada])
    assert refusal(client.conversations_join, channel=public) == "missing_scope"


def test_a_person_joins_public_channels_only(slack: LocalSlack, ada: str, grace: str) -> None:
    public = slack.add_channel("public", members=[ada, slack.bot_user_id])
    secret = slack.add_channel("secret", private=True, members=[ada])
    slack.join(grace, public)
    assert [sent.payload["event"]["user"] for sent in slack.deliveries("member_joined_channel")] == [grace]
    with pytest.raises(CannotDo, match="not public"):
        slack.join(grace, secret)
