"""A company in a workspace: the real bot in a process of its own, the local Slack, and people who type and click."""

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import yaml
from slack_sdk import WebClient

from bot.clock import SystemClock
from bot.sandbox import LocalSlack
from bot.services.policy import start_company
from bot.services.roster import import_people
from bot.services.usage_file import import_file
from bot.services.verb import Company
from db import schema
from db.seal import KEY_BYTES
from db.session import Database
from tests.conftest import MASTER

ROOT = Path(__file__).parent.parent.parent
PEOPLE = """email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency
ada@example.com,Ada Lovelace,Engines,grace@example.com,,500000,,,USD
grace@example.com,Grace Hopper,Engines,,,613370,,,USD
fin@example.com,Fin Ance,Money,,finance,441700,,,USD
olga@example.com,Olga Other,Looms,mia@example.com,,318450,,,USD
mia@example.com,Mia Manager,Looms,,,377190,,,USD
"""
USAGE_HEADER = "event_id,occurred_at,email,provider,model,input_tokens,output_tokens,cost_usd,agent"
CALL = "anthropic,claude-sonnet-4-5,1000,500"
READY_SECONDS = 20
MANIFEST = yaml.safe_load((ROOT / "manifest.yaml").read_text())


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Town:
    """Everything a story needs. `people` maps a first name to its Slack id."""

    slack: LocalSlack
    folder: Path
    env: dict[str, str]
    people: dict[str, str] = field(default_factory=dict)
    channels: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def cli(self, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `python -m bot …` as an operator does."""
        done = subprocess.run(
            [sys.executable, "-m", "bot", *args], cwd=self.folder, env=self.env, capture_output=True, text=True,
            check=False, timeout=60,
        )  # fmt: skip
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        if check:
            assert done.returncode == 0, done.stdout + done.stderr
        return done

    @contextmanager
    def company(self) -> Iterator[Company]:
        """What the bot acts on, in this process: for what is only got ready, because a command takes seconds."""
        database = Database(self.env["DATABASE_URL"], MASTER)
        yield Company(database, SystemClock())
        database.dispose()

    def write(self, name: str, text: str) -> str:
        """Write a file beside the bot; returns its path."""
        path = self.folder / name
        path.write_text(text)
        return str(path)

    def spend(self, *rows: tuple[str, str], at: str) -> str:
        """Bring in usage of (e-mail, dollars) at an instant; returns what was said of it."""
        number = len(list(self.folder.glob("usage*.csv")))
        lines = [f"e{number}-{i},{at},{who},{CALL},{usd},swarm" for i, (who, usd) in enumerate(rows)]
        file = Path(self.write(f"usage{number}.csv", "\n".join([USAGE_HEADER, *lines])))
        with self.company() as company:
            return import_file(company, file).sentence()

    def start(self) -> None:
        """Start the bot and wait until it is ready."""
        log = (self.folder / "bot.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "bot", "run"], cwd=self.folder, env=self.env, stdout=log, stderr=log
            )
        give_up = time.monotonic() + READY_SECONDS
        while time.monotonic() < give_up and not self._ready():
            assert self.process.poll() is None, self.log()
            time.sleep(0.05)
        assert self._ready(), self.log()

    def _ready(self) -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{self.env['PORT']}/readyz", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Stop the bot; returns its exit code."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(how)
        return process.wait(timeout=30)

    def log(self) -> str:
        """What the bot has logged so far."""
        return (self.folder / "bot.log").read_text()

    def texts(self, channel: str) -> list[str]:
        """The fallback texts of a channel, oldest first."""
        return [str(message["text"]) for message in self.slack.messages(channel)]

    def hears(self, name: str, before: int) -> None:
        """Wait until somebody has more than so many direct messages from the bot."""
        self.slack.until(lambda: len(self.dm_texts(name)) > before)

    def dm_texts(self, name: str) -> list[str]:
        """The fallback texts of somebody's direct messages with the bot."""
        return [str(message["text"]) for message in self.slack.dms(self.people[name])]


def client_of(slack: LocalSlack) -> WebClient:
    """A client as the bot makes its own: it never repeats a call by itself."""
    return WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=10)


def shown(message: Mapping[str, Any]) -> str:
    """Everything that somebody reads of a message: its text and every text in its blocks."""
    return " ".join([str(message.get("text", "")), *_texts(message.get("blocks") or [])])


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in node.items():
            if key in {"text", "value", "title", "label"} and isinstance(value, str):
                yield value
            else:
                yield from _texts(value)
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)


def environment(slack: LocalSlack, mode: str, database_url: str, port: int) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("SLACK_", "STIPEND_"))}
    env = kept | {
        "SLACK_BOT_TOKEN": slack.bot_token,
        "SLACK_SIGNING_SECRET": slack.signing_secret,
        "SLACK_API_URL": slack.api_url,
        "DATABASE_URL": database_url,
        "STIPEND_ENCRYPTION_KEY": base64.b64encode(bytes(range(KEY_BYTES))).decode(),
        "PORT": str(port),
        "PYTHONPATH": str(ROOT),
    }
    return env | ({"SLACK_APP_TOKEN": slack.app_token} if mode == "socket" else {})


def settle(town: Town) -> None:
    for line in PEOPLE.splitlines()[1:]:
        email, name = line.split(",")[:2]
        first = name.split()[0].lower()
        town.people[first] = town.slack.add_user(first, email=email, real_name=name)
    town.people["stranger"] = town.slack.add_user("stranger", email="stranger@example.com", real_name="A Stranger")
    everybody = [*town.people.values(), town.slack.bot_user_id]
    for name in ("approvals", "alerts", "general"):
        town.channels[name] = town.slack.add_channel(name, members=everybody)
    town.env["STIPEND_APPROVALS_CHANNEL"] = town.channels["approvals"]
    town.env["STIPEND_ALERTS_CHANNEL"] = town.channels["alerts"]
    with town.company() as company:
        schema.upgrade(company.database)
        start_company(company, "UTC")
        import_people(company, PEOPLE, by="test")
