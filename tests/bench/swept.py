"""One sweep, and beside it the bare sums and seals, in a process of its own: `python -m tests.bench.swept URL`.

Prints the best seconds of each and the most memory that the sweep held, as JSON.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from bot.clock import FixedClock
from bot.services.person import pay_key
from bot.services.tick import run_tick
from bot.services.verb import Channels, Company
from db.data_key import unwrap
from db.seal import Sealed, person_owner
from db.session import Database
from tests.conftest import MASTER, NOW

ROUNDS = 2
_SUMS = "SELECT account_id, sum(cost_nanos) FROM usage_rollup GROUP BY account_id"
_SEALS = (
    "SELECT terms.person_id, effective_from, revision, pay, wrapped FROM terms"
    " JOIN data_key ON owner = 'person:' || terms.person_id"
)


def sweep(company: Company) -> None:
    ran = run_tick(company, "sweep")
    assert ran.round.failed == 0, ran.sentence


def bare(company: Company) -> None:
    """Everybody's sum, and everybody's pay opened with their own key."""
    with company.database.engine.connect().execution_options(stream_results=True, max_row_buffer=500) as connection:
        assert sum(1 for _ in connection.execute(text(_SUMS))) > 0
        for person_id, effective_from, revision, pay, wrapped in connection.execute(text(_SEALS)):
            owner = person_owner(person_id)
            cipher = unwrap(MASTER, Sealed(wrapped), owner)
            json.loads(cipher.open(Sealed(pay), pay_key(person_id, effective_from, revision)))


def seconds(work: Callable[[Company], None], company: Company) -> float:
    began = time.perf_counter()
    work(company)
    return time.perf_counter() - began


def measure(url: str) -> dict[str, Any]:
    company = Company(Database(url, MASTER), FixedClock(NOW), Channels(alerts="C0ALERTS"))
    ours = [seconds(sweep, company)]
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    theirs = [seconds(bare, company)]
    for _ in range(ROUNDS - 1):
        ours.append(seconds(sweep, company))
        theirs.append(seconds(bare, company))
    return {"ours": min(ours), "bare": min(theirs), "megabytes": held}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1])))
