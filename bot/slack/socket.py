"""Slack over Socket Mode: two connections, replaced without a gap.

The client of slack-sdk opens its new connection before it closes the old one, but reads it only once a receive on the
old one has returned, three seconds later, when whatever Slack sent meanwhile is past its deadline. So here a connection
that must go is replaced by a whole new client, and still answers what it received until it is closed.
"""

import random
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from socket import SHUT_RDWR

import structlog
from slack_bolt import App
from slack_bolt.adapter.socket_mode.internals import run_bolt_app, send_response
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.builtin import SocketModeClient
from slack_sdk.socket_mode.client import BaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

log = structlog.get_logger()
CONNECTIONS = 2
_PING_SECONDS = 10
_GRACE_SECONDS = 4.0
_LONGEST_PAUSE_SECONDS = 30.0
_LOOK_EVERY_SECONDS = 0.1
# Trying again does not help: somebody must give the bot another token or switch Socket Mode on.
_HOPELESS = frozenset({
    "invalid_auth", "not_authed", "not_allowed_token_type", "account_inactive", "token_revoked", "token_expired",
    "missing_scope", "no_permission",
})  # fmt: skip


class Line(SocketModeClient):
    """One connection. It never reconnects: it says that it must be replaced."""

    def __init__(self, app: App, app_token: str, wake: threading.Event) -> None:
        super().__init__(
            app_token=app_token, logger=app.logger, web_client=app.client, proxy=app.client.proxy,
            ping_interval=_PING_SECONDS, concurrency=10,
        )  # fmt: skip
        self.must_go = False
        self.busy = 0
        self._wake = wake
        self._app = app
        self._counting = threading.Lock()
        self.socket_mode_request_listeners.append(self._serve)

    def connect_to_new_endpoint(self, force: bool = False) -> None:  # noqa: ARG002 - the client's own signature
        """What the client does on Slack's `disconnect`, on a close and when the connection is stale."""
        self.must_go = True
        self._wake.set()

    def _serve(self, client: BaseSocketModeClient, request: SocketModeRequest) -> None:
        with self._counting:
            self.busy += 1
        try:
            started = time.time()
            send_response(client, request, run_bolt_app(self._app, request), started)
        finally:
            with self._counting:
                self.busy -= 1

    def retire(self) -> None:
        """Close once everything received has been answered, after four seconds at the latest."""
        until = time.monotonic() + _GRACE_SECONDS
        while self.busy and time.monotonic() < until:
            time.sleep(_LOOK_EVERY_SECONDS)
        try:
            self._hang_up()
            self.close()
        except Exception as error:  # noqa: BLE001 - whatever closing a broken connection raises, it is closed
            log.info("socket_close_failed", error_type=type(error).__name__)

    def _hang_up(self) -> None:
        """Make receiver and reader return; closing would wait up to three seconds for the one and one for the other."""
        self.closed = True
        self.message_queue.put(None)  # the reader passes over it
        session = self.current_session
        self.current_session_state.terminated = True
        if session is not None and session.sock is not None:
            with suppress(OSError):  # it was closed from the other side
                session.sock.shutdown(SHUT_RDWR)


@dataclass
class _Lines:
    app: App
    app_token: str
    stop: threading.Event
    connected: threading.Event
    wake: threading.Event = field(default_factory=threading.Event)
    open: list[Line] = field(default_factory=list)
    failures: int = 0

    def keep(self) -> None:
        """Keep the connections up until told to stop."""
        while not self.stop.is_set():
            self.wake.clear()
            self._replace()
            self.wake.wait(_LOOK_EVERY_SECONDS)

    def _replace(self) -> None:
        """Open what is missing before closing what must go."""
        going = [line for line in self.open if line.must_go]
        staying = [line for line in self.open if line not in going]
        while len(staying) < CONNECTIONS and not self.stop.is_set():
            line = self._connect()
            if line is None:
                break
            staying.append(line)
        self.open = staying
        (self.connected.set if staying else self.connected.clear)()
        for line in going:
            # What it received just before is still answered on it, so it goes in its own time.
            threading.Timer(_GRACE_SECONDS, line.retire).start()
        if len(staying) < CONNECTIONS:
            self._pause()

    def _connect(self) -> Line | None:
        line = Line(self.app, self.app_token, self.wake)
        try:
            line.connect()
        except SlackApiError as error:
            line.retire()
            reason = str(error.response.get("error"))
            log.error("socket_refused", reason=reason)  # noqa: TRY400 - a trace would show the token's request
            if reason in _HOPELESS:
                raise
            return None
        except Exception as error:  # noqa: BLE001 - no network, no answer, half an answer: all are tried again
            line.retire()
            log.warning("socket_not_connected", error_type=type(error).__name__)
            return None
        if not line.is_connected():
            line.retire()
            return None
        self.failures = 0
        log.info("socket_connected")
        return line

    def _pause(self) -> None:
        self.failures += 1
        self.stop.wait(min(0.2 * 2**self.failures, _LONGEST_PAUSE_SECONDS) * random.uniform(0.5, 1.0))  # noqa: S311 - jitter

    def close(self) -> None:
        """Answer what was received, then close everything at once."""
        closing = [threading.Thread(target=line.retire) for line in self.open]
        for thread in closing:
            thread.start()
        for thread in closing:
            thread.join()


def run_socket(app: App, app_token: str, stop: threading.Event, connected: threading.Event | None = None) -> None:
    """Serve the App over Socket Mode until `stop` is set, then close in order. `connected` is set while Slack is there.

    Raises SlackApiError when Slack refuses the app-level token; any other failure is tried again, ever less often.
    """
    lines = _Lines(app, app_token, stop, connected or threading.Event())
    try:
        lines.keep()
    finally:
        lines.close()
