"""From Slack to the bot: one attempt for what people wait for, retries for events."""

import asyncio
from concurrent.futures import Future
from typing import Any, Protocol

from bot.sandbox.records import Ack, Delivery, Json
from bot.sandbox.state import Workspace


class Channel(Protocol):
    """A way to the bot: Socket Mode or HTTP."""

    async def send(self, kind: str, payload: Json, attempt: int, reason: str | None) -> Ack:
        """One attempt."""
        ...


class Outbound:
    """Delivers payloads from any thread; the sending itself happens in the server's event loop."""

    def __init__(self, ws: Workspace, way: Channel) -> None:
        self.ws = ws
        self.way = way
        self.loop: asyncio.AbstractEventLoop | None = None
        self._running: set[asyncio.Task[Any]] = set()
        self._is_over = False

    def start(self) -> None:
        """Called in the event loop once it runs."""
        self.loop = asyncio.get_running_loop()
        self._is_over = False
        with self.ws.lock:
            self.ws.publish = self.publish

    async def stop(self) -> None:
        """Break off what is on its way and what is still to come: afterwards nothing opens a connection any more."""
        self._is_over = True
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    def publish(self, delivery: Delivery) -> "Future[Ack]":
        """Send an event, again after failures; the future ends with the first attempt."""
        return self._submit(delivery, is_event=True)

    def deliver(self, delivery: Delivery) -> Ack:
        """Send what a person waits for, once, and wait for the ack. Not for the event loop, nor under the lock."""
        return self._submit(delivery, is_event=False).result()

    def _submit(self, delivery: Delivery, *, is_event: bool) -> "Future[Ack]":
        with self.ws.lock:
            self.ws.sent.append(delivery)
        loop = self.loop
        if loop is None:
            raise RuntimeError("the local Slack is not running")
        return asyncio.run_coroutine_threadsafe(self._first(delivery, is_event=is_event), loop)

    async def _first(self, delivery: Delivery, *, is_event: bool) -> Ack:
        self._keep(asyncio.current_task())
        ack = await self._attempt(delivery, 0, None)
        if is_event and not ack.ok:
            self._keep(asyncio.get_running_loop().create_task(self._again(delivery, ack)))
        return ack

    def _keep(self, task: "asyncio.Task[Any] | None") -> None:
        if task is not None:
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _again(self, delivery: Delivery, ack: Ack) -> None:
        """Three more times: at once, after a minute, after five (docs.slack.dev: Events API, Retries)."""
        for attempt, delay in enumerate(self.ws.options.event_retry_delays, start=1):
            if ack.ok or ack.no_retry:
                return
            await asyncio.sleep(delay)
            ack = await self._attempt(delivery, attempt, ack.error)

    async def _attempt(self, delivery: Delivery, attempt: int, reason: str | None) -> Ack:
        if self._is_over:
            return Ack(ok=False, error="dispatch_failed")
        ack = await self.way.send(delivery.kind, delivery.payload, attempt, reason)
        with self.ws.lock:
            delivery.attempts.append(ack)
            self.ws.changed.notify_all()
        return ack
