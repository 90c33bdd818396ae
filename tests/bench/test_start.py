"""How long `run` takes to be ready, against importing the libraries that it stands on; and what it holds when idle."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from bot.sandbox import LocalSlack
from tests.conftest import UrlMaker
from tests.story.town import MANIFEST, Town, environment, free_port, settle

pytestmark = pytest.mark.bench

LIBRARIES = (
    "alembic.command, apscheduler.schedulers.background, babel.numbers, cryptography.hazmat.primitives.ciphers.aead,"
    " fastapi, genai_prices, httpx, prometheus_client, psycopg, pydantic_settings, rich.progress, slack_bolt,"
    " slack_bolt.adapter.socket_mode, slack_bolt.adapter.starlette.handler, sqlmodel, structlog, tenacity, typer,"
    " uvicorn"
)
ROUNDS = 3
GOAL = 2.0  # which is about two seconds on a machine with nothing else to do
GOAL_MEGABYTES = 150


def importing(town: Town) -> float:
    """Seconds of a processor that the libraries alone take."""
    code = f"import time, {LIBRARIES}; print(time.process_time())"
    done = subprocess.run([sys.executable, "-c", code], cwd=town.folder, env=town.env, check=True, capture_output=True)
    return float(done.stdout)


def starting(town: Town) -> tuple[float, float, float]:
    """Seconds until it says that it is ready, those of a processor, and the megabytes it holds once it is idle."""
    began = time.perf_counter()
    town.start()
    took = time.perf_counter() - began
    assert town.process is not None
    bot = psutil.Process(town.process.pid)
    worked = sum(bot.cpu_times()[:2])
    held = bot.memory_info().rss
    for _ in range(10):  # whatever the first ticks bring in
        time.sleep(0.3)
        held = max(held, bot.memory_info().rss)
    town.stop(signal.SIGTERM)
    return took, worked, held / 1_000_000


def test_start(tmp_path: Path, database_engine: str, fresh_url: UrlMaker) -> None:
    port = free_port()
    with LocalSlack(MANIFEST, mode="http", message_interval_seconds=0.0) as slack:
        town = Town(slack, tmp_path, environment(slack, "http", fresh_url(), port))
        settle(town)
        libraries = [importing(town) for _ in range(ROUNDS)]
        started = [starting(town) for _ in range(ROUNDS)]
    ready, worked, megabytes = min(one[0] for one in started), min(one[1] for one in started), started[-1][2]
    ratio = worked / min(libraries)
    sys.stdout.write(
        f"\nstart of run on {database_engine}: ready in {ready:.2f} s, of which {worked:.2f} of a processor;"
        f" the libraries alone {min(libraries):.2f} = {ratio:.2f} x; idle at {megabytes:.0f} MB\n"
    )
    assert megabytes <= GOAL_MEGABYTES
    assert ratio <= GOAL
