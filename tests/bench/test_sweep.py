"""The salary sweep of 100,000 people, against the bare SQL sums and the opening of everybody's pay.

The sweep looks at everybody's budget and salary, tells whoever is to be told, and counts for the channel. Three in a
thousand are near or above their salary and three in ten past half of their budget; all of them have been told.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction

import pytest
from sqlalchemy import insert

from bot.services.notice import _NOTHING_ANNOUNCED, _STATE_BYTES, state_key
from bot.services.policy import calendar
from bot.services.verb import Tx, verb
from db.seal import COMPANY
from db.tables.notice import Notice
from tests.bench.crowd import figures_of, hire, open_company, salary_of
from tests.conftest import DatabaseMaker
from tests.story.town import ROOT

pytestmark = pytest.mark.bench

PEOPLE = 100_000
AIM = 2.0
CEILING = 20.0  # each look opens five seals of a person, so that nothing tells who was told: key, pay, grant, states
GOAL_MEGABYTES = 300


def shares(number: int) -> tuple[Fraction, Fraction, Fraction]:
    """Of a month's salary: what somebody spent; the line of their budget and the step of their salary they know of."""
    match number % 1000:
        case 0:
            return Fraction(11, 10), Fraction(1), Fraction(2)
        case 1 | 2:
            return Fraction(9, 10), Fraction(1), Fraction(1)
        case place if place < 300:
            return Fraction(35, 100), Fraction(1, 2), Fraction(0)
        case place:
            return Fraction(place, 5000), Fraction(0), Fraction(0)


def spent(number: int) -> int:
    return int(shares(number)[0] * salary_of(number) / 12)


@verb("bench.told")
def tell(tx: Tx, first: int, last: int) -> None:
    """Let those be told who have reached a line; all others have a state too, which says nothing."""
    tx.session.execute(insert(Notice), list(_states(tx, first, last)))


def _states(tx: Tx, first: int, last: int) -> Iterator[dict[str, object]]:
    period = calendar(tx).at(tx.now)
    for number in range(first, last):
        _, line, step = shares(number)
        for kind, highest, base in zip(("budget", "salary"), (line, step), figures_of(period, number), strict=True):
            said = {"highest": str(highest), "base": base, "count": 1, "uids": []} if highest else _NOTHING_ANNOUNCED
            key = state_key(tx, kind, number, period.label)
            yield {"key": key, "state": tx.vault.seal(COMPANY, said, f"notice:{key}", least_bytes=_STATE_BYTES)}


def test_sweep(fresh_database: DatabaseMaker, database_engine: str) -> None:
    company = open_company(database := fresh_database())
    hire(company, PEOPLE, spent)
    for first in range(1, PEOPLE + 1, 10_000):
        tell(company, first, first + 10_000)
    url = database.engine.url.render_as_string(hide_password=False)
    done = subprocess.run([sys.executable, "-m", "tests.bench.swept", url], cwd=ROOT, capture_output=True, check=True)
    told = json.loads(done.stdout)
    ratio = told["ours"] / told["bare"]
    sys.stdout.write(
        f"\nsweep of {PEOPLE:,} people on {database_engine}: {told['ours']:.1f} s of {told['bare']:.1f} bare"
        f" = {ratio:.2f} x (the aim is {AIM} x), {told['megabytes']:.0f} MB\n"
    )
    assert told["megabytes"] <= GOAL_MEGABYTES
    assert ratio <= CEILING
