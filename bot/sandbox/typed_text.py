"""What Slack makes of the text that people type."""

import re

from bot.sandbox.state import Workspace

TOKEN = re.compile(r"(<(?:@[UW]\w+|#[CG]\w+|![a-z]+|https?://|mailto:)[^<>]*>|<[@#]\w+(?:\|[^<>]*)?>)")
URL = re.compile(r"https?://[^\s<>|]+")
PERSON = re.compile(r"(?<![\w.@])@([\w.-]*\w)")
CHANNEL = re.compile(r"(?<![\w&])#([\w-]+)")
PERSON_TOKEN = re.compile(r"<@(\w+)(?:\|[^>]*)?>")
CHANNEL_TOKEN = re.compile(r"<#(\w+)(?:\|[^>]*)?>")


def as_posted(ws: Workspace, text: str) -> str:
    """Text of a message: `@name` and `#channel` become references, links get brackets, &, < and > are escaped.

    References that are written out already stay as they are (docs.slack.dev: Formatting message text).
    """
    parts = TOKEN.split(text)
    return "".join(part if TOKEN.fullmatch(part) else _referenced(ws, part) for part in parts)


def _referenced(ws: Workspace, text: str) -> str:
    people = {user.name: user.id for user in ws.users.values()}
    channels = {channel.name: channel.id for channel in ws.channels.values() if channel.name}

    def person(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<@{people[name]}>" if name in people else found.group(0)

    def channel(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<#{channels[name]}|{name}>" if name in channels else found.group(0)

    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # Links first get their brackets; names inside of them are no references.
    pieces = re.split(f"({URL.pattern})", escaped)
    return "".join(
        f"<{piece}>" if URL.fullmatch(piece) else CHANNEL.sub(channel, PERSON.sub(person, piece)) for piece in pieces
    )


def as_command_text(ws: Workspace, text: str, *, should_escape: bool) -> str:
    """The text behind a command: references only if the manifest says `should_escape`, else the plain names."""
    if should_escape:
        return as_posted(ws, text)

    def person(found: re.Match[str]) -> str:
        user = ws.users.get(found.group(1))
        return f"@{user.name}" if user else found.group(0)

    def channel(found: re.Match[str]) -> str:
        known = ws.channels.get(found.group(1))
        return f"#{known.name}" if known else found.group(0)

    return CHANNEL_TOKEN.sub(channel, PERSON_TOKEN.sub(person, text))
