"""One manifest, one Slack, one client."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from slack_bolt import App, BoltRequest
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

from bot.sandbox import LocalSlack, RemoteSlack

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


def client_of(slack: LocalSlack | RemoteSlack) -> WebClient:
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


class BoltServer:
    """A Bolt app behind signed HTTP, each request in a thread."""

    def __init__(self, app: App) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                headers: dict[str, str | Sequence[str]] = {key: [value] for key, value in self.headers.items()}
                answer = app.dispatch(BoltRequest(body=body, headers=headers))
                content = (answer.body or "").encode()
                self.send_response(answer.status)
                for name, values in answer.headers.items():
                    self.send_header(name, values[0])
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/slack/events"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextlib.contextmanager
def bolt_on(slack: LocalSlack | RemoteSlack, app: App) -> Iterator[App]:
    """Let a Bolt app serve a Slack, by whichever way that Slack delivers."""
    if isinstance(slack, LocalSlack) and slack.mode == "http":
        server = BoltServer(app)
        slack.request_url = server.url
        yield app
        server.close()
        return
    handler = SocketModeHandler(app, slack.app_token)
    handler.connect()  # type: ignore[no-untyped-call]
    slack.until(lambda: slack.connections() == 1)
    yield app
    hang_up(slack, handler)


def hang_up(slack: LocalSlack | RemoteSlack, handler: SocketModeHandler) -> None:
    # The SDK's close() waits up to three seconds for its idle receive and one for its idle queue. A closed socket ends
    # the first at once, an empty message the second.
    client = handler.client
    client.auto_reconnect_enabled = False
    client.current_session_runner.event.set()
    client.current_session_state.terminated = True
    slack.drop_connections()
    # A session that begins only now takes the mark away again, and close() would wait for it for ever.
    while client.current_session_runner.is_alive():
        client.current_session_state.terminated = True
        client.current_session_runner.thread.join(0.01)
    client.message_processor.event.set()
    client.enqueue_message("{}")
    # close() may find the session gone already and then trip over its own feet.
    with contextlib.suppress(AttributeError):
        handler.close()  # type: ignore[no-untyped-call]


def app_of(slack: LocalSlack | RemoteSlack) -> App:
    return App(client=client_of(slack), signing_secret=slack.signing_secret)


class Bench:
    """A Slack with people, and a Bolt app that serves it once entered."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.app = app_of(slack)
        self.client = client_of(slack)
        self.ada = slack.add_user("ada", email="ada@example.com")
        self.grace = slack.add_user("grace")
        self.team = slack.add_channel("team", members=[self.ada, self.grace, slack.bot_user_id])


@pytest.fixture(params=["socket", "http"])
def bench(request: pytest.FixtureRequest, manifest: Json) -> Iterator[Bench]:
    """Serve over Socket Mode and over HTTP; listeners may be added after the start."""
    with LocalSlack(manifest, mode=request.param, message_interval_seconds=0, ack_seconds=2.0) as slack:
        made = Bench(slack)
        with bolt_on(slack, made.app):
            yield made
