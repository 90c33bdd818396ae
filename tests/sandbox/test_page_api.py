"""The page's API: who sees what, and who may use it at all."""

import contextlib
import json
from collections.abc import Iterator

import httpx
import pytest
from slack_sdk import WebClient
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from bot.sandbox import LocalSlack
from tests.sandbox.conftest import Json


@pytest.fixture
def http(slack: LocalSlack) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=slack.base_url, trust_env=False) as client:
        yield client


def watching(slack: LocalSlack, origin: str | None = None) -> ClientConnection:
    return connect(slack.base_url.replace("http", "ws") + "/_page/live", origin=origin, proxy=None)  # type: ignore[arg-type]


def seen(slack: LocalSlack, viewer: str, at: str, thread: str = "") -> Json:
    with watching(slack) as socket:
        socket.send(json.dumps({"viewer": viewer, "at": at, "thread": thread, "limit": 2}))
        found: Json = json.loads(socket.recv(5))
        return found


def test_each_person_sees_their_own(slack: LocalSlack, client: WebClient, ada: str, grace: str, team: str) -> None:
    secret = slack.add_channel("secret", private=True, members=[grace, slack.bot_user_id])
    client.chat_postEphemeral(channel=team, user=ada, text="only ada")
    client.chat_postMessage(channel=secret, text="not for ada")
    client.views_publish(user_id=ada, view={"type": "home", "blocks": []})
    of_ada, of_grace = seen(slack, ada, team), seen(slack, grace, team)
    assert [message["text"] for message in of_ada["place"]["messages"]] == ["only ada"]
    assert of_grace["place"]["messages"] == []
    assert [channel["name"] for channel in of_ada["channels"]] == ["team"]
    assert {channel["name"]: channel["unread"] for channel in of_grace["channels"]} == {"team": 0, "secret": 1}
    assert of_ada["home"]
    assert of_grace["home"] is None
    assert seen(slack, ada, secret)["place"] is None


def test_changes_come_by_themselves(slack: LocalSlack, client: WebClient, ada: str, team: str) -> None:
    with watching(slack) as socket:
        socket.send(json.dumps({"viewer": ada, "at": team}))
        assert json.loads(socket.recv(5))["place"]["messages"] == []
        ts = str(client.chat_postMessage(channel=team, text="first")["ts"])
        assert json.loads(socket.recv(5))["place"]["messages"][0]["text"] == "first"
        client.chat_update(channel=team, ts=ts, text="second")
        assert json.loads(socket.recv(5))["place"]["messages"][0]["text"] == "second"


def test_long_channels_and_threads(slack: LocalSlack, client: WebClient, ada: str, team: str) -> None:
    first = str(client.chat_postMessage(channel=team, text="1")["ts"])
    client.chat_postMessage(channel=team, text="reply", thread_ts=first)
    for number in (2, 3):
        client.chat_postMessage(channel=team, text=str(number))
    found = seen(slack, ada, team, first)
    assert [message["text"] for message in found["place"]["messages"]] == ["2", "3"]
    assert found["place"]["has_earlier"]
    assert [message["text"] for message in found["thread"]["messages"]] == ["1", "reply"]


def test_people_act(slack: LocalSlack, http: httpx.Client, ada: str, team: str) -> None:
    assert http.post("/_page/do/say", json={"user": ada, "channel": team, "text": "hello"}).json()["ok"]
    assert [message["text"] for message in slack.messages(team)] == ["hello"]
    refused = http.post("/_page/do/say", json={"user": "U0", "channel": team, "text": "hello"})
    assert refused.status_code == 409
    wrong = http.post("/_page/do/command", json={"user": ada, "channel": team, "text": "/nonsense"}).json()
    assert wrong["result"]["said"] == ["/nonsense is not a valid command."]
    # A bot's tokens and faults are no business of the page.
    assert http.post("/_page/do/facts", json={}).status_code == 404
    assert http.post("/_page/do/say", content="x", headers={"content-type": "application/json"}).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example.com"},
        {"host": "evil.example.com"},
        {"sec-fetch-site": "cross-site"},
        {"content-type": "text/plain"},
    ],
    ids=["origin", "host", "site", "form"],
)
def test_other_sites_are_refused(
    slack: LocalSlack, http: httpx.Client, ada: str, team: str, headers: dict[str, str]
) -> None:
    body = json.dumps({"user": ada, "channel": team, "text": "hello"})
    sent = {"content-type": "application/json"} | headers
    assert http.post("/_page/do/say", content=body, headers=sent).status_code == 403
    assert slack.messages(team) == []


def test_other_sites_see_nothing(slack: LocalSlack, http: httpx.Client) -> None:
    with pytest.raises(InvalidStatus):
        watching(slack, "https://evil.example.com")
    assert http.get("/", headers={"host": "evil.example.com"}).status_code == 404
    for headers in ({"origin": "https://evil.example.com"}, {"sec-fetch-site": "cross-site"}):
        assert http.get("/_control/facts", headers=headers).status_code == 403


def test_only_the_page_is_served(http: httpx.Client) -> None:
    index = http.get("/")
    assert "default-src 'none'" in index.headers["content-security-policy"]
    assert http.get("/page/app.js").headers["content-type"].startswith("text/javascript")
    for name in ("..%2fserver.py", "%2e%2e/server.py", "nothing.js", "/etc/passwd"):
        assert http.get(f"/page/{name}").status_code == 404
    assert http.get("/_page/files/F0").status_code == 404


def test_what_is_not_understood_is_ignored(slack: LocalSlack, ada: str, team: str) -> None:
    with watching(slack) as socket:
        socket.send(json.dumps(["not", "a", "look"]))
        assert json.loads(socket.recv(5))["viewer"] == ada
        socket.send(json.dumps({"viewer": "nobody", "at": team, "limit": -1}))
        assert json.loads(socket.recv(5))["place"]["id"] == team


def test_a_server_ends_while_its_pages_are_open(manifest: Json, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(5):
        with contextlib.ExitStack() as pages, LocalSlack(manifest, message_interval_seconds=0) as slack:
            ada = slack.add_user("ada")
            team = slack.add_channel("team", members=[ada])
            for _ in range(3):
                socket = pages.enter_context(watching(slack))
                socket.send(json.dumps({"viewer": ada, "at": team}))
                socket.recv(5)
            slack.say(ada, team, "last words")
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []
