"""From a request to an answer: find the method, meet the fault, authorise, do it, write it down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.sandbox import (
    api_auth,
    api_chat,
    api_conversations,
    api_files,
    api_history,
    api_reactions,
    api_views,
)
from bot.sandbox.errors import SlackError
from bot.sandbox.faults import Fault
from bot.sandbox.records import ApiCall, Json
from bot.sandbox.responses import respond
from bot.sandbox.state import Workspace
from bot.sandbox.web_api import Call, Method, authorise

METHODS: Mapping[str, Method] = {
    **api_auth.METHODS,
    **api_chat.METHODS,
    **api_conversations.METHODS,
    **api_files.METHODS,
    **api_history.METHODS,
    **api_reactions.METHODS,
    **api_views.METHODS,
}
STATUS_OF_FAULT = {"http_500": 500, "http_502": 502, "http_503": 503}


@dataclass(slots=True)
class Answer:
    """What goes back over the wire: body and status, after a pause, or nothing at all."""

    body: Json | str
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    is_dropped: bool = False


def call_method(ws: Workspace, name: str, args: Json, token: str | None) -> Answer:
    """One call of the Web API. Refused: `unknown_method`, and what token, scope and method refuse."""

    def do() -> Json:
        method = METHODS.get(name)
        if method is None:
            raise SlackError("unknown_method", req_method=name)
        authorise(ws, method, token)
        return method.handler(Call(ws, name, args))

    answer = _run(ws, name, args, do)
    answer.headers["X-OAuth-Scopes"] = ",".join(ws.manifest.scopes)
    return answer


def call_response_url(ws: Workspace, name: str, args: Json) -> Answer:
    """One POST to a response url; Slack answers `ok` as plain text, and errors as plain text with their status."""

    def do() -> Json:
        respond(ws, name, args)
        return {}

    answer = _run(ws, "response_url", args, do)
    if isinstance(answer.body, dict):
        is_ok = answer.body.get("ok") is True
        answer.status = answer.status if is_ok or answer.status >= 400 else 400  # noqa: PLR2004 - HTTP's own numbers
        answer.body = "ok" if is_ok else str(answer.body.get("error"))
    return answer


def _run(ws: Workspace, name: str, args: Json, do: Callable[[], Json]) -> Answer:
    with ws.lock:
        fault = ws.faults.take(name)
        record = ApiCall(name, dict(args), ws.now(), fault=f"{fault.kind} {fault.when}" if fault else None)
        ws.calls.append(record)
        answer = Answer({}) if fault and fault.when == "before" else _do(do)
        if fault:
            answer = _spoil(fault, answer)
        record.status = answer.status
        record.response = answer.body if isinstance(answer.body, dict) and not answer.is_dropped else None
        ws.changed.notify_all()
        return answer


def _do(do: Callable[[], Json]) -> Answer:
    try:
        return Answer({"ok": True, **do()})
    except SlackError as error:
        return Answer(error.body(), error.status, dict(error.headers))


def _spoil(fault: Fault, answer: Answer) -> Answer:
    """The answer that a fault leaves of a good one; a hang before the effect never gets to it."""
    if fault.kind == "hang":
        answer.seconds, answer.is_dropped = fault.seconds, fault.when == "before"
        return answer
    if fault.kind == "drop":
        return Answer({}, is_dropped=True)
    if fault.kind == "ratelimited":
        return Answer({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(fault.retry_after)})
    if fault.kind in STATUS_OF_FAULT:
        return Answer("", STATUS_OF_FAULT[fault.kind])
    return Answer({"ok": False, "error": fault.kind})
