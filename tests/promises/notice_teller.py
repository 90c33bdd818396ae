"""A process that tells, again and again as of instants that it is given, and is killed at it.

Each line on standard input is an instant; a fork of this process runs the ticks as of then. A fork that SIGKILL ends is
followed by another, until one has lived to the end; then a line on standard output says how many there were.
"""

import json
import os
import random
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import datetime

from bot.clock import FixedClock
from bot.services.notice import tell_people
from bot.services.notice_sweep import sweep
from bot.services.report import post_digest
from bot.services.verb import Channels, Company
from db.seal import KEY_BYTES, MasterKey
from db.session import Database

POINTS = (
    "notice.person.before_commit", "notice.person.after_commit", "notice.sweep.before_commit",
    "notice.sweep.after_commit", "report.digest.before_commit", "report.digest.after_commit",
)  # fmt: skip


def deadly(dice: random.Random) -> Callable[[str], None]:
    point, passes = dice.choice(POINTS), dice.randint(1, 2)
    seen = 0

    def crash(name: str) -> None:
        nonlocal seen
        seen += name == point
        if seen == passes:
            os.kill(os.getpid(), signal.SIGKILL)

    return crash


def live(url: str, at: datetime, crash: Callable[[str], None]) -> None:
    database = Database(url, MasterKey(bytes(range(KEY_BYTES))), crash=crash)
    company = Company(database, FixedClock(at), Channels(alerts="C0ALERTS"))
    while tell_people(company).failed:
        pass
    sweep(company, scheduled=False)
    post_digest(company)


def main() -> None:
    told = json.loads(sys.argv[1])
    dice = random.Random(told["seed"])
    for line in sys.stdin:
        at, lives = datetime.fromisoformat(line.strip()), 0
        while True:
            lives += 1
            # Forking gives every child the same dice, so the parent throws them.
            crash = deadly(random.Random(dice.random())) if lives <= 2 and dice.random() < 0.5 else lambda _name: None
            child = os.fork()
            if child == 0:
                code = 1
                try:
                    live(told["database"], at, crash)
                    code = 0
                except Exception:  # noqa: BLE001 - the process ends here, so its failure is printed here
                    traceback.print_exc()
                finally:
                    os._exit(code)
            _pid, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                break
        sys.stdout.write(f"{lives if status == 0 else -1}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
