"""chat.postMessage, update, delete, postEphemeral, getPermalink."""

import math

from bot.sandbox import events
from bot.sandbox.channels import channel_for_bot, channel_to_write
from bot.sandbox.content import content_of
from bot.sandbox.errors import SlackError, missing
from bot.sandbox.messages import change, message_json, remove, store
from bot.sandbox.records import Json
from bot.sandbox.state import Channel, Message, Workspace
from bot.sandbox.web_api import Call, Method


def post_message(call: Call) -> Json:
    """Post as the bot (docs.slack.dev: chat.postMessage).

    Refused: what `content_of` refuses, channels the bot cannot write to, threads that do not exist, and a message
    sooner than a second after the last one in that channel (HTTP 429). `client_msg_id` is taken and not deduplicated.
    """
    channel = _target(call)
    content = content_of(call)
    thread_ts = _thread(call, channel)
    _pace(call.ws, channel)
    message = bot_message(call.ws, call.ws.tick(channel), content, thread_ts)
    message.client_msg_id = call.text("client_msg_id") or None
    if thread_ts and call.flag("reply_broadcast"):
        message.subtype = "thread_broadcast"
    store(call.ws, channel, message)
    events.emit_message(call.ws, channel, message)
    shown = message_json(call.ws, channel, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def bot_message(ws: Workspace, ts: str, content: Json, thread_ts: str | None = None) -> Message:
    """A message by the app's bot, not stored yet."""
    return Message(ts, ws.bot_user_id, bot_id=ws.bot_id, app_id=ws.app_id, thread_ts=thread_ts, **content)


def _target(call: Call) -> Channel:
    if not call.text("channel"):
        raise missing("channel")
    return channel_to_write(call.ws, call.text("channel"))


def _thread(call: Call, channel: Channel) -> str | None:
    thread_ts = call.text("thread_ts")
    if not thread_ts:
        return None
    parent = channel.messages.get(thread_ts)
    if parent is None or parent.thread_ts not in {None, parent.ts}:
        call.ws.warn(f"{call.method}: thread_ts {thread_ts} is no parent message in {channel.id}")
        raise SlackError("cannot_reply_to_message")
    return thread_ts


def _pace(ws: Workspace, channel: Channel) -> None:
    """About one message a second and channel is all Slack promises (docs.slack.dev: Rate limits)."""
    now, interval = ws.now(), ws.options.message_interval_seconds
    passed = math.inf if channel.posted_at is None else now - channel.posted_at
    # A clock that was set back must not silence a channel for hours.
    if 0 <= passed < interval:
        wait = max(1, math.ceil(interval - passed))
        raise SlackError("ratelimited", status=429, headers={"Retry-After": str(wait)})
    channel.posted_at = now


def post_ephemeral(call: Call) -> Json:
    """A message for one person, gone on reload (docs.slack.dev: chat.postEphemeral).

    Refused: people outside the channel (`user_not_in_channel`). It cannot be updated or deleted afterwards.
    """
    channel = _target(call)
    user = call.text("user")
    if not user:
        raise missing("user")
    if user not in channel.members:
        raise SlackError("user_not_in_channel")
    message = bot_message(call.ws, call.ws.tick(channel), content_of(call), call.text("thread_ts") or None)
    message.ephemeral_to = user
    store(call.ws, channel, message)
    return {"message_ts": message.ts}


def own_message(call: Call, refusal: str) -> tuple[Channel, Message]:
    """The bot's own message that a call names. Refused: `message_not_found`, also for ephemerals; others' messages."""
    if not call.text("channel"):
        raise missing("channel")
    if not call.text("ts"):
        raise missing("ts")
    channel = channel_for_bot(call.ws, call.text("channel"))
    message = channel.messages.get(call.text("ts"))
    if message is None or message.subtype == "tombstone":
        raise SlackError("message_not_found")
    if message.bot_id != call.ws.bot_id:
        raise SlackError(refusal)
    if channel.archived:
        raise SlackError("is_archived")
    return channel, message


def update(call: Call) -> Json:
    """Change an own message; text without blocks drops the blocks (docs.slack.dev: chat.update).

    Metadata stays unless new metadata is sent. Refused: ephemerals, others' messages (`cant_update_message`).
    """
    channel, message = own_message(call, "cant_update_message")
    content = content_of(call)
    if content["metadata"] is None:
        del content["metadata"]
    if not content["files"]:
        del content["files"]
    if "attachments" not in call.args:
        del content["attachments"]
    previous = change(call.ws, channel, message, content)
    edited = {"user": call.ws.bot_user_id, "ts": call.ws.tick(channel)}
    message.edited = edited
    events.emit_changed(call.ws, channel, message, previous)
    shown = message_json(call.ws, channel, message, with_metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shown}


def delete(call: Call) -> Json:
    """Delete an own message. Refused: ephemerals, others' messages (`cant_delete_message`)."""
    channel, message = own_message(call, "cant_delete_message")
    events.emit_deleted(call.ws, channel, remove(call.ws, channel, message))
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(call: Call) -> Json:
    """A link to a message. Refused: `message_not_found`."""
    channel = channel_for_bot(call.ws, call.text("channel"))
    message = channel.messages.get(call.text("message_ts"))
    if message is None:
        raise SlackError("message_not_found")
    link = f"{call.ws.base_url}/archives/{channel.id}/p{message.ts.replace('.', '')}"
    if message.thread_ts and message.thread_ts != message.ts:
        link += f"?thread_ts={message.thread_ts}&cid={channel.id}"
    return {"channel": channel.id, "permalink": link}


METHODS: dict[str, Method] = {
    "chat.postMessage": Method(post_message, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, ("chat:write",)),
    "chat.update": Method(update, ("chat:write",)),
    "chat.delete": Method(delete, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink),
}
