"""Usage counts once, forever: repeated, reordered, overlapping, raced for, or with the import killed in the middle."""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clock import FixedClock
from bot.rules.usage import UsageFact
from bot.services.policy import start_company
from bot.services.usage import record
from bot.services.verb import Company
from db.seal import KEY_BYTES
from db.session import Database
from tests.conftest import NOW, DatabaseMaker
from tests.services.usage_facts import AT, add_people, fact, rolled_up, rows, spent

PEOPLE = ("ada@example.com", "bob@example.com")
THREADS = 4

# A batch at a time, as the import does it; the parent kills it whenever it likes.
IMPORTER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from bot.clock import FixedClock
from bot.services import usage_file
from bot.services.verb import Company
from db.seal import MasterKey
from db.session import Database

url, path, batch, key, at = sys.argv[1:]
usage_file.BATCH = int(batch)
company = Company(Database(url, MasterKey(bytes.fromhex(key))), FixedClock(datetime.fromisoformat(at)))
said = lambda done, whole: print(done, flush=True)
usage_file.import_file(company, Path(path), progress=said)
print("done", flush=True)
"""


def opened(database: Database) -> Company:
    company = Company(database, FixedClock(NOW))
    start_company(company, "UTC")
    return company


def facts_of(numbers: Sequence[int]) -> list[UsageFact]:
    """The same fact for the same number, always."""
    whose = (*PEOPLE, "nobody@example.com", None)
    return [fact(f"e{n}", whose[n % 4], cost_nanos=1000 + n, agent=f"a{n % 3}") for n in numbers]


@st.composite
def deliveries(draw: Any) -> tuple[int, list[list[int]]]:
    """How often a source may send the same events: in any order, split and overlapping anyhow, all at least once."""
    count = draw(st.integers(1, 12))
    numbers = st.integers(0, count - 1)
    extra = draw(st.lists(st.lists(numbers, max_size=8), max_size=4))
    whole = draw(st.permutations(range(count)))
    cut = draw(st.integers(0, count))
    return count, draw(st.permutations([*extra, whole[:cut], whole[cut:]]))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sent=deliveries(), when=st.integers(0, 4))
def test_however_it_is_sent_it_counts_once(
    fresh_database: DatabaseMaker, sent: tuple[int, list[list[int]]], when: int
) -> None:
    count, batches = sent
    company, plain = opened(fresh_database()), opened(fresh_database())
    for number, batch in enumerate(batches):
        if number == when:
            add_people(company, *PEOPLE)
        told = record(company, facts_of(batch))
        assert told.new + told.repeated == len(batch)
    add_people(company, *PEOPLE)
    add_people(plain, *PEOPLE)
    record(plain, facts_of(range(count)))
    assert {who: nanos for who, nanos in spent(company).items() if nanos} == spent(plain)
    assert sums(company) == sums(plain)


def sums(company: Company) -> dict[Any, int]:
    """Nano-dollars by who and agent, from the rollups; account ids differ with the order in which people came."""
    found = rows(
        company,
        "SELECT coalesce(person.email, account.kind), agent, sum(events), sum(cost_nanos) FROM usage_rollup"
        " JOIN account ON account.id = account_id LEFT JOIN person ON person.id = person_id"
        " GROUP BY 1, 2 HAVING sum(cost_nanos) <> 0",
    )
    return {(who, agent, int(events)): int(nanos) for who, agent, events, nanos in found}


def test_many_who_bring_the_same_batch_at_once_bring_it_once(company: Company) -> None:
    for round_number in range(5):
        facts = facts_of(range(round_number * 40, round_number * 40 + 40))
        told = at_once([partial(record, company, facts) for _ in range(THREADS)])
        assert sum(one.new for one in told) == 40
        assert sum(one.repeated for one in told) == 40 * (THREADS - 1)
    assert sum(spent(company).values()) == sum(1000 + number for number in range(200))


def test_batches_that_overlap_in_opposite_orders_do_not_hinder_each_other(company: Company) -> None:
    add_people(company, *PEOPLE)
    for round_number in range(5):
        facts = facts_of(range(round_number * 30, round_number * 30 + 30))
        works = [facts, facts[::-1], facts[:20], facts[10:][::-1]]
        told = at_once([partial(record, company, work) for work in works])
        assert sum(one.new for one in told) == 30
    assert sum(spent(company).values()) == sum(1000 + number for number in range(150))


def test_usage_that_comes_while_its_person_is_added_is_theirs(company: Company) -> None:
    for number in range(8):
        email = f"p{number}@example.com"
        facts = [fact(f"{number}-{one}", email, cost_nanos=10) for one in range(20)]
        halves = [facts[:10], facts[10:]]
        told = [partial(record, company, half) for half in halves]
        at_once([partial(add_people, company, email), *told])
        assert spent(company)[email] == 200
    assert spent(company).get("unattributed", 0) == 0


def at_once(works: Sequence[Callable[[], Any]]) -> list[Any]:
    """Start all of them at the same moment; gives what they gave, raises what any of them raised."""
    barrier, given_back, raised = threading.Barrier(len(works)), [], []

    def run(work: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            given_back.append(work())
        except Exception as error:  # noqa: BLE001 - raised again below, in the test's own thread
            raised.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if raised:
        raise raised[0]
    return given_back


@pytest.mark.parametrize("kills", [1, pytest.param(25, marks=pytest.mark.long)])
def test_an_import_that_is_killed_anywhere_is_finished_by_the_next(
    database: Database, tmp_path: Path, kills: int
) -> None:
    company = opened(database)
    add_people(company, *PEOPLE)
    path, batch = tmp_path / "usage.csv", 7
    count = batch * kills * 3
    path.write_text(csv_of(facts_of(range(count))))
    dice = random.Random(kills)
    for _ in range(kills):
        importer = started(database.url, path, batch)
        wait_for_batches(importer, dice.randrange(3))
        os.kill(importer.pid, signal.SIGKILL)
        importer.communicate()
    finished = started(database.url, path, batch)
    told, _ = finished.communicate(timeout=60)
    assert told.endswith("done\n")
    stored = rows(company, "SELECT external_id FROM usage_event")
    assert sorted(stored) == sorted((f"e{number}",) for number in range(count))
    assert sum(spent(company).values()) == sum(1000 + number for number in range(count))
    again = rolled_up(company)
    started(database.url, path, batch).communicate(timeout=60)
    assert rolled_up(company) == again


def csv_of(facts: Sequence[UsageFact]) -> str:
    header = "event_id,occurred_at,email,provider,model,input_tokens,output_tokens,cost_usd,agent\n"
    lines = (
        f"{one.external_id},{AT.isoformat()},{one.identity_value or ''},openai,gpt-5,100,40,"
        f"{(one.cost_nanos or 0) / 1e9:.9f},{one.agent}\n"
        for one in facts
    )
    return header + "".join(lines)


def started(url: str, path: Path, batch: int) -> subprocess.Popen[str]:
    arguments = (url, str(path), str(batch), bytes(range(KEY_BYTES)).hex(), NOW.isoformat())
    return subprocess.Popen([sys.executable, "-c", IMPORTER, *arguments], stdout=subprocess.PIPE, text=True)


def wait_for_batches(importer: subprocess.Popen[str], count: int) -> None:
    """Until it has said that so many batches are stored; it is then somewhere in the next."""
    if importer.stdout is None:
        raise AssertionError("The importer speaks on its standard output.")
    for _ in range(count + 1):
        importer.stdout.readline()
