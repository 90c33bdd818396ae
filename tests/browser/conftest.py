"""Chromium, a workspace for it to show, and the small app that answers there."""

import re
import shutil
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.sandbox import LocalSlack
from tests.browser import gallery
from tests.sandbox.conftest import app_of, bolt_on, client_of, manifest_with
from tests.story.fixtures import Mode, database_url, town
from tests.story.town import MANIFEST, Town, environment, free_port, settle

__all__ = ["database_url", "town"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_MS = 15000  # two test processes on two cores, one of them with a bot in yet another
Opener = Callable[..., Page]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The system's browser, started once for each process of the test run."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


class Windows:
    """Browser windows, lent to one test after the other: making one takes longer than most tests."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.free: list[Page] = []
        self.lent: list[Page] = []
        self.complaints: list[str] = []

    def lend(self, width: int, height: int, *, dark: bool) -> Page:
        """A blank window of a size."""
        page = self.free.pop() if self.free else self._make()
        self.lent.append(page)
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if dark else "light", reduced_motion="no-preference")
        return page

    def _make(self) -> Page:
        page = self.browser.new_context(locale="en-GB").new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)
        return page

    def _hear(self, line: ConsoleMessage) -> None:
        # The browser calls an answer of 409 an error; it is how a refusal is told.
        if line.type == "error" and "409 (Conflict)" not in line.text:
            self.complaints.append(line.text)

    def take_back(self) -> list[str]:
        """All windows are blank again; returns what their pages have complained about."""
        for page in self.lent:
            page.evaluate("sessionStorage.clear()")
            page.goto("about:blank")
        self.free += self.lent
        self.lent = []
        complaints, self.complaints = self.complaints, []
        return complaints


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Windows:
    """The windows of this test process."""
    return Windows(chromium)


@pytest.fixture
def open_page(windows: Windows) -> Iterator[Opener]:
    """Opens a Slack's page as somebody, somewhere; at the end no page may have complained."""

    def open_(
        slack: LocalSlack, viewer: str, at: str, *, width: int = 1280, height: int = 800, dark: bool = False
    ) -> Page:
        page = windows.lend(width, height, dark=dark)
        page.goto(f"{slack.base_url}/#as={viewer}&at={at}")
        return page

    yield open_
    assert windows.take_back() == []


class Workspace:
    """Ada and Grace in one channel with an app that answers."""

    def __init__(self, slack: LocalSlack) -> None:
        self.slack = slack
        self.client: WebClient = client_of(slack)
        self.app: App = app_of(slack)
        self.ada = slack.add_user("ada", real_name="Ada Lovelace", title="Engineer", tz="Europe/Stockholm")
        self.grace = slack.add_user("grace", real_name="Grace Hopper", title="Manager")
        self.team = slack.add_channel("team", members=[self.ada, self.grace, slack.bot_user_id])
        self.other = slack.add_channel("other", members=[self.grace])
        self.acted: list[dict[str, Any]] = []
        self.form: gallery.Json = gallery.modal()

    def post(self, *blocks: gallery.Json, text: str = "words", **more: Any) -> str:
        """A message of the app's; returns its ts."""
        return str(self.client.chat_postMessage(channel=self.team, text=text, blocks=list(blocks), **more)["ts"])


def answer(workspace: Workspace) -> None:
    app = workspace.app

    @app.command("/ask")
    def ask(ack: Ack, command: dict[str, str]) -> None:
        ack(f"*You asked* `{command['text']}`")

    @app.shortcut("ask_global")
    def form(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=workspace.form)

    @app.action("form")
    def form_again(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=gallery.modal())

    @app.action("rules")
    def rules(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        view = {"type": "modal", "title": gallery.plain("Rules"), "blocks": [gallery.section("One at a time.")]}
        client.views_push(trigger_id=body["trigger_id"], view=view)

    @app.view("form")
    def submitted(ack: Ack, view: dict[str, Any]) -> None:
        values = view["state"]["values"]
        workspace.acted.append(values)
        if values["amount"]["amount"]["value"] == "666":
            ack(response_action="errors", errors={"amount": "Not that one."})
        else:
            ack()

    @app.action("approve")
    def approve(ack: Ack, body: dict[str, Any], client: WebClient) -> None:
        ack()
        message = body["message"]
        done = [gallery.section(f":white_check_mark: <@{body['user']['id']}> approved")]
        client.chat_update(channel=body["channel"]["id"], ts=message["ts"], text="approved", blocks=done)

    @app.action(re.compile(""))
    def other(ack: Ack, action: dict[str, Any]) -> None:
        ack()
        workspace.acted.append(action)

    answer_more(workspace, app)


def answer_more(workspace: Workspace, app: App) -> None:
    @app.event("app_home_opened")
    def opened(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view=gallery.home())

    @app.options(re.compile(""))
    def options(ack: Ack, payload: dict[str, Any]) -> None:
        found = [name for name in gallery.PLACES if payload["value"].lower() in name.lower()]
        ack(options=[gallery.option(name, name.lower()) for name in found])

    @app.view("every")
    def everything(ack: Ack, view: dict[str, Any]) -> None:
        workspace.acted.append(view["state"]["values"])
        ack()

    @app.shortcut("decide_message")
    def noted(ack: Ack, body: dict[str, Any]) -> None:
        ack()
        workspace.acted.append(body)

    @app.event("message")
    @app.event("reaction_added")
    def heard() -> None:
        """Nothing to say."""


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace whose app is there."""
    with LocalSlack(manifest_with(), mode="http", message_interval_seconds=0) as slack:
        made = Workspace(slack)
        answer(made)
        with bolt_on(slack, made.app):
            yield made


@pytest.fixture
def mode() -> Mode:
    """The stories prove both ways to the bot; here one is enough."""
    return "http"


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The real bot in a town where two people have spent more than they should, for a whole module of stories."""
    folder: Path = tmp_path_factory.mktemp("company")
    port, at = free_port(), datetime.now(UTC)
    with LocalSlack(MANIFEST, mode="http", message_interval_seconds=0.0) as slack:
        slack.request_url = f"http://127.0.0.1:{port}/slack/events"
        made = Town(slack, folder, environment(slack, "http", f"sqlite:///{folder}/stipend.db", port))
        settle(made)
        # 85 % and 120 % of a month's base salary: of 318450/12 and of 377190/12.
        spent = {"ada": "1234.56", "olga": "22556.88", "mia": "37720.53"}
        made.spend(*((f"{who}@example.com", dollars) for who, dollars in spent.items()), at=at.isoformat())
        made.start()  # its first sweep is at once
        yield made
        made.stop(signal.SIGKILL)
