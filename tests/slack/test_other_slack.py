"""A Slack that knows fewer methods, says less and repeats its ids: the bot does with what it gets."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import pytest
from slack_bolt import App, BoltRequest
from slack_sdk import WebClient

from bot.clock import FixedClock
from bot.rules.audience import Audience, Fact
from bot.sandbox.blocks import view_problems
from bot.services import roster
from bot.services.check import Level
from bot.services.delivery import Body, Receipt, Retry, Unreachable
from bot.services.policy import start_company
from bot.services.verb import Channels, Company
from bot.slack.app import build_app, close_app
from bot.slack.check import slack_findings
from bot.slack.inbound import Kind, read
from bot.slack.listeners import home
from bot.slack.people import Directory, NotOnTheRoster
from bot.slack.sink import SlackSink
from bot.slack.views import kit
from bot.slack.views.kit import Rendered
from db.session import Database

PEOPLE = """email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency
ada@example.com,Ada Lovelace,Engines,,,500000,,,USD
"""
Said = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]
Until = Callable[[Callable[[], bool]], None]


class Stranger:
    """A Web API of a few canned answers; a method without one is unknown, in JSON or by the status of HTTP alone."""

    def __init__(self, **answers: Said) -> None:
        self.answers: dict[str, Said] = {
            "auth_test": {"team_id": "T1", "user_id": "UBOT", "bot_id": "BBOT"},
            "chat_postMessage": lambda told: {"channel": "D1", "ts": "1.1", "message": {"text": told["text"]}},
            "users_lookupByEmail": lambda told: {"user": {"id": f"U{told['email'].split('@')[0].upper()}"}},
            **answers,
        }
        self.not_found = False
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.address = ""

    def client(self) -> WebClient:
        return WebClient(token="xoxb-1", base_url=f"{self.address}/api/", retry_handlers=[], timeout=5)

    def answer(self, method: str, told: dict[str, Any]) -> tuple[int, bytes]:
        self.calls.append((method, told))
        said = self.answers.get(method.replace(".", "_"))
        if said is None and self.not_found:
            return 404, b"<html>Not Found</html>"
        said = said(told) if callable(said) else said
        return 200, json.dumps({"ok": True, **said} if said else {"ok": False, "error": "unknown_method"}).encode()

    def called(self, method: str) -> list[dict[str, Any]]:
        return [told for name, told in self.calls if name == method]


@contextmanager
def serving(stranger: Stranger) -> Iterator[Stranger]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            told = json.loads(sent) if sent.startswith("{") else dict(parse_qsl(sent))
            status, body = stranger.answer(self.path.removeprefix("/api/"), told)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Tests are quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    stranger.address = f"http://127.0.0.1:{server.server_address[1]}"
    yield stranger
    server.shutdown()
    server.server_close()


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    with serving(Stranger()) as running:
        yield running


@pytest.fixture
def company(sqlite_database: Database, clock: FixedClock) -> Company:
    made = Company(sqlite_database, clock)
    start_company(made, "UTC")
    roster.import_people(made, PEOPLE, by="tests")
    return made


@pytest.fixture
def directory(company: Company, stranger: Stranger) -> Iterator[Directory]:
    made = Directory(company, stranger.client())
    yield made
    made.close()


@pytest.fixture
def app(company: Company, stranger: Stranger, directory: Directory) -> Iterator[App]:
    made = build_app(company, stranger.client(), directory=directory)
    yield made
    close_app(made)


def send(app: App, body: dict[str, Any]) -> int:
    return app.dispatch(BoltRequest(body=json.dumps(body), mode="socket_mode")).status


def to_ada(company: Company) -> Body:
    ada = roster.person_by_email(company, "ada@example.com")
    assert ada is not None
    return Body("test", None, ada.id, Audience.PERSON, {Fact.BUDGET: {"text": "hello"}}, edits=False, parent=None)


@pytest.mark.parametrize("not_found", [False, True])
def test_direct_messages_go_to_the_persons_id_where_they_cannot_be_opened(
    company: Company, stranger: Stranger, directory: Directory, not_found: bool
) -> None:
    stranger.not_found = not_found
    sink = SlackSink(stranger.client(), directory, {"test": lambda _visible: Rendered("hello")})
    assert sink.find("uid", to_ada(company)) is None  # nobody may look
    assert sink.post("uid", to_ada(company)).channel == "D1"
    assert [told["channel"] for told in stranger.called("chat.postMessage")] == ["UADA"]


def test_without_a_right_to_open_direct_messages_they_go_too(
    company: Company, stranger: Stranger, directory: Directory
) -> None:
    stranger.answers["conversations_open"] = {"ok": False, "error": "missing_scope"}
    sink = SlackSink(stranger.client(), directory, {"test": lambda _visible: Rendered("hello")})
    sink.post("uid", to_ada(company))
    assert [told["channel"] for told in stranger.called("chat.postMessage")] == ["UADA"]


def test_closed_direct_messages_are_told_from_a_closed_channel(
    company: Company, stranger: Stranger, directory: Directory
) -> None:
    stranger.answers["chat_postMessage"] = {"ok": False, "error": "channel_not_found"}
    sink = SlackSink(stranger.client(), directory, {"test": lambda _visible: Rendered("hello")})
    with pytest.raises(Unreachable):
        sink.post("uid", to_ada(company))
    with pytest.raises(Retry) as failed:
        sink.post("uid", replace(to_ada(company), channel="C1", person_id=None))
    assert not isinstance(failed.value, Unreachable)


def test_a_post_is_found_by_its_block_where_metadata_is_not_kept(
    company: Company, stranger: Stranger, directory: Directory
) -> None:
    sink = SlackSink(stranger.client(), directory, {"test": lambda _visible: Rendered("hello", [kit.divider()])})
    sink.post("uid", to_ada(company))
    blocks = stranger.called("chat.postMessage")[0]["blocks"]
    kept = json.loads(blocks) if isinstance(blocks, str) else blocks
    stranger.answers["conversations_open"] = {"channel": {"id": "D1"}}
    stranger.answers["conversations_history"] = {"messages": [{"ts": "1.1", "text": "hello", "blocks": kept}]}
    another = SlackSink(stranger.client(), directory)
    assert another.find("uid", to_ada(company)) == Receipt("D1", "1.1")
    assert another.find("other", to_ada(company)) is None


@pytest.mark.parametrize("not_found", [False, True])
def test_people_are_found_by_address_alone(stranger: Stranger, directory: Directory, not_found: bool) -> None:
    stranger.not_found = not_found
    assert directory.person("UADA", patience=10).name == "Ada Lovelace"
    with pytest.raises(NotOnTheRoster):
        directory.person("UEVE", patience=10)


def test_a_home_without_tables_is_drawn_where_tables_are_refused(app: App, stranger: Stranger, until: Until) -> None:
    def publish(told: dict[str, Any]) -> dict[str, Any]:
        view = json.loads(told["view"]) if isinstance(told["view"], str) else told["view"]
        refused = any(block["type"] == "data_table" for block in view["blocks"])
        return {"ok": False, "error": "invalid_arguments"} if refused else {"view": view}

    stranger.answers["views_publish"] = publish
    event = {"type": "app_home_opened", "user": "UADA", "channel": "D1"}  # says neither tab nor when
    assert send(app, {"type": "event_callback", "team_id": "T1", "event": event}) == 200
    until(lambda: len(stranger.called("views.publish")) == 2)
    drawn = str(stranger.called("views.publish")[1])
    assert "data_table" not in drawn
    assert "Allotment" in drawn


def test_tables_and_charts_become_lines() -> None:
    blocks = [
        kit.table("Days", ["Day", "Spent"], [["Mon", "$1 <b>"]]),
        kit.chart("C", ["a", "b"], [kit.Series("Dollars", [1, 2.5])]),
        kit.divider(),
    ]
    plainer = kit.plainer(blocks)
    assert [block["type"] for block in plainer] == ["section", "section", "divider"]
    assert plainer[0]["text"]["text"] == "Day · Spent\nMon · $1 <b>"
    assert plainer[1]["text"]["text"] == "C · Dollars\na · 1.00\nb · 2.50"
    assert not view_problems(kit.home(plainer))


def test_a_click_without_a_way_back_is_answered_beside_the_message(app: App, stranger: Stranger, until: Until) -> None:
    stranger.answers["chat_postEphemeral"] = {"message_ts": "2.2"}
    clicked = {"type": "button", "action_id": "top_up.approve", "value": "7"}
    click = {"type": "block_actions", "user": {"id": "UADA"}, "trigger_id": "1.2", "actions": [clicked]}
    assert send(app, {**click, "channel": {"id": "C1"}, "message": {"ts": "1.1"}}) == 200
    until(lambda: len(stranger.called("chat.postEphemeral")) == 1)
    told = stranger.called("chat.postEphemeral")[0]
    assert (told["channel"], told["user"], told["text"]) == ("C1", "UADA", "That request does not exist.")


def test_direct_messages_are_known_by_their_channel() -> None:
    assert home._direct({"channel": "D1"})
    assert not home._direct({"channel": "C1"})


def test_check_says_what_this_slack_does_not_say(stranger: Stranger) -> None:
    stranger.answers["conversations_info"] = {"channel": {"id": "C1"}}
    found = list(slack_findings(stranger.client(), Channels("C1", "C1", "C1")))
    assert not [finding for finding in found if finding.level is Level.PROBLEM]
    assert any("does not say which scopes" in finding.sentence for finding in found)
    assert any("whether the bot is in #C1" in finding.sentence for finding in found)


def keys(kind: Kind, *bodies: dict[str, Any]) -> list[str]:
    return [read(kind, body).key for body in bodies]


def test_ids_that_repeat_do_not_make_two_things_one() -> None:
    typed = {"command": "/topup", "user_id": "UADA", "trigger_id": "1.2", "text": "500 tests"}
    first, again, other, another = keys(Kind.COMMAND, typed, typed, typed | {"user_id": "U2"}, typed | {"text": "400"})
    assert first == again
    assert len({first, other, another}) == 3
    view = {"id": "V1", "state": {"values": {"a": {"a": {"value": "1"}}}}}
    sent = {"user": {"id": "UADA"}, "view": view}
    first, again, other = keys(Kind.VIEW, sent, sent, {**sent, "view": {**view, "state": {"values": {}}}})
    assert first == again != other


def test_a_key_holds_neither_who_nor_what() -> None:
    [key] = keys(Kind.COMMAND, {"command": "/topup", "user_id": "UADA", "trigger_id": "1.2", "text": "500 tests"})
    assert "UADA" not in key
    assert "500" not in key.partition(":")[0]
    nameless = {"command": "/topup", "user_id": "UADA", "text": "500 tests"}
    first, second = keys(Kind.COMMAND, nameless, nameless)
    assert first != second
