"""Cursors: the pages of lists (docs.slack.dev: Pagination)."""

import base64
import binascii
from typing import TypeVar

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json
from bot.sandbox.web_api import Call

Item = TypeVar("Item")
PAGE_MAX = 1000
PAGE_DEFAULT = 100


def page(call: Call, items: list[Item], default: int = PAGE_DEFAULT) -> tuple[list[Item], Json]:
    """One page and its response_metadata. Refused: `invalid_limit`, `invalid_cursor`."""
    limit = call.number("limit", default)
    if not 1 <= limit <= PAGE_MAX:
        raise SlackError("invalid_limit")
    start = _start(call.text("cursor"))
    rest = start + limit
    return items[start:rest], {"next_cursor": _cursor(rest) if rest < len(items) else ""}


def _cursor(start: int) -> str:
    return base64.b64encode(f"next:{start}".encode()).decode()


def _start(cursor: str) -> int:
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None
