"""The one place where things are put together: settings → engine → services → Slack, web, schedule."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import NoReturn

import structlog
import uvicorn
from slack_bolt import App
from slack_sdk import WebClient

from bot.clock import Clock, SystemClock
from bot.gateways.anthropic import AnthropicGateway
from bot.gateways.litellm import LiteLLMGateway
from bot.gateways.protocol import Gateway
from bot.rules.errors import Refused
from bot.schedule import Schedule
from bot.services.delivery import Delivery, Timing
from bot.services.policy import start_company
from bot.services.verb import Channels, Company
from bot.settings import BadSettings, Settings, mistakes_for_serving
from bot.slack.app import build_app, close_app
from bot.slack.people import Directory
from bot.slack.sink import SlackSink
from bot.slack.socket import run_socket
from bot.telemetry import Metrics
from bot.web.app import Parts, build_web
from db import data_key, schema
from db.engine import LISTENER_BUSY_SECONDS
from db.serving import serving_lock
from db.session import Database

_SLACK_TIMEOUT_SECONDS = 10
_ASKING_SECONDS = 4
_LAST_REQUESTS_SECONDS = 3
_LAST_MESSAGES_SECONDS = 5.0
log = structlog.get_logger()


class NotUpgraded(Refused):
    """The database is not at this version's schema. Run `python -m bot db upgrade`."""


class TriggersMissing(Refused):
    """The triggers that keep the ledger from being changed are missing."""


def open_database(settings: Settings, busy_seconds: float = 30.0) -> Database:
    """The database of the settings; connects only when first used."""
    return Database(settings.database_url, settings.master_key(), busy_seconds=busy_seconds)


def open_company(settings: Settings, clock: Clock | None = None) -> Company:
    """A company on a database that was looked at: schema, triggers and key.

    Raises NotUpgraded, TriggersMissing, WrongMasterKey or BadSettings, each with its sentence.
    """
    database = open_database(settings)
    _prove(database)
    return Company(database, clock or SystemClock(), channels_of(settings), gateways=gateways_of(settings))


def gateways_of(settings: Settings) -> tuple[Gateway, ...]:
    """The gateways that the settings know; which of them budgets are written to is policy."""
    made: list[Gateway] = []
    if settings.litellm_base_url and settings.litellm_admin_key:
        made.append(LiteLLMGateway(settings.litellm_base_url, settings.litellm_admin_key.get_secret_value()))
    if settings.anthropic_admin_key:
        made.append(AnthropicGateway(settings.anthropic_base_url, settings.anthropic_admin_key.get_secret_value()))
    return tuple(made)


def channels_of(settings: Settings) -> Channels:
    """The channels of the settings."""
    return Channels(
        approvals=settings.stipend_approvals_channel,
        alerts=settings.stipend_alerts_channel,
        finance=settings.stipend_finance_channel,
    )


def _prove(database: Database) -> None:
    if not schema.at_head(database):
        raise NotUpgraded
    missing = schema.missing_triggers(database)
    if missing:
        raise TriggersMissing(f"{TriggersMissing.__doc__} Missing: {', '.join(missing)}.")
    database.read(lambda session, _vault: data_key.prove_master_key(session, database.master))


def upgrade(settings: Settings, clock: Clock | None = None) -> None:
    """Bring the database to this version's schema and make sure that the company has its first policy and accounts."""
    database = open_database(settings)
    schema.upgrade(database)
    _prove(database)
    start_company(Company(database, clock or SystemClock()), settings.stipend_timezone)


def slack_client(settings: Settings, timeout: int = _SLACK_TIMEOUT_SECONDS) -> WebClient:
    """A client that never sends twice by itself: the default one repeats a post whose answer was lost."""
    if settings.slack_bot_token is None:
        raise BadSettings(["SLACK_BOT_TOKEN is not set. It stands in your Slack app's page under OAuth & Permissions."])
    return WebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=timeout,
        retry_handlers=[],
    )


def slack_sink(settings: Settings, company: Company) -> SlackSink:
    """Slack as the place where messages go."""
    client = slack_client(settings)
    return SlackSink(client, Directory(company, client))


@dataclass
class Bot:
    """A bot that is put together and not yet started."""

    settings: Settings
    company: Company
    slack_app: App
    delivery: Delivery
    schedule: Schedule
    metrics: Metrics
    directories: tuple[Directory, ...]
    stop: threading.Event = field(default_factory=threading.Event)
    connected: threading.Event = field(default_factory=threading.Event)
    socket: threading.Thread | None = None

    def problems(self) -> list[str]:
        """What keeps it from being ready, in sentences."""
        found = []
        if not self.delivery.is_alive():
            found.append("The delivery of messages has stopped.")
        if not self.schedule.is_running():
            found.append("The schedule has stopped.")
        if self.socket is not None and not self.socket.is_alive():
            found.append("The connection to Slack has stopped.")
        elif self.socket is not None and not self.connected.is_set():
            found.append("There is no connection to Slack at the moment; it is being tried again.")
        if not schema.at_head(self.company.database):
            found.append(str(NotUpgraded()))
        return found


def build(settings: Settings, company: Company, timing: Timing | None = None) -> Bot:
    """Put the bot together; starts nothing and calls nobody. `timing` is the delivery's, if not the usual one."""
    client = slack_client(settings)
    directory = Directory(company, client)
    metrics = Metrics()
    delivery = Delivery(company, SlackSink(client, directory), timing=timing, watch=metrics.delivered)
    listening = Database(company.database.url, company.database.master, busy_seconds=LISTENER_BUSY_SECONDS)
    for_listeners = replace(company, database=listening, nudge=delivery.nudge)
    secret = settings.slack_signing_secret.get_secret_value() if settings.slack_signing_secret else None
    # Whoever clicks waits two seconds for Slack to say who they are, and the end of the process for the question's end.
    asking = Directory(for_listeners, slack_client(settings, _ASKING_SECONDS))
    slack_app = build_app(for_listeners, client, signing_secret=secret, directory=asking)
    schedule = Schedule(replace(company, nudge=delivery.nudge))
    return Bot(settings, for_listeners, slack_app, delivery, schedule, metrics, (directory, asking))


@contextmanager
def running(bot: Bot) -> Iterator[uvicorn.Server]:
    """Start everything but the web server, which the caller runs; on leaving, stop in the opposite order."""
    over_http = bot.settings.slack_app_token is None
    parts = Parts(bot.company, bot.slack_app if over_http else None, bot.metrics, bot.problems)
    config = uvicorn.Config(
        build_web(parts),
        host="0.0.0.0",  # noqa: S104 - it serves the network
        port=bot.settings.port,
        log_config=None,
        # Without it one client that never finishes its request keeps the bot from ever stopping.
        timeout_graceful_shutdown=_LAST_REQUESTS_SECONDS,
    )
    with ExitStack() as stack:
        for directory in bot.directories:
            stack.callback(directory.close)
        stack.callback(close_app, bot.slack_app)
        bot.delivery.start()
        stack.callback(bot.delivery.stop, _LAST_MESSAGES_SECONDS)
        bot.schedule.start()
        stack.callback(bot.schedule.stop)
        if bot.settings.slack_app_token is not None:
            bot.socket = _start_socket(bot)
            stack.callback(bot.socket.join, 10)
        stack.callback(bot.stop.set)
        yield uvicorn.Server(config)


def _start_socket(bot: Bot) -> threading.Thread:
    app_token = bot.settings.slack_app_token
    if app_token is None:
        raise AssertionError("Socket Mode needs SLACK_APP_TOKEN; the caller has looked.")
    thread = threading.Thread(
        target=run_socket,
        args=(bot.slack_app, app_token.get_secret_value(), bot.stop, bot.connected),
        name="socket",
        daemon=True,
    )
    thread.start()
    return thread


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(0)


def serve(settings: Settings) -> None:
    """Run the bot until it is told to stop.

    Raises BadSettings, NotUpgraded, TriggersMissing, WrongMasterKey and AlreadyServing before anything is started.
    """
    mistakes = mistakes_for_serving(settings)
    if mistakes:
        raise BadSettings(mistakes)
    # Once uvicorn has stopped it raises the signal again, which by default would end the process there and then, with
    # messages on their way and ticks half done.
    signal.signal(signal.SIGTERM, _leave)
    with serving_lock(settings.database_url):
        company = open_company(settings)
        start_company(company, settings.stipend_timezone)
        with running(build(settings, company)) as server:
            log.info("serving", port=settings.port, mode="socket" if settings.slack_app_token else "http")
            server.run()
