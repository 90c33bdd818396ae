"""Reading requests as Slack does: query, form, JSON or multipart; the token in the header or among the arguments."""

import email.parser
import email.policy
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json


def read_arguments(query: str, content_type: str, body: bytes) -> Json:
    """All arguments of a request. Refused: JSON that is none (`invalid_json`), or is no object (`json_not_object`)."""
    args: Json = dict(parse_qsl(query, keep_blank_values=True))
    kind = content_type.split(";", maxsplit=1)[0].strip().lower()
    if kind == "application/json":
        return args | _json(body)
    if kind == "multipart/form-data":
        return args | _multipart(content_type, body)
    return args | dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _json(body: bytes) -> Json:
    if not body.strip():
        return {}
    try:
        value = json.loads(body)
    except ValueError:
        raise SlackError("invalid_json") from None
    if not isinstance(value, dict):
        raise SlackError("json_not_object")
    return value


def _multipart(content_type: str, body: bytes) -> Json:
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    message = parser.parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    args: Json = {}
    for part in message.iter_parts():
        content = part.get_payload(decode=True)
        name = part.get_param("name", header="content-disposition")
        if isinstance(content, bytes) and name:
            args[str(name)] = content if part.get_filename() else content.decode("utf-8", "replace")
    return args


def token_of(headers: Mapping[str, str], args: Json) -> str | None:
    """The token of a request; the header wins. Among the arguments it is taken away, so that no record keeps it."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    among = args.pop("token", None)
    if scheme.lower() == "bearer" and token:
        return token.strip()
    return str(among) if among else None
