"""Signed HTTP, looked at by a receiver that answers as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from bot.sandbox import LocalSlack
from tests.sandbox.conftest import BoltServer, app_of

Json = dict[str, Any]
Answer = tuple[int, str, dict[str, str]]


class Receiver:
    """Keeps every request; `answers` are given in turn, then 200 and nothing."""

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str]]] = []
        self.answers: list[Answer] = []
        self.may_answer = threading.Event()
        self.may_answer.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                receiver.got.append((body, {key.lower(): value for key, value in self.headers.items()}))
                status, content, headers = receiver.answers.pop(0) if receiver.answers else (200, "", {})
                receiver.may_answer.wait()
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content.encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    made = Receiver()
    yield made
    made.may_answer.set()
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def slack(manifest: Json, receiver: Receiver) -> Iterator[LocalSlack]:
    delays = (0.0, 0.0, 0.0)
    with LocalSlack(
        manifest, mode="http", request_url=receiver.url, ack_seconds=0.5, event_retry_delays=delays
    ) as running:
        yield running


def test_every_payload_is_signed_and_encoded_as_slack_does(
    slack: LocalSlack, receiver: Receiver, ada: str, team: str
) -> None:
    slack.command(ada, team, "/ask me")
    slack.shortcut(ada, "ask_global")
    slack.say(ada, team, "hi")
    verifier = SignatureVerifier(slack.signing_secret)
    assert all(verifier.is_valid_request(body, headers) for body, headers in receiver.got)
    (command, form), (shortcut, other_form), (event, as_json) = receiver.got
    assert form["content-type"] == other_form["content-type"] == "application/x-www-form-urlencoded"
    assert as_json["content-type"] == "application/json"
    assert parse_qs(command)["text"] == ["me"]
    assert json.loads(parse_qs(shortcut)["payload"][0])["callback_id"] == "ask_global"
    assert json.loads(event)["event"]["text"] == "hi"


def test_an_event_is_sent_again_three_times_with_the_reason(
    slack: LocalSlack, receiver: Receiver, ada: str, team: str
) -> None:
    receiver.answers = [(500, "", {})] * 4
    assert not slack.say(ada, team, "hi").ok
    slack.until(lambda: len(slack.deliveries("message")[0].attempts) == 4)
    numbers = [headers.get("x-slack-retry-num") for _, headers in receiver.got]
    reasons = {headers.get("x-slack-retry-reason") for _, headers in receiver.got[1:]}
    assert (numbers, reasons) == ([None, "1", "2", "3"], {"http_error"})
    assert len({json.loads(body)["event_id"] for body, _ in receiver.got}) == 1


def test_the_bot_may_stop_retries(slack: LocalSlack, receiver: Receiver, ada: str, team: str) -> None:
    receiver.answers = [(500, "", {"X-Slack-No-Retry": "1"})]
    slack.say(ada, team, "one")
    assert slack.say(ada, team, "two").ok
    slack.until(lambda: len(slack.deliveries("message")) == 2)
    assert [len(sent.attempts) for sent in slack.deliveries("message")] == [1, 1]


def test_a_bot_that_does_not_answer_is_a_timeout(slack: LocalSlack, receiver: Receiver, ada: str, team: str) -> None:
    receiver.may_answer.clear()
    seen = slack.command(ada, team, "/ask")
    assert (seen.ok, seen.error) == (False, "operation_timeout")
    assert "operation_timeout" in seen.ephemerals[0]["text"]


@pytest.mark.parametrize(("status", "error"), [(500, "http_service_error"), (404, "http_client_error")])
def test_a_bot_that_fails_is_an_error_to_the_person(
    slack: LocalSlack, receiver: Receiver, ada: str, team: str, status: int, error: str
) -> None:
    receiver.answers = [(status, "", {})]
    seen = slack.command(ada, team, "/ask")
    assert (seen.error, seen.status) == (error, status)


def test_a_bot_that_is_not_there_is_an_error_to_the_person(slack: LocalSlack, ada: str, team: str) -> None:
    slack.request_url = None
    assert slack.command(ada, team, "/ask").error == "dispatch_failed"


def test_a_bad_answer_to_a_command_is_shown_to_nobody(
    slack: LocalSlack, receiver: Receiver, ada: str, team: str
) -> None:
    body = json.dumps({"text": "x", "blocks": [{"type": "nonsense"}]})
    receiver.answers = [(200, body, {"Content-Type": "application/json"})]
    seen = slack.command(ada, team, "/ask")
    assert (seen.ok, seen.error) == (False, "invalid_blocks")
    assert slack.ephemerals(ada) == []


def test_bolt_refuses_what_is_not_signed_rightly_and_in_time(slack: LocalSlack) -> None:
    server = BoltServer(app_of(slack))
    body = json.dumps({"type": "url_verification", "challenge": "c", "token": "t"})
    headers: list[Callable[[], dict[str, str]]] = [
        lambda: slack.sign(body),
        lambda: slack.sign(body, secret="of somebody else"),
        lambda: slack.sign(body, timestamp=int(time.time()) - 301),
        dict,
    ]
    found = [
        httpx.post(server.url, content=body, headers={**made(), "Content-Type": "application/json"}).status_code
        for made in headers
    ]
    assert found == [200, 401, 401, 401]
    slack.request_url = server.url
    assert slack.verify_url().body in ({"challenge": "c" * 20}, "c" * 20)
    server.close()
