"""Payloads to the bot over Socket Mode (docs.slack.dev: Using Socket Mode)."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect

from bot.sandbox.records import Ack, Json
from bot.sandbox.state import Workspace

APPROXIMATE_CONNECTION_SECONDS = 3600


@dataclass(eq=False)
class Connection:
    """One WebSocket of the bot's."""

    socket: WebSocket
    number: int
    is_leaving: bool = False
    waiting: dict[str, "asyncio.Future[Any]"] = field(default_factory=dict)


class SocketMode:
    """Keeps the connections and gives each payload to exactly one, in turn. Lives in the server's event loop."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.connections: list[Connection] = []
        self._number = 0
        self._turn = 0

    def count(self) -> int:
        """How many connections are open."""
        return len(self.connections)

    async def serve(self, socket: WebSocket) -> None:
        """One connection from hello to goodbye. Refused: urls that are unknown, used or too old."""
        with self.ws.lock:
            expires_at = self.ws.tickets.pop(socket.query_params.get("ticket", ""), 0.0)
            is_welcome = expires_at >= self.ws.now()
        if not is_welcome:
            await socket.close(code=4004)
            return
        await socket.accept()
        self._number += 1
        connection = Connection(socket, self._number)
        self.connections.append(connection)
        try:
            await socket.send_json(self._hello())
            self._announce()
            while True:
                self._take(connection, await socket.receive_text())
        except (WebSocketDisconnect, RuntimeError):
            # Starlette says RuntimeError when the socket goes away while it is written to.
            pass
        finally:
            self._forget(connection)

    def _hello(self) -> Json:
        debug = {"host": "local", "build_number": 1, "approximate_connection_time": APPROXIMATE_CONNECTION_SECONDS}
        connection_info = {"app_id": self.ws.app_id}
        return {
            "type": "hello",
            "num_connections": self.count(),
            "debug_info": debug,
            "connection_info": connection_info,
        }

    def _announce(self) -> None:
        with self.ws.lock:
            self.ws.changed.notify_all()

    def _forget(self, connection: Connection) -> None:
        if connection in self.connections:
            self.connections.remove(connection)
        for future in connection.waiting.values():
            if not future.done():
                future.set_exception(ConnectionError("the connection closed before the ack"))
        self._announce()

    def _take(self, connection: Connection, text: str) -> None:
        """An ack from the bot; anything else is ignored, as Slack does."""
        try:
            message = json.loads(text)
        except ValueError:
            return
        future = connection.waiting.get(message.get("envelope_id", "")) if isinstance(message, dict) else None
        if future is not None and not future.done():
            future.set_result(message.get("payload"))

    def _next(self) -> Connection | None:
        staying = [connection for connection in self.connections if not connection.is_leaving]
        if not staying:
            return None
        self._turn += 1
        return staying[self._turn % len(staying)]

    async def send(self, kind: str, payload: Json, attempt: int, reason: str | None) -> Ack:
        """One attempt, on one connection. Not acked within the time limit is a failure."""
        connection = self._next()
        if connection is None:
            return Ack(ok=False, error="dispatch_failed")
        with self.ws.lock:
            envelope_id = self.ws.ids.uuid()
        envelope: Json = {
            "envelope_id": envelope_id,
            "type": kind,
            "accepts_response_payload": kind != "events_api",
            "payload": payload,
        }
        if kind == "events_api":
            envelope |= {"retry_attempt": attempt, "retry_reason": reason or ""}
        started = time.monotonic()
        future = asyncio.get_running_loop().create_future()
        connection.waiting[envelope_id] = future
        try:
            await connection.socket.send_json(envelope)
            body = await asyncio.wait_for(future, self.ws.options.ack_seconds)
        except TimeoutError:
            return Ack(ok=False, latency_seconds=time.monotonic() - started, error="operation_timeout")
        except (ConnectionError, RuntimeError, WebSocketDisconnect):
            return Ack(ok=False, latency_seconds=time.monotonic() - started, error="dispatch_failed")
        finally:
            connection.waiting.pop(envelope_id, None)
        return Ack(ok=True, latency_seconds=time.monotonic() - started, body=body)

    async def disconnect(self, reason: str) -> None:
        """Tell all present connections to go. After `warning` they still get payloads, else no more; none is closed."""
        for connection in list(self.connections):
            connection.is_leaving = reason != "warning"
            message = {"type": "disconnect", "reason": reason, "debug_info": {"host": "local"}}
            await connection.socket.send_json(message)

    async def drop(self) -> None:
        """Close all connections without a word."""
        for connection in list(self.connections):
            self._forget(connection)
            await connection.socket.close(code=1012)
