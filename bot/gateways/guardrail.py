"""What LiteLLM's generic guardrail API says of a call before it is made.

The request also carries the prompt. Of that only its length is taken, and no sentence quotes any of it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.rules.errors import Refused
from bot.rules.usage import call_key

_AGENT_HEADERS = ("x-agent-name",)
_SESSION_HEADERS = ("x-litellm-trace-id", "x-litellm-session-id", "x-session-id")
_HIDDEN = "[present]"  # what LiteLLM writes for a header that it does not pass on
_LONGEST_NAME = 512


class NotACall(Refused):
    """This is not what LiteLLM's guardrail API sends: a JSON object is expected."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call about to be made. `said` is the caller's own word for who they are; `characters` the prompt's length."""

    said: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    user_id: str = field(default="", repr=False)
    call_key: str | None = None
    model: str = ""
    characters: int = 0
    agents: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    is_answer: bool = False  # the model has answered already: nothing is left to refuse


def read_call(body: bytes) -> Call:
    """Read a guardrail request; whatever is missing is empty. Raises NotACall."""
    try:
        asked = json.loads(body)
    except (ValueError, RecursionError):
        raise NotACall from None
    if not isinstance(asked, dict):
        raise NotACall
    key, headers = _mapping(asked.get("request_data")), _headers(asked.get("request_headers"))
    trace = _text(asked.get("litellm_trace_id"))
    return Call(
        said=_text(key.get("user_api_key_end_user_id")),
        email=_text(key.get("user_api_key_user_email")),
        user_id=_text(key.get("user_api_key_user_id")),
        call_key=call_key(_text(key.get("user_api_key_hash")), _text(asked.get("litellm_call_id")), trace),
        model=_text(asked.get("model")),
        characters=_length(asked.get("texts")),
        agents=_names(_text(key.get("user_api_key_alias")), *(headers.get(name, "") for name in _AGENT_HEADERS)),
        sessions=_names(trace, *(headers.get(name, "") for name in _SESSION_HEADERS)),
        is_answer=asked.get("input_type") == "response",
    )


def _headers(value: Any) -> Mapping[str, str]:
    return {name.lower(): _text(each) for name, each in _mapping(value).items()}


def _names(*texts: str) -> frozenset[str]:
    return frozenset(text for text in texts if text and text != _HIDDEN and len(text) <= _LONGEST_NAME)


def _length(texts: Any) -> int:
    return sum(len(text) for text in texts if isinstance(text, str)) if isinstance(texts, list) else 0


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
