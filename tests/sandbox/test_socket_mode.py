"""Socket Mode, looked at by bare WebSockets."""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from bot.sandbox import LocalSlack, Seen

Json = dict[str, Any]


def new_url(slack: LocalSlack) -> str:
    headers = {"Authorization": f"Bearer {slack.app_token}"}
    return str(httpx.post(f"{slack.api_url}apps.connections.open", headers=headers).json()["url"])


def receive(socket: ClientConnection) -> Json:
    found: Json = json.loads(socket.recv(timeout=5))
    return found


@pytest.fixture
def hello(slack: LocalSlack) -> Iterator[Callable[[], ClientConnection]]:
    """Open a connection, which is closed after the test."""
    with contextlib.ExitStack() as stack:

        def opened() -> ClientConnection:
            socket = stack.enter_context(connect(new_url(slack), proxy=None))
            assert receive(socket)["type"] == "hello"
            return socket

        yield opened


@pytest.fixture
def slack(manifest: Json) -> Iterator[LocalSlack]:
    with LocalSlack(manifest, ack_seconds=0.5, event_retry_delays=(0.0, 0.0, 0.0)) as running:
        yield running


def meanwhile(act: Callable[[], Seen]) -> tuple[threading.Thread, list[Seen]]:
    seen: list[Seen] = []
    thread = threading.Thread(target=lambda: seen.append(act()))
    thread.start()
    return thread, seen


def test_a_url_is_good_once(slack: LocalSlack) -> None:
    url = new_url(slack)
    with connect(url, proxy=None) as socket:
        assert receive(socket)["num_connections"] == 1
        with pytest.raises(Exception, match="403"), connect(url, proxy=None):
            pass


def test_a_url_grows_old(slack: LocalSlack) -> None:
    url = new_url(slack)
    slack.advance(31)
    with pytest.raises(Exception, match="403"), connect(url, proxy=None):
        pass


def test_there_are_at_most_ten_connections(slack: LocalSlack, hello: Callable[[], ClientConnection]) -> None:
    for _ in range(10):
        hello()
    answer = httpx.post(
        f"{slack.api_url}apps.connections.open", headers={"Authorization": f"Bearer {slack.app_token}"}
    ).json()
    assert answer == {"ok": False, "error": "too_many_connections"}


def test_each_payload_goes_to_exactly_one_connection(
    slack: LocalSlack, hello: Callable[[], ClientConnection], ada: str, team: str
) -> None:
    sockets = [hello(), hello()]
    counts = [0, 0]

    def serve(index: int) -> None:
        while True:
            try:
                envelope = json.loads(sockets[index].recv())
            except ConnectionClosed:
                return
            counts[index] += 1
            sockets[index].send(json.dumps({"envelope_id": envelope["envelope_id"]}))

    threads = [threading.Thread(target=serve, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    assert all(slack.command(ada, team, "/ask").ok for _ in range(6))
    for socket, thread in zip(sockets, threads, strict=True):
        socket.close()
        thread.join()
    assert (sum(counts), min(counts)) == (6, 3)


def test_an_ack_carries_the_commands_answer(
    slack: LocalSlack, hello: Callable[[], ClientConnection], ada: str, team: str
) -> None:
    with hello() as socket:
        thread, seen = meanwhile(lambda: slack.command(ada, team, "/ask"))
        envelope = receive(socket)
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        socket.send(json.dumps({"envelope_id": envelope["envelope_id"], "payload": {"text": "hi"}}))
        thread.join()
    assert [message["text"] for message in seen[0].ephemerals] == ["hi"]


def test_no_ack_is_a_timeout_and_no_connection_a_failure(
    slack: LocalSlack, hello: Callable[[], ClientConnection], ada: str, team: str
) -> None:
    assert slack.command(ada, team, "/ask").error == "dispatch_failed"
    with hello():
        assert slack.command(ada, team, "/ask").error == "operation_timeout"
    slack.until(lambda: slack.connections() == 0)


def test_an_event_that_is_not_acked_comes_again_to_another_connection(
    slack: LocalSlack, hello: Callable[[], ClientConnection], ada: str, team: str
) -> None:
    first, second = hello(), hello()
    thread, _ = meanwhile(lambda: slack.say(ada, team, "hi"))
    envelopes: list[Json] = []
    for socket in (second, first):
        envelopes.append(receive(socket))
        if len(envelopes) == 1:
            socket.close()
    thread.join()
    assert [envelope["retry_attempt"] for envelope in envelopes] == [0, 1]
    assert envelopes[0]["payload"]["event_id"] == envelopes[1]["payload"]["event_id"]
    first.send(json.dumps({"envelope_id": envelopes[1]["envelope_id"]}))
    slack.until(lambda: slack.deliveries("message")[0].ok)
    first.close()


def test_a_connection_that_is_told_to_refresh_gets_nothing_more(
    slack: LocalSlack, hello: Callable[[], ClientConnection], ada: str, team: str
) -> None:
    old = hello()
    slack.disconnect("warning")
    assert receive(old)["reason"] == "warning"
    slack.disconnect("refresh_requested")
    assert receive(old)["reason"] == "refresh_requested"
    new = hello()
    thread, seen = meanwhile(lambda: slack.command(ada, team, "/ask"))
    new.send(json.dumps({"envelope_id": receive(new)["envelope_id"]}))
    thread.join()
    assert seen[0].ok
    slack.drop_connections()
    with pytest.raises(ConnectionClosed):
        old.recv(timeout=5)
    new.close()
