"""A sender that is killed: it forks itself, the child delivers until nothing is owed or SIGKILL ends it, and again.

Run by `test_outbox_once.py` as a process of its own. The parent of the forks has no threads and has imported
everything, so that a new life costs nothing.
"""

import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient

from bot.clock import SystemClock
from bot.rules.audience import Fact, Visible
from bot.services.delivery import Post, Timing, pending, post_office
from bot.services.verb import Company
from bot.slack.sink import SlackSink
from bot.slack.views.kit import Rendered
from db.seal import KEY_BYTES, MasterKey
from db.session import Database

POINTS = (
    "delivery.claim.before_commit", "delivery.claim.after_commit", "delivery.before_post", "delivery.after_post",
    "delivery.sent.before_commit", "delivery.sent.after_commit",
)  # fmt: skip
# The lease must outlast the slowest request, here as in production: half a second against two.
TIMING = Timing(lease=2.0, gap=0.0, first_pause=0.05, longest_pause=0.5, poll=0.02)
TIMEOUT_SECONDS = 1


def draw(visible: Visible) -> Rendered:
    return Rendered(str(visible[Fact.REQUESTED]["text"]))


class NoAddresses:
    def slack_id_of(self, person_id: int) -> str | None:
        raise AssertionError(f"Nobody asks for the address of person {person_id} here.")


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def at_a_point(dice: random.Random) -> Callable[[str], None]:
    """Kills this process at one of the named points, the first to the sixth time that it is passed."""
    point, passes = dice.choice(POINTS), dice.randint(1, 6)
    seen = 0

    def crash(name: str) -> None:
        nonlocal seen
        seen += name == point
        if seen == passes:
            die()

    return crash


def office(told: dict[str, Any], crash: Callable[[str], None]) -> Post:
    database = Database(told["database"], MasterKey(bytes(range(KEY_BYTES))), crash=crash)
    client = WebClient(token=told["token"], base_url=told["api"], retry_handlers=[], timeout=TIMEOUT_SECONDS)
    sink = SlackSink(client, NoAddresses(), {"test": draw})
    return post_office(Company(database, SystemClock()), sink, TIMING)


def live(told: dict[str, Any], life: int) -> None:
    """One life: kills early on, at a point or at a random moment; the last lives are let live."""
    dice = random.Random(told["seed"] * 1000 + life)
    crash: Callable[[str], None] = lambda _name: None  # noqa: E731
    if life < told["kills"]:
        if dice.random() < 0.75:
            crash = at_a_point(dice)
        else:
            timer = threading.Timer(dice.uniform(0.01, 0.4), die)
            timer.daemon = True
            timer.start()
    post = office(told, crash)
    while pending(post.company):
        if not post.deliver(5):
            time.sleep(TIMING.poll)


def main() -> int:
    told = json.loads(sys.argv[1])
    kills = 0
    while True:
        child = os.fork()
        if child == 0:
            live(told, kills)
            os._exit(0)
        _pid, status = os.waitpid(child, 0)
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            kills += 1
        else:
            sys.stdout.write(str(kills))
            return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main())
