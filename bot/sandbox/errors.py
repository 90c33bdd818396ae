"""Slack's errors, as its Web API spells them."""

from typing import Any


class SlackError(Exception):
    """An answer `{"ok": false, "error": code}`; `extra` is merged into it, `headers` are sent with it."""

    def __init__(self, code: str, *, status: int = 200, headers: dict[str, str] | None = None, **extra: Any) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.headers = headers or {}
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The JSON that is answered."""
        return {"ok": False, "error": self.code, **self.extra}


def invalid_arguments(*messages: str) -> SlackError:
    """`invalid_arguments` with the reasons where Slack puts them."""
    return SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {text}" for text in messages]})


def missing(field: str) -> SlackError:
    """The answer to a call that lacks a required argument."""
    return invalid_arguments(f"missing required field: {field}")
