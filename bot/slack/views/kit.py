"""Block Kit, as plain dicts: slack-sdk has no class for charts and data tables, and turns unknown blocks into null.

Every builder keeps to Slack's documented limits by shortening what is too long: a model's name may be any length, and a
message that Slack refuses whole is worse than a name with its end cut off.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Block = dict[str, Any]
Cell = str | Block

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
_BREAKS = re.compile(r"[ \t\n]+")  # not the no-break space before a per cent sign
_BOLD = re.compile(r"(?<!\w)\*(?=\S)([^*]+)(?<=\S)\*(?!\w)")


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message as Slack takes it.

    `text` is the whole of it in sentences, for a phone's notification and for screen readers. It says no more than the
    blocks, and writes dates out, for notifications do not turn Slack's own dates into the reader's.
    """

    text: str
    blocks: list[Block] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Series:
    """One line of a chart: a name, and a value for each of the chart's categories, in order."""

    name: str
    values: Sequence[float]


def spoken(*parts: str) -> str:
    """The parts as sentences on one line, for `Rendered.text`; an empty part is left out."""
    return " ".join(_sentence(part) for part in parts if part.strip())


def _sentence(part: str) -> str:
    said = _BOLD.sub(r"\1", _BREAKS.sub(" ", part).strip()).replace(" \u00b7 ", ", ")
    return said if said.endswith((".", "?", "\u2026")) else f"{said}."


def clip(text: str, limit: int) -> str:
    """The text, cut to `limit` characters with an ellipsis; never in the middle of an entity, a mention or a date."""
    if len(text) <= limit:
        return text
    return _UNFINISHED.sub("", text[: limit - 1]) + "…"


def plain(text: str, limit: int) -> Block:
    """A plain_text object; Slack refuses an empty one."""
    return {"type": "plain_text", "text": clip(text, limit) or " ", "emoji": True}


def mrkdwn(text: str, limit: int = _SECTION) -> Block:
    """A mrkdwn object. The text's own parts must have been escaped.

    Verbatim: Slack is told to make no links or mentions out of what is not marked as one, for people typed some of it.
    """
    return {"type": "mrkdwn", "text": clip(text, limit) or " ", "verbatim": True}


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


def confirm(title: str, text: str, yes: str, *, no: str = "Cancel", style: str | None = None) -> Block:
    """A question before a button acts; `style` is that of its yes: primary or danger."""
    made = {
        "title": plain(title, _CONFIRM_TITLE),
        "text": plain(text, _CONFIRM_TEXT),
        "confirm": plain(yes, _CONFIRM_BUTTON),
        "deny": plain(no, _CONFIRM_BUTTON),
    }
    return _with(made, style=style)


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


def number(value: float, text: str) -> Block:
    """A cell of a table that is aligned with the figures above it, and sorted by its value."""
    return {"type": "raw_number", "value": value, "text": text}


def table(caption: str, headings: Sequence[str], rows: Sequence[Sequence[Cell]], *, page_size: int = 10) -> Block:
    """A data table, for messages and the Home tab. Slack refuses one without rows, so callers leave it out then.

    The first column names its row. Figures are given as `number`s.
    """
    body = [[_cell(cell) for cell in row] for row in rows[:_TABLE_ROWS]]
    return {
        "type": "data_table",
        "caption": caption,
        "page_size": page_size,
        "rows": [[_cell(text) for text in headings], *body],
    }


def plainer(blocks: Sequence[Block]) -> list[Block]:
    """The blocks for a Slack, or a place in it, that refuses charts and tables: both as lines of text."""
    return [_PLAINER.get(block["type"], _unchanged)(block) for block in blocks]


def _unchanged(block: Block) -> Block:
    return block


def _table_lines(drawn: Block) -> Block:
    return _lines(" · ".join(cell["text"] for cell in row) for row in drawn["rows"])


def _chart_lines(drawn: Block) -> Block:
    series = drawn["chart"]["series"]
    heading = " · ".join([drawn["title"], *[one["name"] for one in series]])
    points = zip(*[one["data"] for one in series], strict=True)
    return _lines([heading, *[_point_line(point) for point in points]])


def _point_line(points: Sequence[Block]) -> str:
    return " · ".join([points[0]["label"], *[f"{point['value']:,.2f}" for point in points]])


def _lines(lines: Iterable[str]) -> Block:
    return {"type": "section", "text": plain("\n".join(lines), _SECTION)}


_PLAINER: Mapping[str, Callable[[Block], Block]] = {"data_table": _table_lines, "data_visualization": _chart_lines}


def _cell(text: Cell) -> Block:
    if not isinstance(text, str):
        return text
    return {"type": "raw_text", "text": clip(text, _TABLE_CELL) or "-"}


def _with(block: Mapping[str, Any], **optional: Any) -> Block:
    return {**block, **{key: value for key, value in optional.items() if value is not None}}
