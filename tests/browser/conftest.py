"""Chromium, a workspace for it to show, and the small app that answers there."""

import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from slack_bolt import Ack, App
from slack_sdk import WebClient

from bot.sandbox import LocalSlack
from tests.browser import gallery
from tests.sandbox.conftest import app_of, bolt_on, client_of, manifest_with
from tests.story.fixtures import Mode, database_url, town

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


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Opener]:
    """Opens a Slack's page as somebody, somewhere; at the end no page may have complained."""
    complaints: list[str] = []
    contexts = []

    def open_(
        slack: LocalSlack, viewer: str, at: str, *, width: int = 1280, height: int = 800, dark: bool = False
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light", locale="en-GB"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
        page.goto(f"{slack.base_url}/#as={viewer}&at={at}")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert complaints == []


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

    @app.event("app_home_opened")
    def opened(event: dict[str, Any], client: WebClient) -> None:
        client.views_publish(user_id=event["user"], view=gallery.home())

    @app.event("message")
    def heard() -> None:
        """Nothing to say."""


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """A workspace whose app is connected."""
    with LocalSlack(manifest_with(), message_interval_seconds=0) as slack:
        made = Workspace(slack)
        answer(made)
        with bolt_on(slack, made.app):
            yield made


@pytest.fixture
def mode() -> Mode:
    """The stories prove both ways to the bot; here one is enough."""
    return "http"
