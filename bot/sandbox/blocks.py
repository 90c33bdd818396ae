"""The Block Kit validator: messages, modals and Home tabs (docs.slack.dev: Block Kit reference)."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from bot.sandbox import limits
from bot.sandbox.block_types import BLOCKS, Scope
from bot.sandbox.messages import elements_of
from bot.sandbox.problems import Problems
from bot.sandbox.records import Json

Surface = Literal["message", "modal", "home"]


def message_problems(blocks: list[Any], *, with_links: bool = False) -> list[str]:
    """All that Slack would refuse in a message's blocks; empty when it would take them.

    Beyond each block's own rules: 50 blocks, unique block_ids, one table, two charts, 12,000 characters of markdown and
    20,000 characters of data tables. `with_links` says that the scope links.embed:write is carried (video blocks).
    """
    problems = Problems()
    check_blocks(problems, "/blocks", blocks, "message", with_links=with_links)
    return problems.found


def check_blocks(
    problems: Problems, pointer: str, blocks: list[Any], surface: Surface, *, with_links: bool = False
) -> None:
    """Check a list of blocks for a surface."""
    most = limits.MESSAGE_BLOCKS if surface == "message" else limits.VIEW_BLOCKS
    if len(blocks) > most:
        problems.add(pointer, f"no more than {most} items allowed")
    scope = Scope(problems, surface, with_links)
    for index, block in enumerate(blocks):
        check_block(scope, f"{pointer}/{index}", block)
    for kind, allowed in (("table", limits.TABLES), ("data_visualization", limits.CHARTS)):
        if scope.counts.get(kind, 0) > allowed:
            problems.add(pointer, f"no more than {allowed} {kind} blocks allowed")
    for kind, allowed in (("markdown", limits.MARKDOWN_TOTAL), ("data_table", limits.DATA_TABLE_CHARACTERS)):
        if scope.characters.get(kind, 0) > allowed:
            problems.add(pointer, f"{kind} blocks must be less than {allowed + 1} characters in total")


def check_block(scope: Scope, pointer: str, block: Any) -> None:
    """Check one block: its type, its place, its identifier, then its own rules."""
    problems = scope.problems
    if not problems.thing(pointer, block):
        return
    kind = block.get("type")
    rule = BLOCKS.get(kind) if isinstance(kind, str) else None
    if rule is None:
        problems.add(f"{pointer}/type", f"unsupported type: {kind}")
        return
    if scope.surface not in rule.surfaces:
        problems.add(f"{pointer}/type", f"unsupported type: {kind} is not available in a {scope.surface}")
        return
    scope.counts[kind] = scope.counts.get(kind, 0) + 1
    problems.keys(pointer, block, {"type", *rule.required}, {"block_id", *rule.optional})
    problems.string(pointer, block, "block_id", limits.IDENTIFIER)
    if isinstance(block.get("block_id"), str) and block["block_id"] in scope.block_ids:
        problems.add(f"{pointer}/block_id", f"block_id {block['block_id']} already exists")
    scope.block_ids.add(str(block.get("block_id", pointer)))
    rule.check(scope, pointer, block)
    _check_action_ids(problems, pointer, block)


def _check_action_ids(problems: Problems, pointer: str, block: Json) -> None:
    seen: set[str] = set()
    try:
        named = [element["action_id"] for element in elements_of(block) if "action_id" in element]
    except (TypeError, KeyError, AttributeError):
        return  # The block's own rules have said what is malformed.
    for action_id in named:
        if str(action_id) in seen:
            problems.add(pointer, f"action_id {action_id} already exists for another element of this block")
        seen.add(str(action_id))


COMMON = {"private_metadata", "callback_id", "external_id"}


def view_problems(view: Any, kinds: tuple[str, ...] = ("modal", "home")) -> list[str]:
    """All that Slack would refuse in a view; empty when it would take it (docs.slack.dev: View object).

    100 blocks, 24 characters for title, submit and close, 3000 of private_metadata, and `submit` with every input.
    """
    problems = Problems()
    if not problems.thing("/view", view):
        return problems.found
    kind = str(view.get("type"))
    if kind not in kinds:
        problems.add("/view/type", f"must be one of {list(kinds)}, not {kind!r}")
        return problems.found
    checks: Mapping[str, Callable[[Problems, Json], None]] = {"modal": _check_modal, "home": _check_home}
    checks[kind](problems, view)
    problems.string("/view", view, "private_metadata", limits.PRIVATE_METADATA, 0)
    problems.string("/view", view, "callback_id", limits.IDENTIFIER, 0)
    problems.string("/view", view, "external_id", limits.IDENTIFIER, 0)
    blocks = problems.array("/view", view, "blocks", limits.VIEW_BLOCKS, 0)
    check_blocks(problems, "/view/blocks", blocks[: limits.VIEW_BLOCKS], cast("Surface", kind))
    return problems.found


def _check_modal(problems: Problems, view: Json) -> None:
    buttons = {"submit", "close", "clear_on_close", "notify_on_close", "submit_disabled"}
    problems.keys("/view", view, {"type", "title", "blocks"}, COMMON | buttons)
    problems.text("/view", view, "title", limits.VIEW_TITLE)
    problems.text("/view", view, "submit", limits.VIEW_BUTTON)
    problems.text("/view", view, "close", limits.VIEW_BUTTON)
    problems.flag("/view", view, "clear_on_close", "notify_on_close", "submit_disabled")
    blocks = view.get("blocks")
    inputs = [b for b in blocks if isinstance(b, dict) and b.get("type") == "input"] if isinstance(blocks, list) else []
    if inputs and "submit" not in view:
        problems.add("/view", "missing required field: submit (a view with an input block needs one)")


def _check_home(problems: Problems, view: Json) -> None:
    problems.keys("/view", view, {"type", "blocks"}, COMMON)


def is_view_too_large(view: Any) -> bool:
    """Whether a view as JSON is larger than Slack takes."""
    return len(json.dumps(view, ensure_ascii=False).encode()) > limits.VIEW_BYTES
