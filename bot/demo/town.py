"""The town: a local Slack with Northlight's people in it, and the real bot on a database of its own, in one process."""

import base64
import os
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from bot import wiring
from bot.clock import Clock, FixedClock, ShiftedClock
from bot.demo import company as northlight
from bot.demo import usage
from bot.rules.errors import Refused
from bot.sandbox import LocalSlack
from bot.sandbox.manifest import read_manifest
from bot.services import policy, roster, usage_file
from bot.services.delivery import Timing, pending
from bot.services.tick import TICKS, run_tick
from bot.services.verb import Company
from bot.settings import Settings
from db.serving import serving_lock

MANIFEST = Path(__file__).parent.parent.parent / "manifest.yaml"
BY = "demo"
DAILY_WORK = ("close", "top_ups", "sweep", "digest")
"""The ticks that have something to do on an ordinary day."""
_KEY_BYTES = 32
_CONNECTED_SECONDS = 20.0
_DELIVERED_SECONDS = 30.0
_WEB_STOPS_SECONDS = 10.0
_LOOK_EVERY_SECONDS = 0.01
# A company of people posts a message a second at most; three months of them are played in a few.
_AT_ONCE = Timing(gap=0.0)


class PortTaken(Refused):
    """No port is free for the page. Choose one with --port."""


class NoConnection(Refused):
    """The bot could not connect to the demo's Slack on this machine."""


class DemoSettings(Settings):
    """Settings that come from the demo alone: no environment and no `.env` of somebody's real bot reaches it."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - pydantic-settings gives all of these
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """What was given in the program, and nothing else."""
        return (init_settings,)


@dataclass
class Town:
    """A running demo. `ids` are Slack ids by people's names in Slack, `channels` by channels' names."""

    slack: LocalSlack
    company: Company
    slack_time: ShiftedClock
    time: ShiftedClock
    folder: Path
    ids: dict[str, str]
    channels: dict[str, str]
    lived_until: datetime = field(default=northlight.BEGINS)

    def person_id(self, key: str) -> int:
        """The roster's id of somebody by their name in Slack."""
        return self.card(key).id

    def card(self, key: str) -> roster.PersonCard:
        """Somebody as the bot's roster knows them."""
        found = roster.person_by_email(self.company, northlight.email_of(key))
        if found is None:
            raise AssertionError("Everybody of the company is on the roster.")
        return found

    def live_until(self, instant: datetime, ticks: Sequence[str] = tuple(TICKS)) -> None:
        """Let people and agents work until then, move the bot's clock there, do what is due, and wait for its messages.

        What was used comes in before the clock moves: a tick of the bot's own schedule must not find the time come and
        the usage missing.
        """
        # The delivery is woken once, below: woken by each of these hundreds of steps it would slow them all.
        undisturbed = replace(self.company, nudge=_no_nudge)
        self._bring_in(undisturbed, instant)
        self.time.move_to(instant)
        for name in ticks:
            run_tick(undisturbed, name, scheduled=True)
        self.settle()

    def _bring_in(self, company: Company, instant: datetime) -> None:
        then = replace(company, clock=FixedClock(instant.astimezone(UTC)))
        rates = northlight.rates_csv(self.lived_until.date(), instant.date())
        if rates is not None:
            roster.import_rates(then, rates, by=BY)
        events = usage.between(self.lived_until, instant)
        if events:
            path = self.folder / "usage.csv"
            path.write_text(usage.to_csv(events))
            usage_file.import_file(then, path)
            path.unlink()
        self.lived_until = max(self.lived_until, instant)

    def settle(self) -> None:
        """Wait until everything that the bot owes stands in Slack, or half a minute."""
        self.company.nudge()
        give_up = time.monotonic() + _DELIVERED_SECONDS
        while pending(self.company) and time.monotonic() < give_up:
            time.sleep(_LOOK_EVERY_SECONDS)


def _no_nudge() -> None:
    pass


@contextmanager
def running_town(folder: Path, ports: Iterable[int]) -> Iterator[Town]:
    """A town at the moment at which the company takes the bot into use.

    The folder is the demo's own. The page is at the first of `ports` that is free; 0 is any free one. Raises PortTaken.
    """
    slack_time, bot_time = ShiftedClock(northlight.BEGINS), ShiftedClock(northlight.BEGINS)
    with ExitStack() as stack:
        slack = _open_slack(ports, slack_time)
        stack.callback(slack.stop)
        ids = _people(slack)
        channels = _channels(slack, ids)
        settings = _settings(slack, channels, folder)
        stack.enter_context(serving_lock(settings.database_url))
        wiring.upgrade(settings, bot_time)
        company = wiring.open_company(settings, bot_time)
        stack.callback(company.database.dispose)
        bot = wiring.build(settings, company, _AT_ONCE)
        stack.callback(bot.company.database.dispose)
        stack.enter_context(_serving(stack.enter_context(wiring.running(bot))))
        if not bot.connected.wait(_CONNECTED_SECONDS):
            raise NoConnection
        company = replace(company, nudge=bot.delivery.nudge)
        _set_up(company, ids)
        yield Town(slack, company, slack_time, bot_time, folder, ids, channels)


def _open_slack(ports: Iterable[int], clock: Clock) -> LocalSlack:
    refusal = PortTaken()
    for port in ports:
        slack = LocalSlack(
            read_manifest(MANIFEST), port=port, message_interval_seconds=0.0, now=lambda: clock.now().timestamp()
        )
        try:
            return slack.start()
        except OSError as error:
            refusal = PortTaken(f"Port {port} cannot be used: {error.strerror}. Choose another one with --port.")
    raise refusal


def _people(slack: LocalSlack) -> dict[str, str]:
    return {
        person.key: slack.add_user(
            person.key,
            real_name=person.name,
            email=person.email,
            title=f"{person.title}, {person.team}",
            tz=person.zone.key,
            tz_offset=_offset(person),
            is_admin=person.role == "admin",
        )
        for person in (*northlight.people(), northlight.STRANGER)
    }


def _offset(person: northlight.Person) -> int:
    offset = northlight.STORY.astimezone(person.zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _channels(slack: LocalSlack, ids: dict[str, str]) -> dict[str, str]:
    members = [*ids.values(), slack.bot_user_id]
    return {name: slack.add_channel(name, members=members) for name in northlight.CHANNELS}


def _settings(slack: LocalSlack, channels: dict[str, str], folder: Path) -> Settings:
    return DemoSettings.model_validate({
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
        "database_url": f"sqlite:///{folder}/stipend.db",
        "stipend_encryption_key": base64.b64encode(os.urandom(_KEY_BYTES)).decode(),
        "stipend_approvals_channel": channels["approvals"],
        "stipend_alerts_channel": channels["alerts"],
        "stipend_timezone": northlight.ZONE.key,
        "port": 0,
    })  # fmt: skip


def _set_up(company: Company, ids: dict[str, str]) -> None:
    """What an operator imports on the first day."""
    first = northlight.BEGINS.date()
    policy.import_policy(company, northlight.POLICY, by=BY)
    rates = northlight.rates_csv(first.replace(month=first.month - 1), first)
    if rates is not None:
        roster.import_rates(company, rates, by=BY)
    roster.import_people(company, northlight.people_csv(ids), by=BY)


@contextmanager
def _serving(server: uvicorn.Server) -> Iterator[None]:
    """The bot's own web server, for this machine only, on a port that is free."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.bind(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, name="web", daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join(_WEB_STOPS_SECONDS)
        listening.close()
