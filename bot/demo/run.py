"""The command: the town in a folder of its own, the address of the page, and nothing left behind."""

import logging
import signal
import tempfile
import time
import webbrowser
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

import structlog

from bot.demo.history import play
from bot.demo.story import ADA, Story
from bot.demo.town import running_town
from bot.settings import given_back, take_proxies

FIRST_PORT = 3000
_PORTS_TRIED = 100
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_LOOK_EVERY_SECONDS = 0.5
Say = Callable[[str], None]


class _Ending:
    """Told by Ctrl-C, by SIGTERM and by a terminal that closes. The first time it interrupts whatever is being done.

    Python drops exceptions in a few places, so it also remembers that it was told.
    """

    def __init__(self) -> None:
        self.was_told = False

    def __call__(self, _number: int, _frame: FrameType | None) -> None:
        """The signal handler."""
        if not self.was_told:
            self.was_told = True
            raise KeyboardInterrupt


def run_demo(port: int | None, *, say: Say, browser: bool) -> None:
    """Show the demo until it is told to end. Raises PortTaken for a port that was asked for and is not free."""
    # Whoever tries the demo reads its sentences, not what the bot has logged.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    ending = _Ending()
    for number in _SIGNALS:
        signal.signal(number, ending)
    with suppress(KeyboardInterrupt):
        _show(range(FIRST_PORT, FIRST_PORT + _PORTS_TRIED) if port is None else [port], ending, say, browser=browser)


def _show(ports: Iterable[int], ending: _Ending, say: Say, *, browser: bool) -> None:
    say("Northlight is moving in: forty invented people, a Slack on this machine, and the real bot.")
    proxies = take_proxies()
    with (
        tempfile.TemporaryDirectory(prefix="stipend-demo-", ignore_cleanup_errors=True) as folder,
        running_town(Path(folder), ports) as town,
    ):
        say("First they live from July to October: usage, requests, month-ends. That takes some seconds.")
        play(town)
        town.slack.guide = Story(town)
        address = f"{town.slack.base_url}/#as={town.ids[ADA]}&at={town.channels['general']}"
        say(f"\nOpen {address}\nYou are Ada there; the panel beside the chat tells the story.")
        say("Ctrl-C ends it and removes everything.")
        if browser:
            _open_browser(address, proxies)
        while not ending.was_told:
            time.sleep(_LOOK_EVERY_SECONDS)


def _open_browser(address: str, proxies: Mapping[str, str]) -> None:
    """Open the page where there is a browser with a window; one in the terminal would take the terminal away."""
    with suppress(webbrowser.Error), given_back(proxies):
        found = webbrowser.get()
        if type(found) is not webbrowser.GenericBrowser:
            found.open(address)
