"""Channels and direct messages: finding, opening and describing them."""

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json
from bot.sandbox.state import Channel, ChannelKind, User, Workspace

KIND_OF_TYPE: dict[str, ChannelKind] = {
    "public_channel": "public",
    "private_channel": "private",
    "im": "im",
    "mpim": "mpim",
}
SCOPE_PREFIX: dict[ChannelKind, str] = {"public": "channels", "private": "groups", "im": "im", "mpim": "mpim"}
EVENT_CHANNEL_TYPE: dict[ChannelKind, str] = {"public": "channel", "private": "group", "im": "im", "mpim": "mpim"}


def is_visible_to_bot(ws: Workspace, channel: Channel) -> bool:
    """A bot sees public channels and whatever it is a member of."""
    return channel.kind == "public" or ws.bot_user_id in channel.members


def channel_for_bot(ws: Workspace, channel_id: str) -> Channel:
    """The channel, if the bot may know of it. Refused: `channel_not_found`."""
    channel = ws.channels.get(channel_id)
    if channel is None or not is_visible_to_bot(ws, channel):
        raise SlackError("channel_not_found")
    return channel


def channel_to_write(ws: Workspace, channel_id: str) -> Channel:
    """The channel the bot may write to. Refused: `channel_not_found`, `not_in_channel`, `is_archived`.

    A user id opens the direct message with that person (docs.slack.dev: chat.postMessage).
    """
    if channel_id.startswith(("U", "W")):
        return direct_message(ws, channel_id)
    if channel_id.startswith("#") or not channel_id.startswith(("C", "D", "G")):
        named = [c for c in ws.channels.values() if c.kind == "public" and c.name == channel_id.removeprefix("#")]
        channel_id = named[0].id if named else channel_id
    channel = channel_for_bot(ws, channel_id)
    if channel.archived:
        raise SlackError("is_archived")
    if ws.bot_user_id not in channel.members and not ws.manifest.has_any(("chat:write.public",)):
        raise SlackError("not_in_channel")
    if channel.kind == "im":
        _require_messages_tab(ws)
    return channel


def direct_message(ws: Workspace, user_id: str) -> Channel:
    """The DM of the bot and a person, opened if need be. Refused: unknown or deactivated people, other bots."""
    user = ws.users.get(user_id)
    if user is None or user.deleted or user.id == ws.bot_user_id:
        raise SlackError("channel_not_found")
    if user.is_bot:
        raise SlackError("cannot_dm_bot")
    _require_messages_tab(ws)
    return open_channel(ws, [ws.bot_user_id, user_id])


def _require_messages_tab(ws: Workspace) -> None:
    if not ws.manifest.has_messages_tab:
        raise SlackError("messages_tab_disabled")


def open_channel(ws: Workspace, members: list[str]) -> Channel:
    """The direct message of exactly these people."""
    kind: ChannelKind = "im" if len(members) == 2 else "mpim"  # noqa: PLR2004 - two people are a DM
    for channel in ws.channels.values():
        if channel.kind == kind and sorted(channel.members) == sorted(members):
            return channel
    name = "" if kind == "im" else "mpdm-" + "--".join(ws.users[member].name for member in members) + "-1"
    return add_channel(ws, name, kind, members)


def add_channel(ws: Workspace, name: str, kind: ChannelKind, members: list[str], creator: str = "") -> Channel:
    """A new channel; its first member made it unless said otherwise."""
    prefix = "D" if kind == "im" else "C"
    made_by = creator or (members[0] if members else ws.bot_user_id)
    channel = Channel(ws.ids.next(prefix), name, kind, int(ws.now()), made_by, list(dict.fromkeys(members)))
    ws.channels[channel.id] = channel
    ws.changed.notify_all()
    return channel


def channel_json(ws: Workspace, channel: Channel) -> Json:
    """A channel as conversations.info shows it to the bot."""
    common: Json = {
        "id": channel.id,
        "created": channel.created,
        "is_archived": channel.archived,
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "context_team_id": ws.team_id,
    }
    if channel.kind == "im":
        other = [member for member in channel.members if member != ws.bot_user_id]
        return {**common, "user": other[0] if other else ws.bot_user_id, "is_open": True, "is_user_deleted": False}
    empty = {"value": "", "creator": "", "last_set": 0}
    return {
        **common,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": channel.kind == "public",
        "is_group": channel.kind == "private",
        "is_private": channel.kind != "public",
        "is_member": ws.bot_user_id in channel.members,
        "is_general": False,
        "creator": channel.creator,
        "topic": empty,
        "purpose": empty,
        "num_members": len(channel.members),
    }


def user_json(ws: Workspace, user: User, *, with_email: bool) -> Json:
    """A person as users.info shows them; the e-mail address only with the scope users:read.email."""
    profile: Json = {"real_name": user.real_name, "display_name": user.name, "title": user.title, "team": ws.team_id}
    if with_email and user.email:
        profile["email"] = user.email
    if user.bot_id:
        profile |= {"bot_id": user.bot_id, "api_app_id": ws.app_id if user.id == ws.bot_user_id else ""}
    return {
        "id": user.id,
        "team_id": ws.team_id,
        "name": user.name,
        "real_name": user.real_name,
        "deleted": user.deleted,
        "tz": user.tz,
        "tz_label": user.tz,
        "tz_offset": user.tz_offset,
        "profile": profile,
        "is_admin": user.is_admin,
        "is_owner": user.is_owner,
        "is_primary_owner": user.is_owner,
        "is_restricted": False,
        "is_ultra_restricted": False,
        "is_bot": user.is_bot,
        "is_app_user": False,
        "updated": 0,
    }
