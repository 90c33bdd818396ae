"""The demo as people start it: two beside each other, in an environment of a real bot, and nothing left afterwards."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from bot.sandbox import RemoteSlack

HOSTILE = {
    "SLACK_BOT_TOKEN": "xoxb-real",
    "SLACK_APP_TOKEN": "no token at all",
    "SLACK_CLIENT_ID": "1.2",
    "SLACK_CLIENT_SECRET": "secret",
    "SLACK_API_URL": "http://203.0.113.1/api/",
    "DATABASE_URL": "postgresql+psycopg://nobody@203.0.113.1/none",
    "STIPEND_ENCRYPTION_KEY": "garbage",
    "STIPEND_TIMEZONE": "Mars/Olympus",
    "PORT": "99999",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "HTTPS_PROXY": "http://127.0.0.1:9",
}
ADDRESS = re.compile(r"Open (http://127\.0\.0\.1:(\d+)/)#as=(U\w+)&at=(C\w+)")
PATIENCE_SECONDS = 20


@dataclass
class Demo:
    """A demo in a process of its own, in a folder of its own."""

    folder: Path
    process: subprocess.Popen[str]

    def line(self) -> str:
        """The next line it prints."""
        assert self.process.stdout is not None
        return self.process.stdout.readline()

    def address(self) -> re.Match[str]:
        """Wait for the address of the page."""
        while line := self.line():
            if found := ADDRESS.search(line):
                return found
        raise AssertionError(self.errors())

    def errors(self) -> str:
        return (self.folder / "errors").read_text()

    def ends(self, how: signal.Signals) -> None:
        """End it; it must leave nothing: no word of an error, no file, no process, no port."""
        everybody = [psutil.Process(self.process.pid), *psutil.Process(self.process.pid).children(recursive=True)]
        self.process.send_signal(how)
        assert self.process.wait(PATIENCE_SECONDS) == 0, self.errors()
        assert self.errors() == ""
        assert list((self.folder / "tmp").iterdir()) == []
        assert list((self.folder / "here").iterdir()) == [self.folder / "here" / ".env"]
        assert not any(process.is_running() for process in everybody)


@contextmanager
def demo(folder: Path, *args: str) -> Iterator[Demo]:
    """Start `python -m bot demo` where a real bot's settings are."""
    (folder / "tmp").mkdir(parents=True)
    (folder / "here").mkdir()
    (folder / "here" / ".env").write_text("\n".join(f"{name}={value}" for name, value in HOSTILE.items()))
    env = {
        **os.environ,
        **HOSTILE,
        "TMPDIR": str(folder / "tmp"),
        "PYTHONPATH": str(Path(__file__).parent.parent.parent),
    }
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", *args]
    with (folder / "errors").open("w") as errors:
        process = subprocess.Popen(
            command, cwd=folder / "here", env=env, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    with process:
        try:
            yield Demo(folder, process)
        finally:
            process.kill()


@contextmanager
def remote(address: str) -> Iterator[RemoteSlack]:
    slack = RemoteSlack(address.rstrip("/"))
    yield slack
    slack.close_client()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def mode_of(folder: Path) -> int:
    [made] = (folder / "tmp").iterdir()
    return made.stat().st_mode & 0o777


@pytest.mark.long
@pytest.mark.timeout(300)
def test_two_demos_run_beside_each_other_and_leave_nothing(tmp_path: Path) -> None:
    with demo(tmp_path / "one") as one, demo(tmp_path / "two") as two:
        places = [one.address(), two.address()]
        assert places[0][2] != places[1][2]
        for running, place in zip((one, two), places, strict=True):
            assert mode_of(running.folder) == 0o700
            assert "<html" in httpx.get(place[1], trust_env=False).text
            with remote(place[1]) as slack:
                [ada] = [user["id"] for user in slack.users() if user["real_name"] == "Ada Lovelace"]
                [general] = [channel["id"] for channel in slack.channels() if channel.get("name") == "general"]
                assert (place[3], place[4]) == (ada, general)
                assert "left for October" in slack.command(ada, general, "/tokens").ephemerals[0]["text"]
        one.ends(signal.SIGINT)
        two.ends(signal.SIGTERM)
        assert all(is_free(int(place[2])) for place in places)


def test_ctrl_c_during_the_start_leaves_nothing_either(tmp_path: Path) -> None:
    with demo(tmp_path / "early", "--port", "0") as early:
        assert "moving in" in early.line()
        assert "October" in early.line()
        early.ends(signal.SIGINT)


def test_a_port_that_is_taken_is_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with demo(tmp_path / "refused", "--port", str(port)) as refused:
            assert refused.process.wait(PATIENCE_SECONDS) == 1
            assert refused.errors().startswith(f"Port {port} cannot be used: ")
            assert list((refused.folder / "tmp").iterdir()) == []
