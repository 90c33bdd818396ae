"""The real App and the real delivery on the local Slack, with people who ask and decide."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from slack_sdk import WebClient

from bot.clock import SystemClock
from bot.sandbox import LocalSlack, Seen
from bot.services.delivery import Delivery, Timing
from bot.services.verb import Channels, Company
from bot.slack.app import build_app, close_app
from bot.slack.people import Directory
from bot.slack.sink import SlackSink
from bot.slack.socket import CONNECTIONS, run_socket
from tests.services.top_up_town import HEADER, Town, make_town

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "manifest.yaml").read_text())
NAMES = ("ada", "grace", "fin", "flo", "olga", "mia")
PEOPLE = f"""{HEADER}
ada@example.com,Ada,Engines,grace@example.com,,500000,,,USD,,
grace@example.com,Grace,Engines,,,600000,,,USD,,
fin@example.com,Fin,Money,,finance,400000,,,USD,,
flo@example.com,Flo,Money,fin@example.com,finance,400000,,,USD,,
olga@example.com,Olga,Looms,mia@example.com,,300000,,,USD,,
mia@example.com,Mia,Looms,,,300000,,,USD,,
"""


@dataclass
class Desk:
    """What a test of requests needs. People are found by e-mail only: the roster has no Slack ids."""

    slack: LocalSlack
    town: Town
    people: dict[str, str]
    approvals: str

    def type_(self, text: str, who: str = "ada") -> dict[str, Any]:
        """Type a command; the one private answer."""
        seen = self.slack.command(self.people[who], self.approvals, text)
        return self.answer(seen)

    def answer(self, seen: Seen) -> dict[str, Any]:
        """The one private answer to what somebody did."""
        assert seen.ok, seen.error
        self.slack.until(lambda: seen.ephemerals)
        return seen.ephemerals[0]

    def card(self) -> dict[str, Any]:
        """The newest card, once its thread has begun."""
        found = self.slack.until(lambda: self.slack.messages(self.approvals))[-1]
        self.slack.until(lambda: len(self.slack.thread(self.approvals, found["ts"])) > 1)
        return self.slack.thread(self.approvals, found["ts"])[0]

    def question(self) -> dict[str, Any]:
        """The bot's first reply under the newest card."""
        return self.slack.thread(self.approvals, self.card()["ts"])[1]

    def click(self, action_id: str, who: str = "grace", *, stale: bool = False) -> Seen:
        """Click a button under the newest card."""
        ts = self.question()["ts"]
        return self.slack.click(
            self.people[who], self.approvals, ts, action_id, stale=stale, value=None if not stale else "1:1"
        )

    def dms(self, who: str) -> list[str]:
        """The texts of somebody's messages from the bot."""
        return [str(message["text"]) for message in self.slack.dms(self.people[who])]

    def say(self, text: str, who: str = "grace") -> str:
        """Type in the thread of the newest card; the ts."""
        ts = self.slack.say(self.people[who], self.approvals, text, thread_ts=self.card()["ts"]).ts
        assert ts is not None
        return ts


@contextmanager
def open_desk(company: Company) -> Iterator[Desk]:
    """Put it all together, run it, and stop it again."""
    with LocalSlack(MANIFEST, message_interval_seconds=0) as slack:
        people = {name: slack.add_user(name, email=f"{name}@example.com", real_name=name.title()) for name in NAMES}
        people["eve"] = slack.add_user("eve", email="eve@example.com")
        approvals = slack.add_channel("approvals", members=[*people.values(), slack.bot_user_id])
        town = make_town(replace(company, clock=SystemClock(), channels=Channels(approvals=approvals)), PEOPLE)
        with _running(slack, town.company):
            yield Desk(slack, town, people, approvals)


@contextmanager
def _running(slack: LocalSlack, company: Company) -> Iterator[None]:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)
    directory = Directory(company, client)
    delivery = Delivery(company, SlackSink(client, directory), timing=Timing(gap=0.0, poll=0.05))
    listening = replace(company, nudge=delivery.nudge)
    app = build_app(listening, client, signing_secret=slack.signing_secret, directory=directory)
    stop = threading.Event()
    thread = threading.Thread(target=run_socket, args=(app, slack.app_token, stop))
    thread.start()
    delivery.start()
    slack.until(lambda: slack.connections() == CONNECTIONS)
    try:
        yield
    finally:
        delivery.stop()
        stop.set()
        thread.join(20)
        close_app(app)
        directory.close()


def shown(value: Any) -> str:
    """Everything that somebody reads of a message or view."""
    if isinstance(value, dict):
        return " ".join(shown(one) for key, one in value.items() if key not in {"metadata", "action_id", "type"})
    if isinstance(value, list):
        return " ".join(shown(one) for one in value)
    return str(value)


Wait = Callable[[Callable[[], Any]], Any]
