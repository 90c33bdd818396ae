"""reactions.add, reactions.remove and reactions.get."""

from bot.sandbox import events
from bot.sandbox.channels import channel_for_bot
from bot.sandbox.errors import SlackError
from bot.sandbox.messages import message_json, remove_reaction
from bot.sandbox.records import Json
from bot.sandbox.state import Channel, Message
from bot.sandbox.web_api import Call, Method


def _message(call: Call) -> tuple[Channel, Message]:
    channel = channel_for_bot(call.ws, call.text("channel"))
    message = channel.messages.get(call.text("timestamp"))
    if message is None:
        raise SlackError("message_not_found")
    return channel, message


def reactions_add(call: Call) -> Json:
    """React as the bot. Refused: `not_in_channel`, `already_reacted`, names that are none (`invalid_name`)."""
    channel, message = _message(call)
    name = call.text("name").strip(":")
    if not name or not name.replace("_", "").replace("-", "").replace("+", "").replace(":", "").isalnum():
        raise SlackError("invalid_name")
    if call.ws.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    people = message.reactions.setdefault(name, [])
    if call.ws.bot_user_id in people:
        raise SlackError("already_reacted")
    people.append(call.ws.bot_user_id)
    events.emit_reaction(call.ws, channel, message, call.ws.bot_user_id, name)
    return {}


def reactions_remove(call: Call) -> Json:
    """Take the bot's own reaction back. Refused: `not_in_channel`, `no_reaction`."""
    channel, message = _message(call)
    name = call.text("name").strip(":")
    if call.ws.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    remove_reaction(call.ws, message, call.ws.bot_user_id, name)
    events.emit_reaction(call.ws, channel, message, call.ws.bot_user_id, name, "reaction_removed")
    return {}


def reactions_get(call: Call) -> Json:
    """A message with its reactions."""
    channel, message = _message(call)
    return {"type": "message", "channel": channel.id, "message": message_json(call.ws, channel, message)}


METHODS: dict[str, Method] = {
    "reactions.add": Method(reactions_add, ("reactions:write",)),
    "reactions.remove": Method(reactions_remove, ("reactions:write",)),
    "reactions.get": Method(reactions_get, ("reactions:read",)),
}
