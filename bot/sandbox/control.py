"""The same acts and questions over HTTP, for another process: POST /_control/<name> with the arguments as JSON."""

import dataclasses
from collections.abc import Callable
from typing import Any

from bot.sandbox.records import CannotDo, Json

Control = Callable[[str, Json], tuple[int, Any]]
NAMES = frozenset(
    {
        "add_user", "deactivate", "add_channel", "invite", "remove", "join", "leave", "archive", "dm", "dm_between",
        "command", "say", "bot_says", "edit", "delete", "react", "unreact", "suggest", "upload",
        "open_home", "shortcut", "message_shortcut",
        "click", "click_home", "click_modal", "submit", "close",
        "messages", "thread", "ephemerals", "reload", "dms", "home", "view", "views", "users", "channels",
        "calls", "deliveries", "warnings", "facts",
        "advance", "fault", "random_faults", "clear_faults",
        "connections", "disconnect", "drop_connections", "sign", "verify_url", "request_url",
        "guide_story", "guide_do",
    }
)  # fmt: skip


def answer_control(slack: object, name: str, args: Json) -> tuple[int, Any]:
    """Status and JSON of one control request.

    Refused, with a reason: unknown names (404), arguments that do not fit (400), what a person cannot do (409).
    """
    if name not in NAMES:
        return 404, {"ok": False, "error": f"there is no control {name}"}
    try:
        return 200, {"ok": True, "result": to_json(_do(slack, name, args))}
    except CannotDo as refusal:
        return 409, {"ok": False, "error": str(refusal)}
    except (TypeError, ValueError, KeyError) as error:
        return 400, {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _do(slack: object, name: str, args: Json) -> Any:
    if name == "request_url" and args:
        slack.request_url = args["url"]  # type: ignore[attr-defined]
    target = getattr(slack, name)
    return target(**args) if callable(target) else target


def to_json(value: Any) -> Any:
    """A result as JSON: records become objects, with their `ok`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {**dataclasses.asdict(value), "ok": value.ok}  # type: ignore[attr-defined]
    if isinstance(value, list):
        return [to_json(entry) for entry in value]
    return value
