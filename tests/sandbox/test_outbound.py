"""Deliveries when the local Slack ends: none goes on behind its back, and none begins."""

import asyncio

from bot.sandbox import Ack, Delivery, LocalSlack
from bot.sandbox.outbound import Outbound
from bot.sandbox.records import Json
from tests.sandbox.conftest import manifest_with


class Slow:
    """A way to a bot that does not answer."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.sent = 0
        self.was_broken_off = False

    async def send(self, _kind: str, _payload: Json, _attempt: int, _reason: str | None) -> Ack:
        self.sent += 1
        self.began.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.was_broken_off = True
            raise
        return Ack(ok=True)


async def end_while_one_is_on_its_way() -> Slow:
    way = Slow()
    outbound = Outbound(LocalSlack(manifest_with()).ws, way)
    outbound.start()
    first = outbound.publish(Delivery("events_api", "message", {}))
    await way.began.wait()
    await outbound.stop()
    assert way.was_broken_off
    assert first.cancelled()
    late = outbound.publish(Delivery("events_api", "message", {}))
    assert (await asyncio.wrap_future(late)).error == "dispatch_failed"
    await outbound.stop()
    return way


def test_nothing_goes_on_after_the_end() -> None:
    assert asyncio.run(end_while_one_is_on_its_way()).sent == 1
