"""Each block type: where it may stand, which keys it has, and its own rules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from bot.sandbox import charts, limits, tables
from bot.sandbox.elements import (
    ACCESSORIES,
    ACTIONS,
    CONTEXT_ACTIONS,
    INPUTS,
    check_element,
    check_image_source,
)
from bot.sandbox.problems import Problems
from bot.sandbox.records import Json

ANY_TEXT = ("plain_text", "mrkdwn")


@dataclass(slots=True)
class Scope:
    """One list of blocks being checked: its problems, its surface, and what is counted over all of it."""

    problems: Problems
    surface: str
    with_links: bool = False
    block_ids: set[str] = field(default_factory=set)
    counts: dict[str, int] = field(default_factory=dict)
    characters: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Block:
    """What is known of a block type; surfaces are spelled M (message), D (modal), H (Home)."""

    check: Callable[[Scope, str, Json], None]
    places: str
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def surfaces(self) -> set[str]:
        """The surfaces by name."""
        return {{"M": "message", "D": "modal", "H": "home"}[letter] for letter in self.places}


def _divider(scope: Scope, pointer: str, block: Json) -> None:
    """A divider has nothing to check."""


def _section(scope: Scope, pointer: str, block: Json) -> None:
    problems = scope.problems
    if "text" not in block and "fields" not in block:
        problems.add(pointer, "missing required field: text or fields")
    problems.text(pointer, block, "text", limits.SECTION_TEXT, ANY_TEXT)
    for index, entry in enumerate(problems.array(pointer, block, "fields", limits.SECTION_FIELDS)):
        problems.text_object(f"{pointer}/fields/{index}", entry, limits.SECTION_FIELD, ANY_TEXT)
    problems.flag(pointer, block, "expand")
    if "accessory" in block:
        check_element(problems, f"{pointer}/accessory", block["accessory"], ACCESSORIES)


def _actions(scope: Scope, pointer: str, block: Json) -> None:
    for index, element in enumerate(scope.problems.array(pointer, block, "elements", limits.ACTIONS_ELEMENTS)):
        check_element(scope.problems, f"{pointer}/elements/{index}", element, ACTIONS)


def _context_actions(scope: Scope, pointer: str, block: Json) -> None:
    most = limits.CONTEXT_ACTIONS_ELEMENTS
    for index, element in enumerate(scope.problems.array(pointer, block, "elements", most)):
        check_element(scope.problems, f"{pointer}/elements/{index}", element, CONTEXT_ACTIONS)


def _context(scope: Scope, pointer: str, block: Json) -> None:
    problems = scope.problems
    for index, element in enumerate(problems.array(pointer, block, "elements", limits.CONTEXT_ELEMENTS)):
        here = f"{pointer}/elements/{index}"
        if isinstance(element, dict) and element.get("type") == "image":
            check_element(problems, here, element, {"image"})
        else:
            problems.text_object(here, element, limits.SECTION_TEXT, ANY_TEXT)


def _header(scope: Scope, pointer: str, block: Json) -> None:
    scope.problems.text(pointer, block, "text", limits.HEADER_TEXT)
    scope.problems.whole(pointer, block, "level", 1, limits.HEADER_LEVEL)


def _image(scope: Scope, pointer: str, block: Json) -> None:
    check_image_source(scope.problems, pointer, block)
    scope.problems.text(pointer, block, "title", limits.IMAGE_TITLE)


def _input(scope: Scope, pointer: str, block: Json) -> None:
    problems = scope.problems
    problems.text(pointer, block, "label", limits.INPUT_LABEL)
    problems.text(pointer, block, "hint", limits.INPUT_HINT)
    problems.flag(pointer, block, "optional", "dispatch_action")
    element = block.get("element")
    if "element" in block:
        check_element(problems, f"{pointer}/element", element, INPUTS)
    if isinstance(element, dict) and element.get("type") == "file_input" and block.get("dispatch_action"):
        problems.add(f"{pointer}/dispatch_action", "file_input cannot dispatch actions")


RICH_TEXT_PARTS = {"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"}


def _rich_text(scope: Scope, pointer: str, block: Json) -> None:
    for index, part in enumerate(scope.problems.array(pointer, block, "elements", 1000, 0)):
        here = f"{pointer}/elements/{index}"
        if not scope.problems.thing(here, part):
            continue
        if str(part.get("type")) not in RICH_TEXT_PARTS:
            scope.problems.add(f"{here}/type", f"unsupported type: {part.get('type')}")
        elif not isinstance(part.get("elements"), list):
            scope.problems.add(here, "missing required field: elements")


def _markdown(scope: Scope, pointer: str, block: Json) -> None:
    scope.problems.string(pointer, block, "text", limits.MARKDOWN_TOTAL)
    scope.characters["markdown"] = scope.characters.get("markdown", 0) + len(str(block.get("text", "")))


def _alert(scope: Scope, pointer: str, block: Json) -> None:
    scope.problems.text(pointer, block, "text", limits.ALERT_TEXT, ANY_TEXT)
    scope.problems.choice(pointer, block, "level", {"default", "info", "warning", "error", "success"})


def _video(scope: Scope, pointer: str, block: Json) -> None:
    if not scope.with_links:
        scope.problems.add(pointer, "video blocks need the scope links.embed:write")
    scope.problems.text(pointer, block, "title", limits.VIDEO_TITLE)


def _file(scope: Scope, pointer: str, _: Json) -> None:
    scope.problems.add(f"{pointer}/type", "file blocks are read-only: Slack makes them, apps do not")


def _card(scope: Scope, pointer: str, block: Json) -> None:
    problems = scope.problems
    if not {"title", "body", "hero_image", "actions"} & block.keys():
        problems.add(pointer, "missing required field: one of title, body, hero_image, actions")
    problems.text(pointer, block, "title", limits.CARD_TITLE, ANY_TEXT)
    problems.text(pointer, block, "subtitle", limits.CARD_TITLE, ANY_TEXT)
    problems.text(pointer, block, "body", limits.CARD_BODY, ANY_TEXT)
    for index, element in enumerate(problems.array(pointer, block, "actions", limits.CARD_BUTTONS)):
        check_element(problems, f"{pointer}/actions/{index}", element, {"button"})


def _carousel(scope: Scope, pointer: str, block: Json) -> None:
    for index, card in enumerate(scope.problems.array(pointer, block, "elements", limits.CAROUSEL_CARDS)):
        _child(scope, f"{pointer}/elements/{index}", card, {"card"})


CONTAINED = {"actions", "context", "divider", "header", "image", "section", "rich_text", "input", "markdown", "table"}


def _container(scope: Scope, pointer: str, block: Json) -> None:
    problems = scope.problems
    problems.text(pointer, block, "title", limits.CARD_TITLE)
    problems.text(pointer, block, "subtitle", limits.CARD_TITLE)
    problems.flag(pointer, block, "is_collapsible", "default_collapsed", "has_header_divider")
    for index, child in enumerate(problems.array(pointer, block, "child_blocks", limits.CONTAINER_CHILDREN)):
        _child(scope, f"{pointer}/child_blocks/{index}", child, CONTAINED)


def _child(scope: Scope, pointer: str, block: Any, allowed: set[str]) -> None:
    if not scope.problems.thing(pointer, block):
        return
    kind = str(block.get("type"))
    if kind not in allowed:
        scope.problems.add(f"{pointer}/type", f"unsupported type: {kind}")
        return
    rule = BLOCKS[kind]
    scope.problems.keys(pointer, block, {"type", *rule.required}, {"block_id", *rule.optional})
    rule.check(scope, pointer, block)


def _plan(scope: Scope, pointer: str, block: Json) -> None:
    scope.problems.string(pointer, block, "title", limits.SECTION_TEXT)
    for index, task in enumerate(scope.problems.array(pointer, block, "tasks", 50, 0)):
        _child(scope, f"{pointer}/tasks/{index}", task, {"task_card"})


def _task_card(scope: Scope, pointer: str, block: Json) -> None:
    scope.problems.string(pointer, block, "title", limits.SECTION_TEXT)
    scope.problems.choice(pointer, block, "status", {"pending", "in_progress", "complete", "error"})


def _table(scope: Scope, pointer: str, block: Json) -> None:
    tables.check_table(scope.problems, pointer, block)


def _data_table(scope: Scope, pointer: str, block: Json) -> None:
    size = tables.check_data_table(scope.problems, pointer, block)
    scope.characters["data_table"] = scope.characters.get("data_table", 0) + size


def _data_visualization(scope: Scope, pointer: str, block: Json) -> None:
    charts.check_chart_block(scope.problems, pointer, block)


BLOCKS: dict[str, Block] = {
    "actions": Block(_actions, "MDH", ("elements",)),
    "alert": Block(_alert, "D", ("text",), ("level",)),
    "card": Block(
        _card, "MDH", (), ("hero_image", "icon", "title", "subtitle", "body", "actions", "slack_icon", "subtext")
    ),
    "carousel": Block(_carousel, "MH", ("elements",)),
    "container": Block(
        _container,
        "MH",
        ("child_blocks",),
        (
            "title",
            "rich_text_title",
            "subtitle",
            "width",
            "icon",
            "is_collapsible",
            "default_collapsed",
            "has_header_divider",
        ),
    ),
    "context": Block(_context, "MDH", ("elements",)),
    "context_actions": Block(_context_actions, "M", ("elements",)),
    "data_table": Block(_data_table, "MH", ("caption", "rows"), ("page_size", "row_header_column_index")),
    "data_visualization": Block(_data_visualization, "M", ("title", "chart")),
    "divider": Block(_divider, "MDH"),
    "file": Block(_file, "M", ("external_id", "source")),
    "header": Block(_header, "MDH", ("text",), ("level",)),
    "image": Block(_image, "MDH", ("alt_text",), ("image_url", "slack_file", "title")),
    "input": Block(_input, "MDH", ("label", "element"), ("hint", "optional", "dispatch_action")),
    "markdown": Block(_markdown, "M", ("text",)),
    "plan": Block(_plan, "M", ("title",), ("tasks",)),
    "rich_text": Block(_rich_text, "MDH", ("elements",)),
    "section": Block(_section, "MDH", (), ("text", "fields", "accessory", "expand")),
    "table": Block(_table, "MH", ("rows",), ("column_settings",)),
    "task_card": Block(_task_card, "M", ("task_id", "title"), ("details", "output", "sources", "status")),
    "video": Block(
        _video,
        "MDH",
        ("alt_text", "video_url", "thumbnail_url", "title"),
        ("title_url", "description", "provider_icon_url", "provider_name", "author_name"),
    ),
}
