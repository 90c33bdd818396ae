"""How an answer reaches the one who asked, by the shortest way that Slack has for it."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import structlog
from slack_bolt import BoltResponse
from slack_sdk import WebClient
from slack_sdk.errors import SlackClientError
from slack_sdk.webhook import WebhookClient

from bot.services import outbox
from bot.services.verb import Company
from bot.slack.answer import Answer, Errors, Open, Publish, Push, Update
from bot.slack.inbound import Inbound, Kind
from bot.slack.views import answer as views
from bot.slack.views.kit import Block, Rendered
from bot.slack.views.kit import plainer as plainer_blocks

log = structlog.get_logger()
_DID_NOT_OPEN = views.sentence("Slack did not open the form in time. Nothing was changed; try again.")


class Acknowledgement:
    """Slack's three seconds. The first body that is given travels in the acknowledgement, later ones are refused."""

    def __init__(self, ack: Callable[..., BoltResponse]) -> None:
        self._ack = ack
        self._lock = threading.Lock()
        self._given = False
        self._afterwards: Callable[[], None] = _nothing

    def when_given(self, afterwards: Callable[[], None]) -> None:
        """Call that once it has been given."""
        self._afterwards = afterwards

    def once(self, body: Block | str = "") -> bool:
        """Acknowledge with that body, unless it was done before; says whether this was the first."""
        with self._lock:
            if self._given:
                return False
            self._given = True
            self._ack(body)
        self._afterwards()
        return True


def _nothing() -> None:
    """Nothing waits for it."""


class Reply:
    """The way back to whoever sent one thing."""

    def __init__(self, company: Company, client: WebClient, inbound: Inbound, ack: Acknowledgement) -> None:
        self._company = company
        self._client = client
        self._inbound = inbound
        self._ack = ack

    def give(self, answer: Answer, person_id: int | None) -> None:
        """Acknowledge, with the answer where it can travel in the acknowledgement; otherwise send it afterwards."""
        body = self._in_acknowledgement(answer)
        if body is not None and self._ack.once(body):
            return
        self._ack.once()
        for way in self._ways(answer, person_id):
            if self._went(way):
                return

    def _in_acknowledgement(self, answer: Answer) -> Block | None:
        if self._inbound.kind is Kind.COMMAND and isinstance(answer, Rendered):
            return {"response_type": "ephemeral", "text": answer.text, "blocks": answer.blocks}
        return _in_submission(answer) if self._inbound.kind is Kind.VIEW else None

    def _ways(self, answer: Answer, person_id: int | None) -> Iterator[Callable[[], Any]]:
        """The ways to bring an answer, best first."""
        match answer:
            case None:
                return
            case Publish():
                yield from self._publishing(answer.view)
            case Open() | Push() | Update():
                yield from self._showing(answer)
                yield from self._telling(_DID_NOT_OPEN, person_id)
            case Errors():
                yield from self._telling(views.sentence(" ".join(answer.by_block.values())), person_id)
            case Rendered():
                yield from self._telling(answer, person_id)

    def _publishing(self, view: Block) -> Iterator[Callable[[], Any]]:
        yield lambda: self._client.views_publish(user_id=self._inbound.slack_user_id, view=view)
        plainer = {**view, "blocks": plainer_blocks(view["blocks"])}
        if plainer != view:
            yield lambda: self._client.views_publish(user_id=self._inbound.slack_user_id, view=plainer)

    def _showing(self, answer: Open | Push | Update) -> Iterator[Callable[[], Any]]:
        modal, trigger = self._inbound.in_modal, self._inbound.trigger_id
        # A submission that was acknowledged late has had its modal replaced by a waiting one, which is changed in turn.
        if modal and (isinstance(answer, Update) or self._inbound.kind is Kind.VIEW):
            yield lambda: self._client.views_update(view_id=modal, view=answer.view)
        elif modal and trigger:
            yield lambda: self._client.views_push(trigger_id=trigger, view=answer.view)
        elif trigger:
            yield lambda: self._client.views_open(trigger_id=trigger, view=answer.view)

    def _telling(self, rendered: Rendered, person_id: int | None) -> Iterator[Callable[[], Any]]:
        inbound = self._inbound
        if inbound.response_url:
            yield lambda: self._respond(rendered)
            if (plainer := plainer_blocks(rendered.blocks)) != rendered.blocks:
                yield lambda: self._respond(Rendered(rendered.text, plainer))
        if inbound.kind is Kind.ACTION:
            yield from self._beside(rendered)
        if inbound.kind is Kind.EVENT:
            yield from self._telling_of_event(rendered)
        elif inbound.trigger_id or inbound.in_modal:
            yield from self._showing(Open(views.as_modal(rendered)))
        if person_id is not None:
            yield lambda: outbox.tell(self._company, person_id, rendered.text, key=inbound.key)

    def _telling_of_event(self, rendered: Rendered) -> Iterator[Callable[[], Any]]:
        inbound = self._inbound
        if inbound.name == "app_home_opened":
            yield lambda: self._client.views_publish(user_id=inbound.slack_user_id, view=views.as_home(rendered))
        elif inbound.channel:
            yield from self._beside(rendered)

    def _beside(self, rendered: Rendered) -> Iterator[Callable[[], Any]]:
        """Where it was clicked or said, seen by nobody else."""
        inbound = self._inbound
        if inbound.channel and not inbound.channel.startswith("D"):
            yield lambda: self._client.chat_postEphemeral(
                channel=str(inbound.channel), user=inbound.slack_user_id, thread_ts=inbound.thread_ts,
                text=rendered.text, blocks=rendered.blocks,
            )  # fmt: skip
        elif inbound.channel:
            yield lambda: self._client.chat_postMessage(
                channel=str(inbound.channel), thread_ts=inbound.thread_ts, text=rendered.text, blocks=rendered.blocks
            )

    def _respond(self, rendered: Rendered) -> None:
        body = {
            "response_type": "ephemeral", "replace_original": False, "text": rendered.text, "blocks": rendered.blocks,
        }  # fmt: skip
        if self._inbound.thread_ts:
            body["thread_ts"] = self._inbound.thread_ts
        webhook = WebhookClient(str(self._inbound.response_url), timeout=self._client.timeout, retry_handlers=[])
        answer = webhook.send_dict(body)
        if answer.status_code != 200:  # noqa: PLR2004 - HTTP's own number
            raise SlackClientError("The response URL did not take it.")

    @staticmethod
    def _went(way: Callable[[], Any]) -> bool:
        try:
            way()
        except Exception as error:  # noqa: BLE001 - whatever went wrong with one way, the next is tried
            log.warning("answer_not_sent", error_type=type(error).__name__)
            return False
        return True


def _in_submission(answer: Answer) -> Block | None:
    """What the acknowledgement of a submitted modal does with it; without a word it closes."""
    match answer:
        case Errors():
            return {"response_action": "errors", "errors": dict(answer.by_block)}
        case Update():
            return {"response_action": "update", "view": answer.view}
        case Push() | Open():
            return {"response_action": "push", "view": answer.view}
        case Rendered():
            return {"response_action": "update", "view": views.as_modal(answer)}
        case _:
            return None
