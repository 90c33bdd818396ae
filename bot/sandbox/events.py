"""Events: which ones the app asked for and may have, and the envelope they travel in."""

from collections.abc import Mapping
from concurrent.futures import Future

from bot.sandbox.channels import EVENT_CHANNEL_TYPE, SCOPE_PREFIX, channel_json
from bot.sandbox.messages import message_json
from bot.sandbox.records import Ack, Delivery, Json
from bot.sandbox.state import Channel, ChannelKind, Message, Workspace

SCOPES_OF_EVENT: Mapping[str, tuple[str, ...]] = {
    "app_mention": ("app_mentions:read",),
    "app_home_opened": (),
    "app_uninstalled": (),
    "tokens_revoked": (),
    "member_joined_channel": ("channels:read", "groups:read"),
    "member_left_channel": ("channels:read", "groups:read"),
    "reaction_added": ("reactions:read",),
    "reaction_removed": ("reactions:read",),
    "channel_created": ("channels:read",),
    "channel_archive": ("channels:read",),
    "team_join": ("users:read",),
    "user_change": ("users:read",),
    "file_shared": ("files:read",),
}
MESSAGE_EVENT: Mapping[ChannelKind, str] = {
    "public": "message.channels",
    "private": "message.groups",
    "im": "message.im",
    "mpim": "message.mpim",
}


def emit(ws: Workspace, event: Json, subscription: str | None = None) -> "Future[Ack] | None":
    """Send an event to the app, if its manifest subscribes to it and carries the scope; else nothing happens."""
    name = subscription or str(event["type"])
    if name not in ws.manifest.events or not ws.manifest.has_any(_scopes(name)):
        return None
    payload = {
        "token": ws.verification_token,
        "team_id": ws.team_id,
        "context_team_id": ws.team_id,
        "context_enterprise_id": None,
        "api_app_id": ws.app_id,
        "event": event,
        "type": "event_callback",
        "event_id": ws.ids.next("Ev"),
        "event_time": int(ws.now()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": ws.team_id,
                "user_id": ws.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
        "event_context": f"4-{ws.ids.token()}",
    }
    return ws.publish(Delivery("events_api", str(event["type"]), payload))


def _scopes(subscription: str) -> tuple[str, ...]:
    for kind, name in MESSAGE_EVENT.items():
        if name == subscription:
            return (f"{SCOPE_PREFIX[kind]}:history",)
    return SCOPES_OF_EVENT.get(subscription, ())


def emit_message(ws: Workspace, channel: Channel, message: Message) -> "Future[Ack] | None":
    """A new message: `message.*` for members, and `app_mention` where somebody names the bot outside a DM."""
    if ws.bot_user_id not in channel.members:
        return None
    body = message_json(ws, channel, message, with_metadata=True)
    body |= {"channel": channel.id, "event_ts": message.ts}
    sent = emit(ws, {**body, "channel_type": EVENT_CHANNEL_TYPE[channel.kind]}, MESSAGE_EVENT[channel.kind])
    if f"<@{ws.bot_user_id}" in message.text and message.user != ws.bot_user_id and channel.kind != "im":
        mention = {key: value for key, value in body.items() if key not in {"subtype", "bot_profile"}}
        return emit(ws, {**mention, "type": "app_mention"}) or sent
    return sent


def emit_changed(ws: Workspace, channel: Channel, message: Message, previous: Json) -> "Future[Ack] | None":
    """`message_changed`, with the message as it is and as it was."""
    body = {"message": message_json(ws, channel, message, with_metadata=True), "previous_message": previous}
    return _emit_hidden(ws, channel, "message_changed", body)


def emit_deleted(ws: Workspace, channel: Channel, previous: Json) -> "Future[Ack] | None":
    """`message_deleted`, with the message as it was."""
    return _emit_hidden(ws, channel, "message_deleted", {"deleted_ts": previous["ts"], "previous_message": previous})


def _emit_hidden(ws: Workspace, channel: Channel, subtype: str, body: Json) -> "Future[Ack] | None":
    if ws.bot_user_id not in channel.members:
        return None
    ts = ws.tick(channel)
    event = {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel.id,
        "ts": ts,
        "event_ts": ts,
        "channel_type": EVENT_CHANNEL_TYPE[channel.kind],
        **body,
    }
    return emit(ws, event, MESSAGE_EVENT[channel.kind])


def emit_joined(ws: Workspace, channel: Channel, user_id: str, inviter: str | None = None) -> "Future[Ack] | None":
    """`member_joined_channel`, for channels the bot is in."""
    if ws.bot_user_id not in channel.members:
        return None
    event = {
        "type": "member_joined_channel",
        "user": user_id,
        "channel": channel.id,
        "channel_type": "C" if channel.kind == "public" else "G",
        "team": ws.team_id,
        "event_ts": ws.tick(channel),
    }
    if inviter:
        event["inviter"] = inviter
    return emit(ws, event)


def emit_left(ws: Workspace, channel: Channel, user_id: str) -> "Future[Ack] | None":
    """`member_left_channel`, for channels the bot is in."""
    if ws.bot_user_id not in channel.members:
        return None
    kind = "C" if channel.kind == "public" else "G"
    event = {"type": "member_left_channel", "user": user_id, "channel": channel.id, "channel_type": kind}
    return emit(ws, {**event, "team": ws.team_id, "event_ts": ws.tick(channel)})


def emit_reaction(
    ws: Workspace, channel: Channel, message: Message, user_id: str, name: str, kind: str = "reaction_added"
) -> "Future[Ack] | None":
    """`reaction_added` or `reaction_removed`, for channels the bot is in."""
    if ws.bot_user_id not in channel.members:
        return None
    item = {"type": "message", "channel": channel.id, "ts": message.ts}
    event = {"type": kind, "user": user_id, "reaction": name, "item": item, "item_user": message.user}
    return emit(ws, {**event, "event_ts": ws.tick(channel)})


def emit_archived(ws: Workspace, channel: Channel, user_id: str) -> "Future[Ack] | None":
    """`channel_archive`."""
    return emit(ws, {"type": "channel_archive", "channel": channel.id, "user": user_id, "event_ts": ws.tick(channel)})


def emit_created(ws: Workspace, channel: Channel) -> "Future[Ack] | None":
    """`channel_created`, for public channels."""
    if channel.kind != "public":
        return None
    return emit(ws, {"type": "channel_created", "channel": channel_json(ws, channel), "event_ts": ws.tick(channel)})
