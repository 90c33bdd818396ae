"""What a message may consist of: text, blocks, attachments, metadata; shared by chat.* and response urls."""

import json
from typing import Any

from bot.sandbox import limits
from bot.sandbox.blocks import message_problems
from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json
from bot.sandbox.web_api import Call


def content_of(call: Call) -> Json:
    """Text, blocks, attachments, files and metadata of a call, checked.

    Refused: `no_text` when there is nothing to show, `msg_too_long`, `invalid_blocks` (with JSON pointers),
    `invalid_blocks_format`, `too_many_attachments`, `invalid_metadata_format`, `invalid_metadata_schema`,
    `metadata_too_large`.
    """
    text = call.text("text") or call.text("markdown_text")
    blocks = _list(call, "blocks", "invalid_blocks_format")
    attachments = _list(call, "attachments", "invalid_attachments")
    if len(text) > limits.MESSAGE_TEXT:
        raise SlackError("msg_too_long")
    if len(attachments) > limits.ATTACHMENTS:
        raise SlackError("too_many_attachments")
    if not text and not blocks and not attachments:
        raise SlackError("no_text")
    refuse_bad_blocks(call, blocks)
    for attachment in attachments:
        refuse_bad_blocks(call, attachment.get("blocks", []))
    if blocks and not text:
        call.ws.warn(f"{call.method}: blocks without text; notifications and screen readers show nothing")
    for name in ("username", "icon_emoji", "icon_url"):
        if call.text(name) and not call.ws.manifest.has_any(("chat:write.customize",)):
            call.ws.warn(f"{call.method}: {name} is ignored without the scope chat:write.customize")
    metadata = metadata_of(call.args.get("metadata"))
    return {"text": text, "blocks": blocks, "attachments": attachments, "files": [], "metadata": metadata}


def refuse_bad_blocks(call: Call, blocks: list[Json]) -> None:
    """Refused: `invalid_blocks` with one message per problem, each with its JSON pointer."""
    problems = message_problems(blocks, with_links=call.ws.manifest.has_any(("links.embed:write",)))
    if problems:
        messages = [f"[ERROR] {problem}" for problem in problems]
        raise SlackError("invalid_blocks", errors=problems, response_metadata={"messages": messages})


def decoded(value: Any, refusal: str) -> Any:
    """JSON that a form carries as text, or what JSON carried as it is. Refused: text that is no JSON."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise SlackError(refusal) from None


def _list(call: Call, name: str, refusal: str) -> list[Json]:
    value = call.args.get(name)
    value = decoded(value, refusal) if value else []
    if not isinstance(value, list):
        raise SlackError(refusal)
    return value


def metadata_of(value: Any) -> Json | None:
    """Message metadata, checked for shape and size (docs.slack.dev: Message metadata)."""
    if not value:
        return None
    metadata = decoded(value, "invalid_metadata_format")
    if not isinstance(metadata, dict):
        raise SlackError("invalid_metadata_format")
    if set(metadata) - {"event_type", "event_payload", "entities"}:
        raise SlackError("invalid_metadata_schema")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(metadata.get("event_payload"), dict):
        raise SlackError("invalid_metadata_schema")
    if len(json.dumps(metadata)) > limits.METADATA_BYTES:
        raise SlackError("metadata_too_large")
    return metadata
