"""Slack as the place where messages go: draws them, posts them, and says what kind of failure a failure was."""

from collections.abc import Callable, Iterator, Mapping
from http.client import HTTPException
from typing import Any, Protocol
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse

from bot.rules.audience import Visible
from bot.services.delivery import Ambiguous, Body, NotDelivered, Permanent, Receipt, Retry, Unreachable, Wait
from bot.slack.refusal import UNKNOWN_METHOD, is_unknown_method
from bot.slack.views import VIEWS
from bot.slack.views.kit import Block, Rendered

EVENT_TYPE = "stipend"
_PAGE = 200
_PAGES = 10
_WAIT_SECONDS = 30.0  # where Slack limits without saying for how long
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500

_WAIT = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
_AMBIGUOUS = frozenset({"internal_error", "fatal_error", "service_unavailable", "team_added_to_org"})
# An operator can mend each of these, and until then nothing has been sent: invite the bot, unarchive, mend a setting.
_RETRY = frozenset({
    "not_in_channel", "channel_not_found", "is_archived", "restricted_action", "restricted_action_read_only_channel",
    "restricted_action_non_threadable_channel", "restricted_action_thread_only_channel", "accesslimited",
    "posting_to_general_channel_denied", "not_authed", "invalid_auth", "token_revoked", "token_expired",
    "account_inactive", "missing_scope", "no_permission", "access_denied", "ekm_access_denied", "org_login_required",
    "two_factor_setup_required", "request_timeout", "messages_tab_disabled", UNKNOWN_METHOD,
})  # fmt: skip
# Without the right to read there is no looking back: then at most one message in each kill is posted twice.
_UNREADABLE = frozenset({"missing_scope", "not_in_channel", "channel_not_found", "no_permission", UNKNOWN_METHOD})
# Where direct messages cannot be opened, a post to the person's own id opens them.
_UNOPENABLE = frozenset({"missing_scope", UNKNOWN_METHOD})
# Of one person's direct messages these say that nothing gets through there, while the rest of Slack is as it was.
_CLOSED_TO_US = frozenset({"channel_not_found", "is_archived", "restricted_action", "messages_tab_disabled"})
_NEVER_CONNECTED = frozenset({"ConnectionRefusedError", "gaierror", "SSLCertVerificationError"})
_BAD_BLOCKS = frozenset({
    "invalid_blocks", "invalid_blocks_format", "unsupported_block_type", "msg_blocks_too_long", "invalid_arguments",
})  # fmt: skip


class Addresses(Protocol):
    """Knows where in Slack a person is (see `bot.slack.people`)."""

    def slack_id_of(self, person_id: int) -> str | None:
        """The Slack user id of a person; None when Slack knows nobody with their address."""
        ...


class SlackSink:
    """A MessageSink on a Slack client that never repeats a call by itself (`retry_handlers=[]`)."""

    def __init__(
        self, client: WebClient, addresses: Addresses, views: Mapping[str, Callable[..., Rendered]] | None = None
    ) -> None:
        if client.retry_handlers:
            raise ValueError("The sink's client must have no retry handlers: they post twice when an answer is lost.")
        self._client = client
        self._addresses = addresses
        self._views = VIEWS if views is None else views
        self._rooms: dict[str, str] = {}

    def post(self, uid: str, body: Body) -> Receipt:
        """Post or change a message; raises Wait, Retry, Ambiguous or Permanent."""
        rendered = self._render(body)
        if body.edits:
            if body.parent is None:
                raise Permanent("there is no message to change")
            return self._change(body.parent, rendered)
        try:
            return self._send(uid, self._room(body), rendered, body.parent)
        except Retry as error:
            if body.person_id is not None and body.parent is None and str(error) in _CLOSED_TO_US:
                self._rooms.clear()  # it may be another room by now, or none
                raise Unreachable(str(error)) from error
            raise

    def find(self, uid: str, body: Body) -> Receipt | None:
        """Look for the uid in the channel's, or the thread's, newest messages."""
        room = self._room(body)
        try:
            for message in self._messages(room, body.parent):
                if _bears(message, uid):
                    return Receipt(room, str(message["ts"]))
        except NotDelivered as error:
            if str(error) in _UNREADABLE:
                return None
            raise
        return None

    def _render(self, body: Body) -> Rendered:
        view = self._views.get(body.kind)
        if view is None:
            raise Permanent("this version cannot draw it")
        try:
            return view(Visible(body.audience, self._addressed(body.facts)))
        except NotDelivered:
            raise
        except Exception as error:
            # A message that cannot be drawn must not hold up the others of its channel; `check` shows it.
            raise Permanent(f"it cannot be drawn ({type(error).__name__})") from error

    def _addressed(self, facts: Any) -> Any:
        """The facts with the Slack ids of those who are to be mentioned, asked for now if they were not known then."""
        if isinstance(facts, list):
            return [self._addressed(one) for one in facts]
        if not isinstance(facts, Mapping):
            return facts
        found = {key: self._addressed(value) for key, value in facts.items()}
        if found.get("person_id") is not None and not found.get("slack_id"):
            found["slack_id"] = self._ask_address(found["person_id"])
        return found

    def _send(self, uid: str, room: str, rendered: Rendered, parent: Receipt | None) -> Receipt:
        told = {
            "channel": room,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"uid": uid}},
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if parent is not None:
            told["thread_ts"] = parent.ts
        marked = Rendered(rendered.text, _marked(rendered.blocks, uid))
        answer = self._with_blocks_or_text(self._client.chat_postMessage, marked, told)
        return _receipt(answer, room)

    def _change(self, parent: Receipt, rendered: Rendered) -> Receipt:
        told = {"channel": parent.channel, "ts": parent.ts}
        self._with_blocks_or_text(self._client.chat_update, rendered, told)
        return parent

    @staticmethod
    def _with_blocks_or_text(
        method: Callable[..., SlackResponse], rendered: Rendered, told: Mapping[str, Any]
    ) -> SlackResponse:
        # A workspace that does not know a block type yet refuses the message whole, and certainly; its text still goes.
        try:
            return _call(method, text=rendered.text, blocks=rendered.blocks, **told)
        except Permanent as error:
            if str(error) not in _BAD_BLOCKS or not rendered.blocks:
                raise
        return _call(method, text=rendered.text, blocks=[], **told)

    def _room(self, body: Body) -> str:
        """The channel, or the direct messages with the person."""
        if body.parent is not None:
            return body.parent.channel
        if body.channel is not None:
            return body.channel
        if body.person_id is None:
            raise Permanent("it is addressed to nobody")
        slack_id = self._ask_address(body.person_id)
        if slack_id is None:
            raise Permanent("Slack knows nobody with the person's e-mail address")
        # Remembered by the Slack user, for a person may come to be another one.
        room = self._rooms.get(slack_id) or self._open(slack_id)
        self._rooms[slack_id] = room
        return room

    def _open(self, slack_id: str) -> str:
        try:
            answer = _call(self._client.conversations_open, users=slack_id)
        except NotDelivered as error:
            if str(error) in _UNOPENABLE:
                return slack_id
            raise
        return str(answer["channel"]["id"])

    def _ask_address(self, person_id: int) -> str | None:
        try:
            return self._addresses.slack_id_of(person_id)
        except (SlackClientError, HTTPException, OSError) as error:
            # Asking sends nothing, so whatever went wrong with it, it can be asked again.
            kind = classify(error)
            raise kind if isinstance(kind, Wait) else Retry(str(kind)) from error

    def _messages(self, room: str, parent: Receipt | None) -> Iterator[Mapping[str, Any]]:
        cursor = ""
        for _page in range(_PAGES):
            told: dict[str, Any] = {"channel": room, "limit": _PAGE, "include_all_metadata": True}
            if cursor:
                told["cursor"] = cursor
            try:
                if parent is None:
                    answer = _call(self._client.conversations_history, **told)
                else:
                    answer = _call(self._client.conversations_replies, ts=parent.ts, **told)
            except Ambiguous as error:
                raise Retry(str(error)) from error  # reading changes nothing, so it can be done again
            yield from answer.get("messages") or []
            cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return


def _marked(blocks: list[Block], uid: str) -> list[Block]:
    # Another Slack may keep a message's blocks and not its metadata.
    return [{"block_id": uid, **blocks[0]}, *blocks[1:]] if blocks else []


def _bears(message: Mapping[str, Any], uid: str) -> bool:
    metadata = message.get("metadata") or {}
    if metadata.get("event_type") == EVENT_TYPE and (metadata.get("event_payload") or {}).get("uid") == uid:
        return True
    return any(block.get("block_id") == uid for block in message.get("blocks") or [])


def _call(method: Callable[..., SlackResponse], **told: Any) -> SlackResponse:
    try:
        return method(**told)
    except (SlackClientError, HTTPException, OSError, ValueError) as error:
        raise classify(error) from error


def _receipt(answer: SlackResponse, room: str) -> Receipt:
    if not answer.get("ts"):
        raise Ambiguous("no_ts")
    return Receipt(str(answer.get("channel") or room), str(answer["ts"]))


def classify(error: Exception) -> NotDelivered:
    """What a failed call means for its message; the text is Slack's code or the failure's name, nothing of a body."""
    if isinstance(error, SlackApiError):
        return _classify_answer(error.response)
    if isinstance(error, URLError) and _never_connected(error.reason):
        return Retry("no_connection")
    if _never_connected(error):
        return Retry("no_connection")
    return Ambiguous(type(error).__name__)


def _never_connected(reason: object) -> bool:
    # These come before the first byte of a request was sent. Everything else may have come after the last.
    return type(reason).__name__ in _NEVER_CONNECTED


def _classify_answer(response: SlackResponse) -> NotDelivered:
    code = UNKNOWN_METHOD if is_unknown_method(response) else str(response.get("error", ""))
    if response.status_code == _TOO_MANY_REQUESTS or code in _WAIT:
        return Wait(_retry_after(response))
    if response.status_code >= _SERVER_ERRORS:
        return Ambiguous(f"http_{response.status_code}")
    if code in _AMBIGUOUS:
        return Ambiguous(code)
    if code in _RETRY:
        return Retry(code)
    if not code.replace("_", "").isalnum():
        # A proxy's page instead of an answer; the sdk puts its text where the code stands.
        return Ambiguous("not_slack")
    return Permanent(code)


def _retry_after(response: SlackResponse) -> float:
    given = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    value = given[0] if isinstance(given, list) and given else given
    try:
        return min(max(float(value), 1.0), 3600.0)
    except (TypeError, ValueError):
        return _WAIT_SECONDS
