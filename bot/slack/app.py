"""The Bolt App: who may be heard, what is kept before Slack is told, and who answers what."""

import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import structlog
from slack_bolt import App, BoltContext, BoltResponse
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.error import BoltUnhandledRequestError
from slack_sdk import WebClient

from bot.rules.errors import Refused
from bot.services import top_up_reply as replies
from bot.services.verb import Company
from bot.slack.inbound import Kind, as_typed
from bot.slack.listeners import home, ledger, top_up
from bot.slack.listening import Listeners, report, start_deadline
from bot.slack.people import Directory, SlackDidNotSay
from bot.slack.views import answer as views

log = structlog.get_logger()
_WORKERS = 16
_ANSWER_TIMEOUT_SECONDS = 4
_REPLY = "stipend_reply"
_FILE = "file_share"

_OTHERWISE = {
    Kind.COMMAND: views.sentence("I do not know that command. Try `/tokens help`."),
    Kind.ACTION: views.sentence("That button no longer does anything. `/tokens` shows where things stand."),
    Kind.VIEW: views.sentence("That form no longer does anything. Nothing was changed."),
    Kind.SHORTCUT: views.sentence("I do not know that shortcut. Try `/tokens help`."),
}


def build_app(
    company: Company, client: WebClient, *, signing_secret: str | None = None, directory: Directory | None = None
) -> App:
    """The App with everything registered. Calls nobody: what it needs to know of the workspace it asks for later.

    `company`'s database should give up on a lock after two seconds, for Slack waits three. Without a signing secret
    every HTTP request is refused; Socket Mode needs none.
    """
    quick = _quick(client)
    directory = directory or Directory(company, client)
    app = App(
        client=quick,
        authorize=_authorize(quick, directory),
        token_verification_enabled=False,
        # A blank secret would make Bolt raise at the first request; one that nobody knows makes it answer 401.
        signing_secret=signing_secret or secrets.token_hex(32),
        listener_executor=ThreadPoolExecutor(_WORKERS, thread_name_prefix="listener"),
        raise_error_for_unhandled_request=True,
        attaching_conversation_kwargs_enabled=False,
    )
    app.error(_unhandled)
    app.use(_deadline)
    app.use(_keep_reply(company))
    app.event("message", matchers=[_was_kept])(_handle_reply(company, directory))
    register(Listeners(app, company, quick, directory))
    return app


def register(on: Listeners) -> None:
    """Let every listener module register; the answers to everything else come last."""
    for module in (ledger, top_up, home):
        module.listen(on)
    on.otherwise(_OTHERWISE)


def close_app(app: App) -> None:
    """Let the listeners that are running finish; call it when nothing can arrive any more."""
    app.listener_runner.listener_executor.shutdown(wait=True)


def _quick(client: WebClient) -> WebClient:
    """The same client for answering people: it gives up early, for a trigger id is dead after three seconds."""
    return WebClient(
        token=client.token,
        base_url=client.base_url,
        timeout=min(client.timeout, _ANSWER_TIMEOUT_SECONDS),
        ssl=client.ssl,
        proxy=client.proxy,
        headers=client.headers,
        retry_handlers=[],
    )


def _authorize(client: WebClient, directory: Directory) -> Callable[..., AuthorizeResult]:
    def authorize(enterprise_id: str | None, team_id: str | None, user_id: str | None) -> AuthorizeResult:
        workspace = directory.workspace
        return AuthorizeResult(
            enterprise_id=enterprise_id,
            team_id=team_id,
            user_id=user_id,
            bot_token=client.token,
            bot_user_id=workspace.bot_user_id if workspace else None,
            bot_id=workspace.bot_id if workspace else None,
        )

    return authorize


def _unhandled(error: Exception) -> BoltResponse:
    """What Bolt finds no listener for: acknowledged, for an unanswered request makes Slack show a failure."""
    if not isinstance(error, BoltUnhandledRequestError):
        report(error)
    return BoltResponse(status=200, body="")


def _deadline(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> None:  # noqa: A002 - Bolt's name
    start_deadline(context, body)
    next()


def _keep_reply(company: Company) -> Callable[..., BoltResponse | None]:
    """Store what is typed in the thread of a request before Slack is told that it arrived.

    When that fails Slack is told so, and sends the event again.
    """

    def keep(context: BoltContext, body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:  # noqa: A002 - Bolt's name
        try:
            context[_REPLY] = _kept(company, body.get("event") or {})
        except Exception as error:  # noqa: BLE001 - whatever it was, the reply is not stored
            report(error)
            return BoltResponse(status=503, body="")
        next()
        return None

    return keep


def _kept(company: Company, event: Mapping[str, Any]) -> int | None:
    """Keep a reply or an edit of one; the id under which it is kept, None for everything else."""
    message = event.get("message") or {}
    if is_reply(event):
        return replies.reply_arrived(
            company,
            channel=event["channel"],
            thread_ts=event["thread_ts"],
            ts=event["ts"],
            slack_user_id=event["user"],
            text=as_typed(event.get("text") or ""),
            has_file=event.get("subtype") == _FILE,
        )
    if event.get("subtype") == "message_changed" and is_edited_reply(message):
        return replies.edit_arrived(
            company,
            channel=event["channel"],
            thread_ts=message["thread_ts"],
            ts=message["ts"],
            edited_ts=message["edited"]["ts"],
            slack_user_id=message["user"],
            text=as_typed(message.get("text") or ""),
        )
    return None


def is_reply(event: Mapping[str, Any]) -> bool:
    """Whether an event is what a person typed in a thread, with a file or without: no edit, deletion, bot's message."""
    return event.get("type") == "message" and not event.get("edited") and _typed_in_thread(event)


def is_edited_reply(message: Mapping[str, Any]) -> bool:
    """Whether the message of a `message_changed` was edited by its author; unfurled links change messages too."""
    edited = message.get("edited") or {}
    by_author = edited.get("user") in {None, message.get("user")}
    return bool(edited.get("ts")) and by_author and _typed_in_thread(message)


def _typed_in_thread(message: Mapping[str, Any]) -> bool:
    return (
        message.get("subtype") in {None, "", "thread_broadcast", _FILE}  # broadcast: "also send to the channel"
        and not message.get("bot_id")
        and isinstance(message.get("user"), str)
        and message.get("thread_ts") not in {None, message.get("ts")}
    )


def _was_kept(context: BoltContext) -> bool:
    return context.get(_REPLY) is not None


def _handle_reply(company: Company, directory: Directory) -> Callable[..., None]:
    """Act on a stored reply. A reply on which this fails stays stored, and the tick takes it up."""

    def handle(context: BoltContext, event: dict[str, Any]) -> None:
        with structlog.contextvars.bound_contextvars(listener="reply"):
            try:
                if _got_to_know(directory, (event.get("message") or event)["user"]):
                    replies.handle_reply(company, context[_REPLY])
            except Exception as error:  # noqa: BLE001 - nobody waits for this, and the reply is kept
                report(error)

    return handle


def _got_to_know(directory: Directory, slack_user_id: str) -> bool:
    """Whether it is clear by now who they are, or that nobody knows them; if not, the tick takes the reply up."""
    # An approver who never used the bot is known by e-mail only; the service looks by Slack id.
    try:
        directory.person(slack_user_id)
    except SlackDidNotSay:
        return False
    except Refused:
        log.info("reply_of_somebody_unknown")
    return True
