"""The real bot in a process of its own, with one command more that answers a constant: `python -m tests.bench.served`.

The clock stands still at the tests' instant. The constant is what `/tokens` answered when it was asked first.
"""

import json
from typing import Any

from slack_bolt import Ack, App

from bot import wiring
from bot.clock import FixedClock
from bot.settings import load_settings
from bot.telemetry import start_logging
from tests.conftest import NOW

CONSTANT = "/constant"


def answer_a_constant(app: App) -> None:
    """Let the text of a command be its answer: a whole body, as `/tokens` gave it."""
    kept: list[dict[str, Any]] = []

    def constant(ack: Ack, body: dict[str, Any]) -> None:
        if not kept:
            kept.append(json.loads(body["text"]))
        ack(kept[0])

    app.command(CONSTANT)(constant)
    app._listeners.insert(0, app._listeners.pop())  # before everything that matches any command


def main() -> None:
    start_logging()
    settings = load_settings()
    bot = wiring.build(settings, wiring.open_company(settings, FixedClock(NOW)))
    answer_a_constant(bot.slack_app)
    with wiring.running(bot) as server:
        server.run()


if __name__ == "__main__":
    main()
