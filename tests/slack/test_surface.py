"""What people see of /tokens, the App Home, the shortcut and a chat with the bot, through the local Slack."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import yaml
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.clock import FixedClock
from bot.rules.usage import Tokens, UsageFact
from bot.sandbox import LocalSlack
from bot.sandbox.blocks import message_problems, view_problems
from bot.services import roster, usage
from bot.services.policy import start_company
from bot.services.verb import Company
from bot.slack.app import build_app, close_app
from bot.slack.people import Directory
from bot.slack.socket import CONNECTIONS, run_socket
from db.session import Database

MANIFEST = yaml.safe_load((Path(__file__).parents[2] / "manifest.yaml").read_text())
PEOPLE = """email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency
ada@example.com,Ada Lovelace,Engines,grace@example.com,,500000,,,USD
grace@example.com,Grace Hopper,Engines,,finance,600000,,,USD
band@example.com,Nobody Paid,Engines,grace@example.com,,,,,USD
"""
Until = Callable[[Callable[[], bool]], None]


@dataclass
class Desk:
    """The real App on the local Slack over Socket Mode, with three people of the roster and a stranger."""

    slack: LocalSlack
    app: App
    company: Company
    ada: str
    grace: str
    band: str
    eve: str
    room: str

    def type_(self, text: str, who: str = "") -> dict[str, Any]:
        """Type a command; returns the one private answer."""
        seen = self.slack.command(who or self.ada, self.room, text)
        assert seen.ok, seen.error
        [told] = seen.ephemerals
        assert not message_problems(told.get("blocks") or [])
        answered: dict[str, Any] = told
        return answered

    def spend(self, email: str, usd: str, agent: str = "") -> None:
        """A call that cost so much, an hour ago."""
        fact = UsageFact(
            source="csv", external_id=f"{email}-{usd}", occurred_at=self.company.clock.now().replace(minute=0),
            identity_kind="email", identity_value=email, provider="anthropic", model="claude-sonnet-4-5", agent=agent,
            session_id="", tokens=Tokens(input=1000, output=500), cost_nanos=round(float(usd) * 100) * 10_000_000,
            basis="metered",
        )  # fmt: skip
        assert usage.record(self.company, [fact]).new == 1


@pytest.fixture
def desk(sqlite_database: Database, clock: FixedClock, until: Until) -> Iterator[Desk]:
    company = Company(sqlite_database, clock)
    start_company(company, "UTC")
    roster.import_people(company, PEOPLE, by="tests")
    with LocalSlack(MANIFEST, message_interval_seconds=0) as slack:
        ada, grace, band, eve = users = [
            slack.add_user(n, email=f"{n}@example.com") for n in ("ada", "grace", "band", "eve")
        ]
        room = slack.add_channel("general", members=[*users, slack.bot_user_id])
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)
        directory = Directory(company, client)
        app = build_app(company, client, signing_secret=slack.signing_secret, directory=directory)
        stop = threading.Event()
        thread = threading.Thread(target=run_socket, args=(app, slack.app_token, stop))
        thread.start()
        until(lambda: slack.connections() == CONNECTIONS)
        yield Desk(slack, app, company, ada, grace, band, eve, room)
        stop.set()
        thread.join(20)
        close_app(app)
        directory.close()


def test_tokens_shows_half_of_the_base_salary_and_what_is_left_of_it(desk: Desk) -> None:
    assert desk.type_("/tokens")["text"].startswith("$20,833.33 left for November. Granted $20,833.33, spent $0.00")
    desk.spend("ada@example.com", "1234.56", agent="nightly-migration")
    text = desk.type_("/tokens")["text"]
    assert text.startswith("$19,598.77 left for November, about ")
    assert "Biggest driver: `nightly-migration` $1,234.56 (100\u00a0% of your spend)" in text


def test_every_word_of_tokens_is_answered(desk: Desk) -> None:
    desk.spend("ada@example.com", "12.34")
    assert "$12.34 in the last 14 days" in desk.type_("/tokens history")["text"]
    why = desk.type_("/tokens WHY")["text"]
    assert "+$20,833.33, Allotment" in why
    assert "\u2212$12.34, Usage" in why
    assert "`/tokens history`" in desk.type_("/tokens help")["text"]
    unknown = desk.type_("/tokens histry <!channel>")["text"]
    assert unknown.startswith("I do not know `histry`. Did you mean `/tokens history`?")


def test_who_has_no_budget_is_told_why(desk: Desk) -> None:
    text = desk.type_("/tokens", desk.band)["text"]
    assert text.startswith("You have no AI budget for November,")
    assert "%" not in text


def test_a_stranger_is_told_whom_to_ask(desk: Desk) -> None:
    for command in ("/tokens", "/topup 500 please"):
        text = desk.type_(command, desk.eve)["text"]
        assert text.startswith("I do not know you yet")
        assert "Grace Hopper" in text


def test_buttons_of_the_balance_answer_in_private(desk: Desk, until: Until) -> None:
    told = desk.type_("/tokens")
    for action in ("tokens.history", "tokens.why"):
        seen = desk.slack.click(desk.ada, desk.room, told["ts"], action)
        assert seen.ok
        until(lambda seen=seen: len(seen.ephemerals) == 1)  # type: ignore[misc]
    seen = desk.slack.click(desk.ada, desk.room, told["ts"], "tokens.request")
    until(lambda: open_view(desk, desk.ada) == "top_up.ask")
    assert not desk.slack.messages(desk.room)


def open_view(desk: Desk, user: str) -> str | None:
    view = desk.slack.view(user)
    return str(view["callback_id"]) if view else None


def test_the_home_tab_is_drawn_and_its_request_can_be_withdrawn(desk: Desk, until: Until) -> None:
    desk.spend("ada@example.com", "12.34")
    desk.type_("/topup 500 finish the migration")
    desk.slack.open_home(desk.ada)
    until(lambda: desk.slack.home(desk.ada) is not None)
    view = desk.slack.home(desk.ada)
    assert view is not None
    shown = json.dumps(view["blocks"])
    assert "$20,820.99 left for November" in shown
    assert "Waiting: $500, with Grace Hopper" in shown
    desk.slack.click_home(desk.ada, "home.withdraw")
    until(lambda: "Waiting" not in json.dumps((desk.slack.home(desk.ada) or {})["blocks"]))


def test_a_strangers_home_says_whom_to_ask(desk: Desk, until: Until) -> None:
    desk.slack.open_home(desk.eve)
    until(lambda: desk.slack.home(desk.eve) is not None)
    assert "Grace Hopper" in json.dumps(desk.slack.home(desk.eve))


def test_the_shortcut_opens_the_form(desk: Desk, until: Until) -> None:
    assert desk.slack.shortcut(desk.ada, "topup_global").ok
    until(lambda: open_view(desk, desk.ada) == "top_up.ask")


def test_a_mention_and_a_direct_message_get_one_helpful_sentence(desk: Desk, until: Until) -> None:
    desk.slack.say(desk.ada, desk.room, f"<@{desk.slack.bot_user_id}> what is left?")
    until(lambda: len(desk.slack.ephemerals(desk.ada, desk.room)) == 1)
    assert "`/tokens`" in desk.slack.ephemerals(desk.ada, desk.room)[0]["text"]
    dm = desk.slack.dm(desk.ada)
    desk.slack.say(desk.ada, dm, "hello")
    until(lambda: len(desk.slack.dms(desk.ada)) == 2)
    assert "`/tokens`" in desk.slack.dms(desk.ada)[-1]["text"]


def test_talk_in_a_channel_is_left_alone(desk: Desk) -> None:
    seen = desk.slack.say(desk.ada, desk.room, "approve everything")
    desk.slack.say(desk.ada, desk.room, "approve", thread_ts=seen.ts)
    desk.type_("/tokens")
    assert len(desk.slack.messages(desk.room)) == 1
    assert not [one for one in desk.slack.ephemerals(desk.ada, desk.room) if "/topup" in one["text"]]


def signed(desk: Desk, raw: str, **more: Any) -> int:
    headers: dict[str, str | Sequence[str]] = {"content-type": "application/x-www-form-urlencoded"}
    headers.update(desk.slack.sign(raw, **more))
    return desk.app.dispatch(BoltRequest(body=raw, headers=headers)).status


LOST: list[dict[str, Any]] = [
    {"type": "block_actions", "actions": [{"type": "button", "action_id": "of.a.lost.version", "value": "1"}]},
    {"type": "view_submission", "view": {"id": "V1", "callback_id": "of.a.lost.version", "type": "modal"}},
    {"type": "shortcut", "callback_id": "of_a_lost_version"},
    {"type": "message_action", "callback_id": "of_a_lost_version", "channel": {"id": "C1"}},
    {"type": "view_closed", "view": {"id": "V1", "callback_id": "top_up.ask", "type": "modal"}},
    {"type": "block_suggestion", "action_id": "x", "value": "y"},
    {"type": "something_new"},
]


def test_whatever_slack_sends_is_acknowledged(desk: Desk) -> None:
    who = {"user": {"id": desk.ada}, "team": {"id": desk.slack.team_id}, "trigger_id": "1.2.3"}
    for payload in LOST:
        assert signed(desk, urlencode({"payload": json.dumps({**who, **payload})})) == 200
    unknown = {"command": "/other", "user_id": desk.ada, "team_id": desk.slack.team_id, "text": ""}
    assert signed(desk, urlencode(unknown)) == 200


def test_what_is_not_slacks_is_refused(desk: Desk) -> None:
    raw = urlencode({"command": "/tokens", "user_id": desk.ada, "team_id": desk.slack.team_id, "text": ""})
    assert signed(desk, raw) == 200
    assert signed(desk, raw, secret="wrong") == 401
    assert signed(desk, raw, timestamp=int(time.time()) - 301) == 401
    assert desk.app.dispatch(BoltRequest(body=raw)).status == 401


def test_home_and_messages_keep_to_slacks_limits(desk: Desk, until: Until) -> None:
    desk.spend("ada@example.com", "1.00", agent="x" * 5000)
    desk.type_("/tokens")
    desk.slack.open_home(desk.ada)
    until(lambda: desk.slack.home(desk.ada) is not None)
    assert not view_problems({key: (desk.slack.home(desk.ada) or {})[key] for key in ("type", "blocks")}, ("home",))


def test_oauth_settings_in_the_environment_change_nothing(
    sqlite_database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    company = Company(sqlite_database, clock)
    monkeypatch.setenv("SLACK_CLIENT_ID", "1.2")
    monkeypatch.setenv("SLACK_CLIENT_SECRET", "secret")
    client = WebClient(token="xoxb-test", base_url="http://127.0.0.1:9/api/", retry_handlers=[])
    app = build_app(company, client, signing_secret="secret")
    assert app.client.token == "xoxb-test"
    close_app(app)
