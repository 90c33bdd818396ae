"""What one person sees of the workspace at one moment, as the page draws it."""

import time
from dataclasses import dataclass, field

from bot.sandbox.messages import message_json, replies_to
from bot.sandbox.records import Json
from bot.sandbox.state import Channel, Message, User, Workspace
from bot.sandbox.views import view_json

LIMIT = 80


@dataclass(slots=True)
class Reading:
    """How far each person has read each channel: the ts of the last message seen, by (person, channel)."""

    marks: dict[tuple[str, str], str] = field(default_factory=dict)

    def of(self, user_id: str, channel: Channel) -> str:
        """The ts up to which the person has read; nothing read is the empty string, which is before all."""
        return self.marks.get((user_id, channel.id), "")

    def read(self, user_id: str, channel: Channel) -> None:
        """The person has the channel before their eyes."""
        self.marks[user_id, channel.id] = max(channel.messages, default="")


@dataclass(frozen=True, slots=True)
class Look:
    """Where somebody looks: as whom, at which channel, into which thread, and how far back."""

    viewer: str = ""
    at: str = ""
    thread: str = ""
    limit: int = LIMIT


def snapshot(ws: Workspace, reading: Reading, look: Look) -> Json:
    """Everything the page draws for one look; nothing in it that this person could not see. To be called locked."""
    people = [user for user in ws.users.values() if not user.is_bot and not user.deleted]
    viewer = next((user for user in people if user.id == look.viewer), people[0] if people else None)
    place = ws.channels.get(look.at)
    if viewer is None:
        return {"viewer": None, **_app(ws), "people": _people(ws), "channels": [], "place": None, "thread": None}
    if place is not None and not is_visible(viewer.id, place):
        place = None
    if place is not None:
        reading.read(viewer.id, place)
    home = ws.homes.get(viewer.id)
    return {
        "viewer": viewer.id,
        "ahead": round(ws.now() - time.time()),  # Slack's time may be another than the machine's
        **_app(ws),
        "people": _people(ws),
        "channels": [_channel(ws, reading, viewer, one) for one in ws.channels.values() if is_visible(viewer.id, one)],
        "place": _place(ws, viewer, place, look.limit) if place else None,
        "thread": _thread(ws, viewer, place, look.thread) if place and look.thread in place.messages else None,
        "home": view_json(ws, home) if home else None,
        "views": [view_json(ws, view) for view in ws.stacks.get(viewer.id, [])],
    }


def is_visible(user_id: str, channel: Channel) -> bool:
    """People see public channels, and whatever they are a member of."""
    return user_id in channel.members or channel.kind == "public"


def _app(ws: Workspace) -> Json:
    manifest = ws.manifest
    keys = ("command", "description", "usage_hint")
    return {
        "app": {
            "name": manifest.name,
            "user": ws.bot_user_id,
            "has_home": manifest.has_home,
            "has_messages": manifest.has_messages_tab,
            "takes_messages": manifest.has_messages_tab and not manifest.messages_tab_is_read_only,
        },
        "commands": [{key: str(entry.get(key, "")) for key in keys} for entry in manifest.commands.values()],
        "shortcuts": [
            {key: str(entry.get(key, "")) for key in ("callback_id", "name", "type", "description")}
            for entry in manifest.shortcuts.values()
        ],
    }


def _people(ws: Workspace) -> list[Json]:
    return [
        {
            "id": user.id,
            "name": user.name,
            "real_name": user.real_name,
            "title": user.title,
            "tz": user.tz,
            "is_bot": user.is_bot,
            "is_gone": user.deleted,
            "is_admin": user.is_admin,
        }
        for user in ws.users.values()
    ]


def _channel(ws: Workspace, reading: Reading, viewer: User, channel: Channel) -> Json:
    others = [member for member in channel.members if member != viewer.id]
    is_member = viewer.id in channel.members
    new = _unread(reading, viewer, channel) if is_member else []
    return {
        "id": channel.id,
        "name": channel.name,
        "kind": channel.kind,
        "is_archived": channel.archived,
        "is_member": is_member,
        "members": len(channel.members),
        "others": others if channel.kind in {"im", "mpim"} else [],
        "is_app": channel.kind == "im" and others == [ws.bot_user_id],
        "unread": len(new),
        "mentions": len([m for m in new if channel.kind == "im" or f"<@{viewer.id}" in m.text]),
    }


def _unread(reading: Reading, viewer: User, channel: Channel) -> list[Message]:
    """What came after the mark from others; of a thread only what names the person, because the rest is its own."""
    mark = reading.of(viewer.id, channel)
    return [
        message
        for message in channel.messages.values()
        if message.ts > mark
        and message.user != viewer.id
        and (message.thread_ts in {None, message.ts} or channel.kind == "im" or f"<@{viewer.id}" in message.text)
    ]


def _place(ws: Workspace, viewer: User, channel: Channel, limit: int) -> Json:
    """The channel's messages and what is shown in it to this person alone, by time."""
    top = [
        message
        for message in (*channel.messages.values(), *_alone(channel, viewer))
        if message.thread_ts in {None, message.ts} or message.subtype == "thread_broadcast"
    ]
    top.sort(key=lambda message: message.ts)
    return {
        "id": channel.id,
        "has_earlier": len(top) > limit,
        "messages": [message_json(ws, channel, message) for message in top[-limit:]],
    }


def _thread(ws: Workspace, viewer: User, channel: Channel, ts: str) -> Json:
    alone = [message for message in _alone(channel, viewer) if message.thread_ts == ts]
    replies = sorted([*replies_to(channel, ts), *alone], key=lambda message: message.ts)
    return {"ts": ts, "messages": [message_json(ws, channel, m) for m in [channel.messages[ts], *replies]]}


def _alone(channel: Channel, viewer: User) -> list[Message]:
    return [message for message in channel.ephemerals.values() if message.ephemeral_to == viewer.id]
