"""The wrapper around every listener, through the real Bolt App and signed requests."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

import pytest
from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_sdk import WebClient
from slack_sdk.signature import SignatureVerifier
from sqlmodel import select

from bot.rules.errors import Refused
from bot.sandbox import LocalSlack
from bot.services import roster
from bot.services.verb import Company, DatabaseBusy
from bot.slack import listening
from bot.slack.answer import Answer, Asked, Errors, Open
from bot.slack.app import _deadline, close_app
from bot.slack.inbound import Kind
from bot.slack.listening import Listeners
from bot.slack.people import Directory
from bot.slack.views import answer, kit
from db.tables.outbox import Outbox

SECRET = "secret"
ADA = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,slack_user_id\n"
ADA += "ada@example.com,Ada,Engines,,admin,500000,,,USD,U0ADA\n"
MODAL = kit.modal("form", "Form", [kit.section("Hello")])


class BadAmount(Refused):
    """Write an amount such as 500, not <nothing>."""

    block_id = "amount"


class Bench:
    """One App with listeners of the test's own; `send` signs and dispatches."""

    def __init__(self, company: Company, slack: LocalSlack) -> None:
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
        self.directory = Directory(company, client)
        self.app = App(
            client=client,
            authorize=lambda: AuthorizeResult(enterprise_id=None, team_id="T1", bot_token=slack.bot_token),
            signing_secret=SECRET,
            token_verification_enabled=False,
        )
        self.app.use(_deadline)
        self.on = Listeners(self.app, company, client, self.directory)

    def send(self, body: dict[str, Any]) -> BoltResponse:
        form = urlencode(body if "command" in body else {"payload": json.dumps(body)})
        return self._dispatch(form, "application/x-www-form-urlencoded")

    def send_json(self, body: str) -> BoltResponse:
        return self._dispatch(body, "application/json")

    def _dispatch(self, raw: str, content_type: str) -> BoltResponse:
        now = str(int(time.time()))
        signature = SignatureVerifier(SECRET).generate_signature(timestamp=now, body=raw)
        headers: dict[str, str | Sequence[str]] = {
            "content-type": content_type,
            "x-slack-signature": str(signature),
            "x-slack-request-timestamp": now,
        }
        return self.app.dispatch(BoltRequest(body=raw, headers=headers))

    def type_(self, **more: Any) -> BoltResponse:
        body = {
            "command": "/do",
            "user_id": "U0ADA",
            "team_id": "T1",
            "channel_id": "C1",
            "trigger_id": "1.2",
            "text": "",
        }
        return self.send({**body, **more})

    def close(self) -> None:
        close_app(self.app)
        self.directory.close()


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    manifest = {
        "display_information": {"name": "Robot"},
        "oauth_config": {"scopes": {"bot": ["users:read", "users:read.email", "commands", "chat:write"]}},
    }
    with LocalSlack(manifest) as running:
        yield running


@pytest.fixture
def bench(company: Company, slack: LocalSlack) -> Iterator[Bench]:
    roster.import_people(company, ADA, by="tests")
    made = Bench(company, slack)
    yield made
    made.close()


def outbox_rows(company: Company) -> int:
    return company.database.read(lambda session, _vault: len(session.exec(select(Outbox)).all()))


def body_of(response: BoltResponse) -> dict[str, Any]:
    assert response.status == 200
    loaded: dict[str, Any] = json.loads(response.body or "{}")
    return loaded


def submission(**more: Any) -> dict[str, Any]:
    view = {"id": "V1", "type": "modal", "callback_id": "form", "private_metadata": "7", "state": {"values": {}}}
    return {
        "type": "view_submission",
        "user": {"id": "U0ADA"},
        "team": {"id": "T1"},
        "trigger_id": "1.2",
        "view": view,
        **more,
    }


def click(**more: Any) -> dict[str, Any]:
    action = {"type": "button", "action_id": "go", "value": "7", "action_ts": "1.1", "block_id": "b"}
    return {
        "type": "block_actions", "user": {"id": "U0ADA"}, "team": {"id": "T1"}, "trigger_id": "1.2",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C1"}, "channel": {"id": "C1"},
        "actions": [action], **more,
    }  # fmt: skip


def test_an_answer_travels_in_the_acknowledgement_for_the_asker_alone(bench: Bench) -> None:
    bench.on.command("/do", lambda asked: answer.sentence(f"{asked.person.name} typed {asked.text}"))
    told = body_of(bench.type_(text=" a &lt;b&gt; "))
    assert told["response_type"] == "ephemeral"
    assert told["text"] == "Ada typed a <b>."
    assert told["blocks"][0]["type"] == "section"


def test_a_refusal_is_told_and_is_inert(bench: Bench) -> None:
    def refuse(_asked: Asked) -> Answer:
        raise Refused("Not with <!channel>.")

    bench.on.command("/do", refuse)
    assert body_of(bench.type_())["text"] == "Not with &lt;!channel&gt;."


def test_a_busy_database_is_told(bench: Bench) -> None:
    def busy(_asked: Asked) -> Answer:
        raise DatabaseBusy

    bench.on.command("/do", busy)
    assert "Nothing was changed; try again" in body_of(bench.type_())["text"]


def test_a_failure_is_told_by_its_number_and_logged_without_content(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(_asked: Asked) -> Answer:
        raise ValueError("salary 500000")

    bench.on.command("/do", fail)
    text = body_of(bench.type_())["text"]
    assert text.startswith("Something went wrong on our side; nothing was changed. Tell your admin the number `")
    number = text.split("`")[1]
    logged = capsys.readouterr().out
    assert number in logged
    assert "ValueError" in logged
    assert "500000" not in logged + text


def test_beside_its_field_where_a_form_has_one(bench: Bench) -> None:
    def refuse(_asked: Asked) -> Answer:
        raise BadAmount

    bench.on.view("form", refuse)
    told = body_of(bench.send(submission()))
    assert told == {"response_action": "errors", "errors": {"amount": "Write an amount such as 500, not <nothing>."}}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (None, {}),
        (Open(MODAL), {"response_action": "push", "view": MODAL}),
        (Errors({"a": "b"}), {"response_action": "errors", "errors": {"a": "b"}}),
    ],
)
def test_forms_are_answered_in_the_acknowledgement(bench: Bench, given: Answer, told: dict[str, Any]) -> None:
    bench.on.view("form", lambda _asked: given)
    assert body_of(bench.send(submission())) == told


def test_a_sentence_replaces_the_form(bench: Bench) -> None:
    bench.on.view("form", lambda _asked: answer.sentence("Done."))
    told = body_of(bench.send(submission()))
    assert told["response_action"] == "update"
    assert told["view"]["blocks"][0]["text"]["text"] == "Done."


def test_a_click_that_cannot_be_answered_in_place_is_answered_by_direct_message(
    bench: Bench, company: Company, slack: LocalSlack
) -> None:
    bench.on.action("go", lambda _asked: answer.sentence("Done."))
    bench.send(click(response_url=f"{slack.base_url}/nowhere", trigger_id=None))
    close_app(bench.app)  # the answer comes after the acknowledgement
    assert outbox_rows(company) == 1


def test_nothing_that_happens_after_the_acknowledgement_erases_it(bench: Bench) -> None:
    # Each of these fails at once: no such trigger, no such address.
    bench.on.action("go", lambda _asked: Open(MODAL))
    for _ in range(20):
        response = bench.send(click(response_url="http://127.0.0.1:9/nowhere"))
        assert (response.status, response.body) == (200, "")


def test_a_payload_that_cannot_be_read_is_acknowledged(bench: Bench) -> None:
    bench.on.command("/do", lambda _asked: None)
    raw = {"command": "/do", "team_id": "T1", "text": "no user"}
    assert bench.send(raw).status == 200


def test_whoever_waits_too_long_is_told_so_in_time_and_answered_later(
    bench: Bench, slack: LocalSlack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "ACKNOWLEDGE_AFTER_SECONDS", 0.1)
    waiting = threading.Event()

    def slow(_asked: Asked) -> Answer:
        waiting.wait(10)
        return answer.sentence("At last.")

    bench.on.command("/do", slow)
    bench.on.view("form", slow)
    bench.on.action("go", slow)
    assert body_of(bench.type_(response_url=f"{slack.base_url}/nowhere"))["text"].startswith("This takes longer")
    assert body_of(bench.send(submission()))["response_action"] == "update"
    assert bench.send(click()).body == ""
    waiting.set()


def test_a_slack_that_hangs_does_not_hold_up_the_acknowledgement(bench: Bench, slack: LocalSlack) -> None:
    slack.fault("views.open", "hang", seconds=0.5)
    bench.on.shortcut("open", lambda _asked: Open(MODAL))
    shortcut = {
        "type": "shortcut",
        "callback_id": "open",
        "user": {"id": "U0ADA"},
        "team": {"id": "T1"},
        "trigger_id": "1.2",
    }
    assert bench.send(shortcut).status == 200
    assert not slack.calls("views.open", ok=True)


def test_the_same_event_again_is_answered_once(bench: Bench) -> None:
    seen: list[str] = []
    bench.on.event("app_mention", lambda asked: seen.append(asked.text))
    event = {"type": "app_mention", "user": "U0ADA", "text": "hi", "channel": "C1", "ts": "1.1"}
    bench.on.otherwise({kind: answer.sentence("?") for kind in Kind})
    for event_id in ("E1", "E1", "E2"):
        body = json.dumps({"type": "event_callback", "event_id": event_id, "team_id": "T1", "event": event})
        assert bench.send_json(body).status == 200
    close_app(bench.app)
    assert seen == ["hi", "hi"]
