"""conversations.history and conversations.replies."""

from decimal import Decimal, InvalidOperation

from bot.sandbox.api_conversations import known_channel
from bot.sandbox.errors import SlackError, missing
from bot.sandbox.messages import message_json, replies_to
from bot.sandbox.paging import page
from bot.sandbox.records import Json
from bot.sandbox.state import Channel, Message
from bot.sandbox.web_api import Call, Method

HISTORY_SCOPES = ("channels:history", "groups:history", "mpim:history", "im:history")


def conversations_history(call: Call) -> Json:
    """The channel's messages, newest first, without thread replies (but with those also sent to the channel)."""
    channel = _readable_channel(call)
    top = [m for m in channel.messages.values() if _is_in_channel(m) and _is_within(call, m)]
    return _answer(call, channel, top[::-1])


def conversations_replies(call: Call) -> Json:
    """A thread, oldest first, the parent always leading. Refused: `thread_not_found`."""
    channel = _readable_channel(call)
    if not call.text("ts"):
        raise missing("ts")
    named = channel.messages.get(call.text("ts"))
    parent = channel.messages.get(named.thread_ts or named.ts) if named else None
    if parent is None:
        raise SlackError("thread_not_found")
    replies = [reply for reply in replies_to(channel, parent.ts) if _is_within(call, reply)]
    return _answer(call, channel, [parent, *replies])


def _readable_channel(call: Call) -> Channel:
    channel = known_channel(call, "history")
    if call.ws.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    return channel


def _is_in_channel(message: Message) -> bool:
    return message.thread_ts in {None, message.ts} or message.subtype == "thread_broadcast"


def _is_within(call: Call, message: Message) -> bool:
    ts = Decimal(message.ts)
    oldest, latest = _bound(call, "oldest"), _bound(call, "latest")
    if call.flag("inclusive"):
        return (oldest is None or ts >= oldest) and (latest is None or ts <= latest)
    return (oldest is None or ts > oldest) and (latest is None or ts < latest)


def _bound(call: Call, name: str) -> Decimal | None:
    value = call.text(name)
    if value in {"", "0"}:
        return None
    try:
        return Decimal(value)
    except InvalidOperation:
        raise SlackError(f"invalid_ts_{name}") from None


def _answer(call: Call, channel: Channel, found: list[Message]) -> Json:
    messages, metadata = page(call, found)
    with_metadata = call.flag("include_all_metadata")
    has_more = bool(metadata["next_cursor"])
    return {
        "messages": [message_json(call.ws, channel, m, with_metadata=with_metadata) for m in messages],
        "has_more": has_more,
        "pin_count": 0,
        "channel_actions_ts": None,
        "channel_actions_count": 0,
        **({"response_metadata": metadata} if has_more else {}),
    }


METHODS: dict[str, Method] = {
    "conversations.history": Method(conversations_history, HISTORY_SCOPES),
    "conversations.replies": Method(conversations_replies, HISTORY_SCOPES),
}
