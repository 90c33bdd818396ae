"""Asking a gateway over HTTP: what it answered, or what its failure means. Never repeats anything by itself."""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx

from bot.gateways.protocol import Busy, Declined, Lost, Unauthorised

_TIMEOUT_SECONDS = 10.0
_BUSY_SECONDS = 30.0
_LONGEST_WAIT = 3600.0
_CODE = re.compile(r"[A-Za-z][A-Za-z_]{0,59}")

Answer = Mapping[str, Any]


def ask(client: httpx.Client, method: str, path: str, **sent: Any) -> Answer:
    """One request; the JSON object of its answer, numbers exact. Raises NotWritten's kinds."""
    try:
        answer = client.request(method, path, **sent)
    except httpx.HTTPError as error:
        raise Lost(type(error).__name__) from None
    _refuse(answer)
    try:
        found = json.loads(answer.content or b"{}", parse_float=Decimal)
    except ValueError:
        raise Lost("not_json") from None
    return found if isinstance(found, dict) else {"data": found}


def client(base_url: str, headers: Mapping[str, str]) -> httpx.Client:
    """A client for one piece of work; the caller closes it."""
    return httpx.Client(base_url=base_url, headers=dict(headers), timeout=_TIMEOUT_SECONDS)


def _refuse(answer: httpx.Response) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise Busy(_retry_after(answer.headers.get("Retry-After", "")))
    if status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        raise Unauthorised(f"http_{status}")
    if status < httpx.codes.INTERNAL_SERVER_ERROR:
        raise Declined(_code(answer) or f"http_{status}")
    raise Lost(f"http_{status}")


def _retry_after(value: str) -> float:
    try:
        return min(max(float(value), 1.0), _LONGEST_WAIT)
    except ValueError:
        return _BUSY_SECONDS


def _code(answer: httpx.Response) -> str:
    """The error's code, if it is one: its sentence may hold an amount or an address."""
    try:
        error = answer.json().get("error")
    except (ValueError, AttributeError):
        return ""
    code = error.get("type") if isinstance(error, dict) else error
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""
