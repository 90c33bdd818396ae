"""Payloads of commands and interactions (docs.slack.dev: Slash commands, Interaction payloads)."""

from bot.sandbox.messages import message_json
from bot.sandbox.records import Json, Seen
from bot.sandbox.state import Channel, Message, User, View, Workspace
from bot.sandbox.triggers import new_response_url, new_trigger
from bot.sandbox.views import state_of, view_json


def channel_name(channel: Channel) -> str:
    """What payloads call a channel: DMs and private channels go by their kind."""
    return {"im": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


def _common(ws: Workspace, user: User) -> Json:
    return {
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": ws.team_id},
        "api_app_id": ws.app_id,
        "token": ws.verification_token,
        "team": ws.team(),
        "enterprise": None,
        "is_enterprise_install": False,
    }


def command_payload(ws: Workspace, seen: Seen, user: User, channel: Channel, command: str, text: str) -> Json:
    """A slash command; it has no thread_ts, because commands cannot be used in threads."""
    seen.trigger_id = new_trigger(ws, user.id)
    return {
        "token": ws.verification_token,
        "team_id": ws.team_id,
        "team_domain": "local",
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": command,
        "text": text,
        "api_app_id": ws.app_id,
        "is_enterprise_install": "false",
        "response_url": new_response_url(ws, seen, channel.id),
        "trigger_id": seen.trigger_id,
    }


def where_message(channel: Channel, message: Message, shown: Json) -> Json:
    """The message that an interaction comes from. An ephemeral one is not in it: Slack keeps no copy of it."""
    is_ephemeral = message.ephemeral_to is not None
    container = {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": channel.id,
        "is_ephemeral": is_ephemeral,
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
    }
    body = {"container": container, "channel": {"id": channel.id, "name": channel_name(channel)}}
    return body if is_ephemeral else {**body, "message": shown}


def where_view(ws: Workspace, view: View) -> Json:
    """The modal or Home tab that an interaction comes from."""
    return {"container": {"type": "view", "view_id": view.id}, "view": view_json(ws, view)}


def message_click_payload(
    ws: Workspace, seen: Seen, user: User, channel: Channel, message: Message, shown: Json, action: Json
) -> Json:
    """block_actions from a message."""
    is_ephemeral = message.ephemeral_to is not None
    seen.trigger_id = new_trigger(ws, user.id)
    return {
        "type": "block_actions",
        **_common(ws, user),
        "trigger_id": seen.trigger_id,
        **where_message(channel, message, shown),
        "state": {"values": state_of(shown.get("blocks", []), message.state)},
        "response_url": new_response_url(ws, seen, channel.id, message.ts, is_ephemeral=is_ephemeral),
        "actions": [action],
    }


def view_click_payload(ws: Workspace, seen: Seen, user: User, view: View, action: Json) -> Json:
    """block_actions from a modal or the Home tab."""
    seen.trigger_id = new_trigger(ws, user.id, view.id if view.content["type"] == "modal" else None)
    where = where_view(ws, view)
    return {
        "type": "block_actions",
        **_common(ws, user),
        "trigger_id": seen.trigger_id,
        **where,
        "state": where["view"]["state"],
        "actions": [action],
    }


def suggestion_payload(ws: Workspace, user: User, block: Json, element: Json, typed: str) -> Json:
    """block_suggestion: what somebody has typed into a menu of the bot's. It has no trigger and no response_url."""
    return {
        "type": "block_suggestion",
        **_common(ws, user),
        "block_id": block["block_id"],
        "action_id": element["action_id"],
        "value": typed,
    }


def shortcut_payload(ws: Workspace, seen: Seen, user: User, callback_id: str, action_ts: str) -> Json:
    """A global shortcut: no channel, no response_url."""
    seen.trigger_id = new_trigger(ws, user.id)
    return {
        "type": "shortcut",
        **_common(ws, user),
        "callback_id": callback_id,
        "trigger_id": seen.trigger_id,
        "action_ts": action_ts,
    }


def message_shortcut_payload(
    ws: Workspace, seen: Seen, user: User, channel: Channel, message: Message, callback_id: str
) -> Json:
    """A shortcut on a message."""
    return {
        **shortcut_payload(ws, seen, user, callback_id, message.ts),
        "type": "message_action",
        "channel": {"id": channel.id, "name": channel_name(channel)},
        "message_ts": message.ts,
        "message": message_json(ws, channel, message),
        "response_url": new_response_url(ws, seen, channel.id, message.ts),
    }


def view_submission_payload(ws: Workspace, seen: Seen, user: User, view: View) -> Json:
    """A modal being submitted."""
    seen.trigger_id = new_trigger(ws, user.id, view.id)
    return {
        "type": "view_submission",
        **_common(ws, user),
        "trigger_id": seen.trigger_id,
        "view": view_json(ws, view),
        "response_urls": [],
    }


def view_closed_payload(ws: Workspace, user: User, view: View, *, is_cleared: bool) -> Json:
    """A modal being closed."""
    return {"type": "view_closed", **_common(ws, user), "view": view_json(ws, view), "is_cleared": is_cleared}
