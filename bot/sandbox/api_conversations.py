"""conversations.list, info, members, open, join, invite, archive, create."""

import re

from bot.sandbox import events
from bot.sandbox.channels import (
    KIND_OF_TYPE,
    SCOPE_PREFIX,
    add_channel,
    channel_for_bot,
    channel_json,
    is_visible_to_bot,
    open_channel,
)
from bot.sandbox.errors import SlackError, missing
from bot.sandbox.paging import page
from bot.sandbox.records import Json
from bot.sandbox.state import Channel
from bot.sandbox.web_api import Call, Method, require_scope

NAME = re.compile(r"[a-z0-9_-]{1,80}")
OPEN_PEOPLE_MAX = 8


def known_channel(call: Call, right: str = "read") -> Channel:
    """The channel a call names, if the bot may see it and has the scope of that kind of channel."""
    if not call.text("channel"):
        raise missing("channel")
    channel = channel_for_bot(call.ws, call.text("channel"))
    require_scope(call.ws, (f"{SCOPE_PREFIX[channel.kind]}:{right}",))
    return channel


def conversations_list(call: Call) -> Json:
    """The channels of the asked-for types that the bot may see; each type wants its own scope."""
    kinds = []
    for name in call.text("types", "public_channel").split(","):
        if name.strip() not in KIND_OF_TYPE:
            raise SlackError("invalid_types")
        kind = KIND_OF_TYPE[name.strip()]
        require_scope(call.ws, (f"{SCOPE_PREFIX[kind]}:read",))
        kinds.append(kind)
    found = [
        channel_json(call.ws, channel)
        for channel in call.ws.channels.values()
        if channel.kind in kinds
        and is_visible_to_bot(call.ws, channel)
        and not (channel.archived and call.flag("exclude_archived"))
    ]
    channels, metadata = page(call, found)
    return {"channels": channels, "response_metadata": metadata}


def conversations_info(call: Call) -> Json:
    """One channel."""
    return {"channel": channel_json(call.ws, known_channel(call))}


def conversations_members(call: Call) -> Json:
    """Who is in a channel."""
    members, metadata = page(call, list(known_channel(call).members))
    return {"members": members, "response_metadata": metadata}


def conversations_open(call: Call) -> Json:
    """Open the DM with one person, or a group DM. Refused: `user_not_found`, `user_disabled`, `cannot_dm_bot`."""
    if call.text("channel"):
        channel = channel_for_bot(call.ws, call.text("channel"))
    else:
        channel = _open_with(call, [name.strip() for name in call.text("users").split(",") if name.strip()])
    short = {"id": channel.id}
    return {"channel": channel_json(call.ws, channel) if call.flag("return_im") else short}


def _open_with(call: Call, people: list[str]) -> Channel:
    if not people:
        raise SlackError("users_list_not_supplied")
    if len(people) > OPEN_PEOPLE_MAX:
        raise SlackError("too_many_users")
    for person in people:
        user = call.ws.users.get(person)
        if user is None:
            raise SlackError("user_not_found")
        if user.deleted:
            raise SlackError("user_disabled")
        if user.is_bot:
            raise SlackError("cannot_dm_bot")
    require_scope(call.ws, ("im:write",) if len(people) == 1 else ("mpim:write",))
    return open_channel(call.ws, [call.ws.bot_user_id, *people])


def conversations_join(call: Call) -> Json:
    """Join a public channel. Refused: private ones (`method_not_supported_for_channel_type`), archived ones."""
    channel = channel_for_bot(call.ws, call.text("channel"))
    if channel.kind != "public":
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("is_archived")
    if call.ws.bot_user_id in channel.members:
        return {"channel": channel_json(call.ws, channel), "warning": "already_in_channel"}
    channel.members.append(call.ws.bot_user_id)
    events.emit_joined(call.ws, channel, call.ws.bot_user_id)
    return {"channel": channel_json(call.ws, channel)}


def conversations_invite(call: Call) -> Json:
    """Invite people into a channel the bot is in. Refused: `not_in_channel`, `user_not_found`, `already_in_channel`."""
    channel = channel_for_bot(call.ws, call.text("channel"))
    if channel.archived:
        raise SlackError("is_archived")
    if call.ws.bot_user_id not in channel.members:
        raise SlackError("not_in_channel")
    people = [name.strip() for name in call.text("users").split(",") if name.strip()]
    for person in people:
        _check_invitable(call, channel, person)
    for person in people:
        channel.members.append(person)
        events.emit_joined(call.ws, channel, person, call.ws.bot_user_id)
    return {"channel": channel_json(call.ws, channel)}


def _check_invitable(call: Call, channel: Channel, person: str) -> None:
    if person == call.ws.bot_user_id:
        raise SlackError("cant_invite_self")
    if person not in call.ws.users:
        raise SlackError("user_not_found")
    if person in channel.members:
        raise SlackError("already_in_channel")


def conversations_archive(call: Call) -> Json:
    """Archive a channel. Refused: `already_archived`, and what is not a channel."""
    channel = channel_for_bot(call.ws, call.text("channel"))
    if channel.kind not in {"public", "private"}:
        raise SlackError("method_not_supported_for_channel_type")
    if channel.archived:
        raise SlackError("already_archived")
    channel.archived = True
    events.emit_archived(call.ws, channel, call.ws.bot_user_id)
    return {}


def conversations_create(call: Call) -> Json:
    """A new channel with the bot in it. Refused: `invalid_name_*`, `name_taken`."""
    name = call.text("name")
    if not name:
        raise SlackError("invalid_name_required")
    if not NAME.fullmatch(name):
        raise SlackError("invalid_name_specials")
    if any(channel.name == name for channel in call.ws.channels.values()):
        raise SlackError("name_taken")
    is_private = call.flag("is_private")
    require_scope(call.ws, ("groups:write",) if is_private else ("channels:manage",))
    channel = add_channel(call.ws, name, "private" if is_private else "public", [call.ws.bot_user_id])
    events.emit_created(call.ws, channel)
    return {"channel": channel_json(call.ws, channel)}


READ = ("channels:read", "groups:read", "mpim:read", "im:read")
MANAGE = ("channels:manage", "groups:write", "im:write", "mpim:write")
INVITE = ("channels:manage", "channels:write.invites", "groups:write", "groups:write.invites", "mpim:write")
METHODS: dict[str, Method] = {
    "conversations.list": Method(conversations_list, READ),
    "conversations.info": Method(conversations_info, READ),
    "conversations.members": Method(conversations_members, READ),
    "conversations.open": Method(conversations_open, MANAGE),
    "conversations.join": Method(conversations_join, ("channels:join",)),
    "conversations.invite": Method(conversations_invite, INVITE),
    "conversations.archive": Method(conversations_archive, MANAGE),
    "conversations.create": Method(conversations_create, MANAGE),
}
