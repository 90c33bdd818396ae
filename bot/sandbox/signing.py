"""Signatures of requests from Slack (docs.slack.dev: Verifying requests from Slack)."""

import hashlib
import hmac
import json
from urllib.parse import urlencode

from bot.sandbox.records import Json

FORM = "application/x-www-form-urlencoded"


def sign(secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The two headers that prove a body: v0, HMAC-SHA256 over version, time and raw body."""
    base = b"v0:" + str(timestamp).encode() + b":" + body
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}


def encode(kind: str, payload: Json) -> tuple[bytes, str]:
    """A payload as Slack sends it over HTTP: events as JSON, commands as a form, interactions as JSON in a form."""
    if kind == "events_api":
        return json.dumps(payload).encode(), "application/json"
    fields = payload if kind == "slash_commands" else {"payload": json.dumps(payload)}
    return urlencode(fields).encode(), FORM
