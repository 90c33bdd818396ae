"""What the bot says through a response url or in the ack of a command."""

from typing import Any

from bot.sandbox import events
from bot.sandbox.api_chat import bot_message
from bot.sandbox.content import content_of
from bot.sandbox.errors import SlackError
from bot.sandbox.messages import change, message_json, remove, store
from bot.sandbox.records import Json, Seen
from bot.sandbox.state import Channel, Message, ResponseUrl, Workspace
from bot.sandbox.triggers import use_response_url
from bot.sandbox.web_api import Call


def respond(ws: Workspace, name: str, args: Json) -> None:
    """Do what a POST to a response url asks for (docs.slack.dev: Handling user interaction, Message responses).

    Ephemeral unless `response_type` is in_channel; `replace_original` and `delete_original` act on the message it came
    from. Visibility never changes. Refused: bad content, unknown, expired and used-up urls.
    """
    url = use_response_url(ws, name)
    channel = ws.channels[url.channel]
    original = _original(channel, url)
    if _is_true(args.get("delete_original")):
        if original is not None:
            _delete(ws, channel, original)
        url.seen.replies.append(dict(args))
        return
    content = content_of(Call(ws, "response_url", args))
    url.seen.replies.append(dict(args))
    if _is_true(args.get("replace_original")) and original is not None:
        _replace(ws, channel, original, content, url.seen)
    else:
        message = say_to(ws, url.seen, channel, content, args)
        url.original_ts = url.original_ts or message.ts


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _original(channel: Channel, url: ResponseUrl) -> Message | None:
    ts = url.original_ts or ""
    return channel.ephemerals.get(ts) or channel.messages.get(ts)


def _delete(ws: Workspace, channel: Channel, original: Message) -> None:
    previous = remove(ws, channel, original)
    if not original.ephemeral_to:
        events.emit_deleted(ws, channel, previous)


def _replace(ws: Workspace, channel: Channel, original: Message, content: Json, seen: Seen) -> None:
    if not original.ephemeral_to and original.bot_id != ws.bot_id:
        raise SlackError("cant_update_message", status=400)
    previous = change(ws, channel, original, content)
    if original.ephemeral_to:
        seen.ephemerals.append(message_json(ws, channel, original))
    else:
        events.emit_changed(ws, channel, original, previous)


def say_to(ws: Workspace, seen: Seen, channel: Channel, content: Json, args: Json) -> Message:
    """A new message by response: to everybody for in_channel, else to the person alone. Needs no membership."""
    thread_ts = str(args["thread_ts"]) if args.get("thread_ts") else None
    message = bot_message(ws, ws.tick(channel), content, thread_ts)
    if args.get("response_type") == "in_channel":
        events.emit_message(ws, channel, store(ws, channel, message))
    else:
        message.ephemeral_to = seen.user
        seen.ephemerals.append(message_json(ws, channel, store(ws, channel, message)))
    return message


def take_command_reply(ws: Workspace, seen: Seen, channel: Channel) -> None:
    """Show what the ack of a command carries: text or a message (docs.slack.dev: Slash commands).

    A bad one is shown to nobody, as in Slack; it is written to the warnings and to `seen.error`.
    """
    args = {"text": seen.body} if isinstance(seen.body, str) else seen.body
    if not seen.ok or not args:
        return
    try:
        say_to(ws, seen, channel, content_of(Call(ws, "command reply", args)), args)
    except SlackError as error:
        ws.warn(f"command reply: {error.code} {error.extra}")
        seen.ok, seen.error = False, error.code
