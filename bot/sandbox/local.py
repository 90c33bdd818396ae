"""LocalSlack: the whole of it, started and stopped as one."""

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine, Mapping
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from bot.sandbox.clicks import Clicks
from bot.sandbox.control import answer_control
from bot.sandbox.faults import Fault, FaultKind, When
from bot.sandbox.guide import Guided
from bot.sandbox.http_delivery import HttpDelivery
from bot.sandbox.looking import Looking
from bot.sandbox.manifest import Manifest
from bot.sandbox.outbound import Outbound
from bot.sandbox.page_api import Page
from bot.sandbox.people import People
from bot.sandbox.reacting import Reacting
from bot.sandbox.records import Ack, Json
from bot.sandbox.scene import Scene
from bot.sandbox.server import ServerThread, build_app
from bot.sandbox.signing import sign
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.state import Options, Workspace
from bot.sandbox.suggesting import Suggesting
from bot.sandbox.uploads import Uploads

Result = TypeVar("Result")


class LocalSlack(Scene, People, Clicks, Reacting, Suggesting, Uploads, Looking, Guided):
    """A strict Slack on 127.0.0.1. The package's docstring describes all it can do."""

    def __init__(
        self,
        manifest: Json,
        *,
        mode: Literal["socket", "http"] = "socket",
        request_url: str | None = None,
        port: int = 0,
        message_interval_seconds: float = 1.0,
        ack_seconds: float = 3.0,
        event_retry_delays: Collection[float] = (0.0, 60.0, 300.0),
        seed: int = 0,
        now: Callable[[], float] = time.time,
    ) -> None:
        options = Options(message_interval_seconds, ack_seconds, tuple(event_retry_delays))
        self.ws = Workspace(Manifest(manifest), options, now, seed)
        self.mode = mode
        self._port = port
        self._sockets = SocketMode(self.ws)
        self._http = HttpDelivery(self.ws, request_url)
        self.outbound = Outbound(self.ws, self._sockets if mode == "socket" else self._http)
        self.ws.connections_open = self._sockets.count
        self._page = Page(self.ws, self._control, self.guide_story)
        self._server: ServerThread | None = None

    def start(self) -> Self:
        """Serve; returns once requests are answered."""
        app = build_app(self.ws, self._sockets, self._http, self.outbound, self._page)
        self._server = ServerThread(app, self._port)
        self.ws.base_url = f"http://127.0.0.1:{self._server.port}"
        self._server.start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._page.close()
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        """Start."""
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self.stop()

    def _control(self, name: str, args: Json) -> tuple[int, Any]:
        return answer_control(self, name, args)

    @property
    def base_url(self) -> str:
        """http://127.0.0.1:PORT."""
        return self.ws.base_url

    @property
    def api_url(self) -> str:
        """What a client takes as its base url; ends in /api/."""
        return f"{self.ws.base_url}/api/"

    @property
    def bot_token(self) -> str:
        """The bot's token; it carries exactly the manifest's bot scopes."""
        return self.ws.bot_token

    @property
    def app_token(self) -> str:
        """The app-level token, good for apps.connections.open only."""
        return self.ws.app_token

    @property
    def signing_secret(self) -> str:
        """The secret that requests to the bot are signed with."""
        return self.ws.signing_secret

    @property
    def bot_user_id(self) -> str:
        """The bot as a member of channels."""
        return self.ws.bot_user_id

    @property
    def bot_id(self) -> str:
        """The bot as the author of messages."""
        return self.ws.bot_id

    @property
    def app_id(self) -> str:
        """The app."""
        return self.ws.app_id

    @property
    def team_id(self) -> str:
        """The workspace."""
        return self.ws.team_id

    @property
    def request_url(self) -> str | None:
        """Where payloads go in mode "http"."""
        return self._http.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._http.request_url = url

    def guide_changed(self) -> None:
        """The guide's story is another now: open pages draw it anew."""
        with self.ws.lock:
            self.ws.changed.notify_all()

    def facts(self) -> Json:
        """All that a bot's settings need."""
        names = ("base_url", "api_url", "bot_token", "app_token", "signing_secret", "bot_user_id", "bot_id", "app_id")
        return {name: getattr(self, name) for name in (*names, "team_id", "mode", "request_url")}

    def advance(self, seconds: float) -> None:
        """Move Slack's clock ahead."""
        self.ws.advance(seconds)

    def fault(
        self,
        method: str,
        kind: FaultKind,
        times: int = 1,
        when: When = "before",
        *,
        seconds: float = 1.0,
        retry_after: int = 1,
    ) -> None:
        """Let the next calls of a method go wrong."""
        with self.ws.lock:
            self.ws.faults.add(Fault(method, kind, times, when, seconds, retry_after))

    def random_faults(
        self, probabilities: Mapping[FaultKind, float], *, seed: int = 0, methods: Collection[str] = ()
    ) -> None:
        """Let calls go wrong at random, half of them after they took effect; the same seed draws the same."""
        with self.ws.lock:
            self.ws.faults.at_random(probabilities, seed, methods)

    def clear_faults(self) -> None:
        """No more faults."""
        with self.ws.lock:
            self.ws.faults.clear()

    def connections(self) -> int:
        """How many Socket Mode connections are open."""
        return self._sockets.count()

    def disconnect(self, reason: str = "refresh_requested") -> None:
        """Tell the bot to connect anew."""
        self._in_loop(self._sockets.disconnect(reason))

    def drop_connections(self) -> None:
        """Close every Socket Mode connection without a word."""
        self._in_loop(self._sockets.drop())

    def _in_loop(self, work: Coroutine[Any, Any, Result]) -> Result:
        if self.outbound.loop is None:
            raise RuntimeError("the local Slack is not running")
        return asyncio.run_coroutine_threadsafe(work, self.outbound.loop).result()

    def sign(self, body: bytes | str, timestamp: int | None = None, secret: str | None = None) -> dict[str, str]:
        """The signature headers of any body, also with a wrong secret or an old time."""
        content = body.encode() if isinstance(body, str) else body
        return sign(secret or self.signing_secret, content, int(time.time()) if timestamp is None else timestamp)

    def verify_url(self) -> Ack:
        """Send url_verification, as Slack does when a request url is saved; the ack's body should be the challenge."""
        challenge = {"token": self.ws.verification_token, "challenge": "c" * 20, "type": "url_verification"}
        return self._in_loop(self._http.send("events_api", challenge, 0, None))
