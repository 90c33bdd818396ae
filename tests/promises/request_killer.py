"""Acts on a request in a process of its own that is killed at a named point, and again in one that lives.

Run by `test_request_kills.py`. The parent of the forks has no threads and has imported everything.
"""

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from datetime import date, datetime

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.rules.top_up_reply import Approve, Deny
from bot.services import delegation, top_up
from bot.services.verb import Channels, Company
from db.seal import KEY_BYTES, MasterKey
from db.session import Database

USD = 1_000_000_000
Act = Callable[[Company, dict[str, int]], object]
ACTS: dict[str, Act] = {
    "ask": lambda company, ids: top_up.ask(company, ids["ada"], 3000 * USD, "work", "k1"),
    "ask_little": lambda company, ids: top_up.ask(company, ids["eve"], 40 * USD, "work", "k2"),
    "edit": lambda company, ids: top_up.edit(company, 1, ids["ada"], 2000 * USD, "other work", 1),
    "offer": lambda company, ids: top_up.offer(company, 1, ids["grace"], 9000 * USD, 1),
    "accept": lambda company, ids: top_up.accept(company, 1, ids["ada"], 9000 * USD, 1),
    "keep": lambda company, ids: top_up.keep(company, 1, ids["ada"], 1),
    "approve_first": lambda company, ids: top_up.decide(company, 1, ids["grace"], Approve(), 1),
    "approve_last": lambda company, ids: top_up.decide(company, 1, ids["mia"], Approve(), 1),
    "deny": lambda company, ids: top_up.decide(company, 1, ids["grace"], Deny("no"), 1),
    "withdraw": lambda company, ids: top_up.withdraw(company, 1, ids["ada"]),
    "expire": lambda company, _ids: top_up.expire_due(company),
    "delegate": lambda company, ids: delegation.delegate(
        company, ids["grace"], ids["del"], date(2026, 11, 20), by="test"
    ),
    "end_delegation": lambda company, ids: delegation.end_delegation(company, ids["grace"], by="test"),
}


def deadly(point: str) -> Callable[[str], None]:
    """Kills this process the first time that it passes a point."""

    def crash(name: str) -> None:
        if name == point:
            os.kill(os.getpid(), signal.SIGKILL)

    return crash


def live(told: dict[str, str], line: dict[str, str], ids: dict[str, int]) -> int:
    """Do one act, dying at its point if it has one."""
    database = Database(told["database"], MasterKey(bytes(range(KEY_BYTES))), crash=deadly(line["point"]))
    company = Company(database, FixedClock(datetime.fromisoformat(line["at"])), Channels(approvals="C0APPROVE"))
    try:
        ACTS[line["act"]](company, ids)
    except Refused:
        return 2
    except Exception:  # noqa: BLE001 - the process ends here, so its failure is printed here
        traceback.print_exc()
        return 1
    return 0


def main() -> None:
    told = json.loads(sys.argv[1])
    for text in sys.stdin:
        line = json.loads(text)
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = live(told, line, told["ids"])
            finally:
                os._exit(code)
        _pid, status = os.waitpid(child, 0)
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        sys.stdout.write("killed\n" if killed else f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
