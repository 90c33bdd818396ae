"""Block Kit, as plain dicts: slack-sdk has no class for charts and data tables, and turns unknown blocks into null.

Every builder keeps to Slack's documented limits by shortening what is too long: a model's name may be any length, and a
message that Slack refuses whole is worse than a name with its end cut off.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]

_SECTION = 3000
_FIELD = 2000
_HEADER = 150
_CONTEXT_ELEMENTS = 10
_BUTTON = 75
_CONFIRM_TITLE = 100
_CONFIRM_TEXT = 300
_CONFIRM_BUTTON = 30
_LABEL = 2000
_PLACEHOLDER = 150
_OPTION = 75
_VIEW_TITLE = 24
_CHART_TITLE = 50
_CHART_NAME = 20
_CHART_POINTS = 20
_TABLE_ROWS = 100
_TABLE_CELL = 100
_UNFINISHED = re.compile(r"(&[a-z]{0,3}|<[^>]*)$")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Slack takes it. `text` is the whole of it for phones and screen readers, and says no more."""

    text: str
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a name, and a value for each of the chart's categories, in order."""

    name: str
    values: Sequence[float]


def clip(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis; never in the middle of an entity, a mention or a date."""
    if len(text) <= limit:
        return text
    return _UNFINISHED.sub("", text[: limit - 1]) + "…"


def plain(text: str, limit: int) -> Block:
    """A plain_text object; Slack refuses an empty one."""
    return {"type": "plain_text", "text": clip(text, limit) or " ", "emoji": True}


def mrkdwn(text: str, limit: int = _SECTION) -> Block:
    """A mrkdwn object. The text's own parts must have been escaped."""
    return {"type": "mrkdwn", "text": clip(text, limit) or " "}


def section(text: str, *, accessory: Block | None = None, block_id: str | None = None) -> Block:
    """A paragraph of mrkdwn, with at most one element beside it."""
    return _with({"type": "section", "text": mrkdwn(text)}, accessory=accessory, block_id=block_id)


def fields(*texts: str) -> Block:
    """Up to ten short texts in two columns."""
    return {"type": "section", "fields": [mrkdwn(text, _FIELD) for text in texts[:10]]}


def context(*texts: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:_CONTEXT_ELEMENTS]]}


def actions(*elements: Block, block_id: str | None = None) -> Block:
    """A row of buttons or selects, at most 25."""
    return _with({"type": "actions", "elements": list(elements[:25])}, block_id=block_id)


def button(
    text: str, action_id: str, *, value: str | None = None, style: str | None = None, confirm: Block | None = None
) -> Block:
    """A button; `style` is primary or danger, `value` carries an id and nothing else."""
    made: Block = {"type": "button", "text": plain(text, _BUTTON), "action_id": action_id}
    return _with(made, value=value, style=style, confirm=confirm)


def confirm(title: str, text: str, yes: str, no: str = "Cancel") -> Block:
    """A question before a button acts."""
    return {
        "title": plain(title, _CONFIRM_TITLE),
        "text": plain(text, _CONFIRM_TEXT),
        "confirm": plain(yes, _CONFIRM_BUTTON),
        "deny": plain(no, _CONFIRM_BUTTON),
    }


def header(text: str) -> Block:
    """A large line of plain text."""
    return {"type": "header", "text": plain(text, _HEADER)}


def divider() -> Block:
    """A line."""
    return {"type": "divider"}


def input(  # noqa: A001 - Slack's own name for the block
    label: str, element: Block, *, block_id: str, hint: str | None = None, optional: bool = False
) -> Block:
    """A field of a modal; errors are shown beside it by its block_id."""
    made = {"type": "input", "label": plain(label, _LABEL), "element": element, "block_id": block_id}
    return _with(made, hint=plain(hint, _LABEL) if hint else None, optional=optional or None)


def text_input(
    action_id: str, *, initial: str | None = None, placeholder: str | None = None, multiline: bool = False,
    max_length: int | None = None,
) -> Block:  # fmt: skip
    """A text field for `input`; `max_length` is in characters, at most 3000."""
    made: Block = {"type": "plain_text_input", "action_id": action_id}
    return _with(
        made,
        initial_value=initial,
        placeholder=plain(placeholder, _PLACEHOLDER) if placeholder else None,
        multiline=multiline or None,
        max_length=max_length,
    )


def option(text: str, value: str) -> Block:
    """One choice of a select or of radio buttons; `value` has at most 150 characters."""
    return {"text": plain(text, _OPTION), "value": value}


def modal(
    callback_id: str, title: str, blocks: Sequence[Block], *, submit: str | None = None, close: str = "Close",
    private_metadata: str | None = None,
) -> Block:  # fmt: skip
    """A modal view. `private_metadata` carries ids only; Slack requires `submit` where there are inputs."""
    made = {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain(title, _VIEW_TITLE),
        "close": plain(close, _VIEW_TITLE),
        "blocks": list(blocks)[:100],
    }
    return _with(made, submit=plain(submit, _VIEW_TITLE) if submit else None, private_metadata=private_metadata)


def home(blocks: Sequence[Block]) -> Block:
    """The App Home view."""
    return {"type": "home", "blocks": list(blocks)[:100]}


def chart(
    title: str, categories: Sequence[str], series: Sequence[Series], *, kind: str = "bar", x: str = "", y: str = ""
) -> Block:
    """A native chart, for messages only; `kind` is line, bar or area.

    At most 20 categories, whose names must differ, and six series, the smaller of the two caps that Slack documents.
    """
    names = [clip(name, _CHART_NAME) for name in categories[:_CHART_POINTS]]
    drawn = [
        {
            "name": clip(one.name, _CHART_NAME),
            "data": [{"label": name, "value": value} for name, value in zip(names, one.values, strict=False)],
        }
        for one in series[:6]
    ]
    axes = _with({"categories": names}, x_label=x or None, y_label=y or None)
    return {
        "type": "data_visualization",
        "title": clip(title, _CHART_TITLE),
        "chart": {"type": kind, "series": drawn, "axis_config": axes},
    }


def table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[str]], *, page_size: int = 10) -> Block:
    """A data table, for messages and the Home tab. Slack refuses one without rows, so callers leave it out then."""
    body = [[_cell(text) for text in row] for row in rows[:_TABLE_ROWS]]
    return {
        "type": "data_table",
        "caption": caption,
        "page_size": page_size,
        "rows": [[_cell(text) for text in headings], *body],
    }


def plainer(blocks: Sequence[Block]) -> list[Block]:
    """The blocks for a Slack that refuses charts and tables: tables as lines, charts left to the text beside them."""
    return [_lines(block) if block["type"] == "data_table" else block for block in blocks if not _is_chart(block)]


def _is_chart(block: Block) -> bool:
    return bool(block["type"] == "data_visualization")


def _lines(drawn: Block) -> Block:
    rows = [" · ".join(cell["text"] for cell in row) for row in drawn["rows"]]
    return {"type": "section", "text": plain("\n".join(rows), _SECTION)}


def _cell(text: str) -> Block:
    return {"type": "raw_text", "text": clip(text, _TABLE_CELL) or "-"}


def _with(block: Mapping[str, Any], **optional: Any) -> Block:
    return {**block, **{key: value for key, value in optional.items() if value is not None}}
