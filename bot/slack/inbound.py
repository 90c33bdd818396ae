"""What Slack sends, read into one shape."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any


class Kind(Enum):
    """The ways in which somebody turns to the bot."""

    COMMAND = "command"
    ACTION = "action"
    VIEW = "view"
    SHORTCUT = "shortcut"
    EVENT = "event"


@dataclass(frozen=True, slots=True)
class Inbound:
    """One command, click, submission, shortcut or event; fields that its kind does not have are empty."""

    kind: Kind
    name: str
    slack_user_id: str
    key: str
    payload: Mapping[str, Any]
    text: str = ""
    value: str = ""
    channel: str | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    trigger_id: str | None = None
    response_url: str | None = None
    in_modal: str | None = None  # the id of the modal in which it happened


def read(kind: Kind, body: Mapping[str, Any]) -> Inbound:
    """Read a payload of that kind; a payload without its essential parts raises KeyError."""
    return _READERS[kind](body)


def as_typed(text: str) -> str:
    """The text with the escapes undone that Slack puts into commands and messages, but not into fields of modals."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _command(body: Mapping[str, Any]) -> Inbound:
    trigger = body.get("trigger_id")
    return Inbound(
        kind=Kind.COMMAND,
        name=body["command"],
        slack_user_id=body["user_id"],
        key=_key("command", trigger, body["user_id"], body["command"], body.get("text")),
        payload=body,
        text=as_typed(body.get("text") or "").strip(),
        channel=body.get("channel_id"),
        trigger_id=trigger,
        response_url=body.get("response_url"),
    )


def _action(body: Mapping[str, Any]) -> Inbound:
    clicked = body["actions"][0]
    container, message = body.get("container") or {}, body.get("message") or {}
    view = body.get("view") or {}
    chosen = clicked.get("value") or (clicked.get("selected_option") or {}).get("value") or ""
    return Inbound(
        kind=Kind.ACTION,
        name=clicked["action_id"],
        slack_user_id=body["user"]["id"],
        key=_key("action", clicked.get("action_ts"), body["user"]["id"], clicked["action_id"], chosen),
        payload=body,
        value=chosen,
        channel=container.get("channel_id") or (body.get("channel") or {}).get("id"),
        message_ts=container.get("message_ts") or message.get("ts"),
        thread_ts=container.get("thread_ts") or message.get("thread_ts"),
        trigger_id=body.get("trigger_id"),
        response_url=body.get("response_url"),
        in_modal=view.get("id") if view.get("type") == "modal" else None,
    )


def _view(body: Mapping[str, Any]) -> Inbound:
    view = body["view"]
    return Inbound(
        kind=Kind.VIEW,
        name=view.get("callback_id") or "",
        slack_user_id=body["user"]["id"],
        key=_key("view", view.get("id"), body["user"]["id"], view.get("private_metadata"), view.get("state")),
        payload=body,
        trigger_id=body.get("trigger_id"),
        in_modal=view.get("id"),
    )


def _shortcut(body: Mapping[str, Any]) -> Inbound:
    message = body.get("message") or {}
    return Inbound(
        kind=Kind.SHORTCUT,
        name=body["callback_id"],
        slack_user_id=body["user"]["id"],
        key=_key("shortcut", body.get("trigger_id"), body["user"]["id"]),
        payload=body,
        channel=(body.get("channel") or {}).get("id"),
        message_ts=message.get("ts"),
        thread_ts=message.get("thread_ts"),
        trigger_id=body.get("trigger_id"),
        response_url=body.get("response_url"),
    )


def _event(body: Mapping[str, Any]) -> Inbound:
    event = body["event"]
    return Inbound(
        kind=Kind.EVENT,
        name=event["type"],
        slack_user_id=event["user"],
        key=_key("event", body.get("event_id"), event.get("event_ts")),
        payload=body,
        text=as_typed(event.get("text") or ""),
        channel=event.get("channel"),
        message_ts=event.get("ts"),
        thread_ts=event.get("thread_ts"),
    )


def _key(kind: str, unique: str | None, *said: object) -> str:
    """The same for the same thing sent twice: Slack's id of it, and what it says, for another Slack may repeat its ids.

    Where Slack gives no id, each counts. A digest, because keys are stored in the clear.
    """
    told = json.dumps([unique or uuid.uuid4().hex, *said], sort_keys=True)
    return f"{kind}:{hashlib.sha256(told.encode()).hexdigest()[:32]}"


_READERS = {
    Kind.COMMAND: _command,
    Kind.ACTION: _action,
    Kind.VIEW: _view,
    Kind.SHORTCUT: _shortcut,
    Kind.EVENT: _event,
}
