"""The one wrapper around every listener.

Bolt forgets an acknowledgement when the listener raises within ten milliseconds after it, and Slack then shows the
person a timeout for something that was done. So listeners here do not acknowledge: they act and return, and what stands
below acknowledges last and lets nothing escape.
"""

import re
import threading
import uuid
from collections import OrderedDict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import structlog
from slack_bolt import App, BoltContext
from slack_sdk import WebClient

from bot.rules.errors import Refused
from bot.services.verb import Company, DatabaseBusy
from bot.slack import format as fmt
from bot.slack.answer import Answer, Asked, Errors, Handler
from bot.slack.inbound import Inbound, Kind, read
from bot.slack.people import Directory
from bot.slack.reply import Acknowledgement, Reply
from bot.slack.views import answer as views
from bot.slack.views.kit import Block, Rendered

log = structlog.get_logger()
ACKNOWLEDGE_AFTER_SECONDS = 2.6
ANYTHING = re.compile(".*", re.DOTALL)
_ACK = "stipend_ack"
_TAKES_LONGER = "This takes longer than usual. The answer will follow here; if it does not within a minute, try again."


class Listeners:
    """Where listener modules register what they listen to. What was registered stands in the sets, for the manifest."""

    def __init__(self, app: App, company: Company, client: WebClient, directory: Directory) -> None:
        self._app = app
        self._company = company
        self._client = client
        self._directory = directory
        self.commands: set[str] = set()
        self.shortcuts: set[str] = set()
        self.events: set[str] = set()
        self._seen = Seen()

    def command(self, word: str, handle: Handler) -> None:
        """Answer a slash command, such as `/tokens`."""
        self.commands.add(word)
        self._app.command(word)(self.wrap(Kind.COMMAND, handle))

    def action(self, action_id: str, handle: Handler) -> None:
        """Answer a click or a choice."""
        self._app.action(action_id)(self.wrap(Kind.ACTION, handle))

    def view(self, callback_id: str, handle: Handler) -> None:
        """Answer the submission of a modal."""
        self._app.view(callback_id)(self.wrap(Kind.VIEW, handle))

    def shortcut(self, callback_id: str, handle: Handler) -> None:
        """Answer a shortcut."""
        self.shortcuts.add(callback_id)
        self._app.shortcut(callback_id)(self.wrap(Kind.SHORTCUT, handle))

    def event(self, name: str, handle: Handler) -> None:
        """Answer an event. Slack is told that it arrived before the handler runs, so it is not sent again."""
        self.events.add(name)
        self._app.event(name, matchers=[_first_of_a_person(self._seen)])(self.wrap(Kind.EVENT, handle))

    def otherwise(self, answer: Mapping[Kind, Rendered]) -> None:
        """Answer everything that nobody registered for with a sentence. Must come last: the first match wins."""
        self._app.command(ANYTHING)(self.wrap(Kind.COMMAND, lambda _asked: answer[Kind.COMMAND]))
        self._app.action(ANYTHING)(self.wrap(Kind.ACTION, lambda _asked: answer[Kind.ACTION]))
        self._app.view(ANYTHING)(self.wrap(Kind.VIEW, lambda _asked: answer[Kind.VIEW]))
        self._app.shortcut(ANYTHING)(self.wrap(Kind.SHORTCUT, lambda _asked: answer[Kind.SHORTCUT]))
        self._app.event(ANYTHING)(_let_be)

    def event_where(self, name: str, matches: Callable[..., bool], handle: Handler) -> None:
        """Answer those events of that name that a person caused and that match."""
        self.events.add(name)
        self._app.event(name, matchers=[matches, _first_of_a_person(self._seen)])(self.wrap(Kind.EVENT, handle))

    def wrap(self, kind: Kind, handle: Handler) -> Callable[..., None]:
        """The Bolt listener around a handler."""

        def listen(body: dict[str, Any], context: BoltContext) -> None:
            acknowledgement: Acknowledgement = context[_ACK]
            with structlog.contextvars.bound_contextvars(listener=kind.value, request_id=uuid.uuid4().hex[:12]):
                try:
                    self._serve(read(kind, body), acknowledgement, handle)
                except Exception as error:  # noqa: BLE001 - what escapes here erases the acknowledgement
                    report(error)
                    acknowledgement.once()

        return listen

    def _serve(self, inbound: Inbound, acknowledgement: Acknowledgement, handle: Handler) -> None:
        answer, person_id = self._answer(inbound, handle)
        Reply(self._company, self._client, inbound, acknowledgement).give(answer, person_id)

    def _answer(self, inbound: Inbound, handle: Handler) -> tuple[Answer, int | None]:
        """What to say, refusals and failures included, and the person if they could be found."""
        person_id = None
        try:
            person = self._directory.person(inbound.slack_user_id)
            person_id = person.id
            asked = Asked(
                company=self._company, person=person, slack_user_id=inbound.slack_user_id, directory=self._directory,
                client=self._client, key=inbound.key, text=inbound.text, value=inbound.value, channel=inbound.channel,
                message_ts=inbound.message_ts, thread_ts=inbound.thread_ts, payload=inbound.payload,
            )  # fmt: skip
            return handle(asked), person_id
        except (Refused, DatabaseBusy) as refusal:
            return _refusal(refusal), person_id
        except Exception as error:  # noqa: BLE001 - the person is told, and the log gets what an operator needs
            return _sorry(report(error)), person_id


class Seen:
    """The newest keys that were seen: Slack sends an event again when it missed our answer, and Bolt runs it again.

    Only for answers that may be lost or repeated in a crash; what must not is told apart in the database.
    """

    def __init__(self, most: int = 2000) -> None:
        self._lock = threading.Lock()
        self._keys: OrderedDict[str, None] = OrderedDict()
        self._most = most

    def first(self, key: str) -> bool:
        """Whether the key is new."""
        with self._lock:
            if key in self._keys:
                return False
            self._keys[key] = None
            if len(self._keys) > self._most:
                self._keys.popitem(last=False)
            return True


def _first_of_a_person(seen: Seen) -> Callable[..., bool]:
    """A matcher for events that a person caused and that were not handled yet; edits and bots' messages are neither."""

    def matches(body: Mapping[str, Any]) -> bool:
        event = body.get("event") or {}
        if not isinstance(event.get("user"), str) or event.get("bot_id") or event.get("subtype"):
            return False
        # The instant too: another Slack may give every event the same id.
        return not body.get("event_id") or seen.first(f"{event.get('type')}:{body['event_id']}:{event.get('event_ts')}")

    return matches


def _let_be() -> None:
    """Events that nobody listens to are acknowledged, so that Slack does not send them again."""


def start_deadline(context: BoltContext, body: Mapping[str, Any]) -> None:
    """Give the request its acknowledgement, which is sent without an answer when the answer takes too long."""
    acknowledgement = Acknowledgement(context.ack)
    context[_ACK] = acknowledgement
    if "event" in body:
        return  # Bolt acknowledges events by itself
    timer = threading.Timer(ACKNOWLEDGE_AFTER_SECONDS, acknowledgement.once, [_meanwhile(body)])
    timer.daemon = True
    acknowledgement.when_given(timer.cancel)
    timer.start()


def _meanwhile(body: Mapping[str, Any]) -> Block | str:
    if "command" in body:
        return {"response_type": "ephemeral", "text": _TAKES_LONGER}
    if body.get("type") == "view_submission":
        return {"response_action": "update", "view": views.as_modal(views.sentence(_TAKES_LONGER))}
    return ""


def report(error: Exception) -> str:
    """Log a failure without anything of its content; returns the id under which an admin finds it."""
    error_id = uuid.uuid4().hex[:8]
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}" if trace else "unknown"
    log.error("listener_failed", error_id=error_id, error_type=type(error).__name__, where=where)
    return error_id


def _refusal(refusal: Refused | DatabaseBusy) -> Answer:
    block_id = getattr(refusal, "block_id", None)
    if block_id is not None:
        return Errors({block_id: str(refusal)})
    return views.sentence(fmt.escape(str(refusal)))


def _sorry(error_id: str) -> Rendered:
    return views.sentence(
        f"Something went wrong on our side; nothing was changed. Tell your admin the number `{error_id}`."
    )
