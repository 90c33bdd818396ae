"""What a person enters into an element, as the payloads say it; refused is what the element would not take."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from bot.sandbox.messages import elements_of
from bot.sandbox.records import CannotDo, Json
from bot.sandbox.state import Workspace
from bot.sandbox.uploads import checked_files
from bot.sandbox.views import BUTTONS, VALUE_KEY

LENGTH_MAX = 3000


class Chooser(NamedTuple):
    """Who enters something: their files and what was suggested to them can be chosen."""

    ws: Workspace
    user: str


def find_element(blocks: list[Json], action_id: str, block_id: str | None, value: Any = None) -> tuple[Json, Json]:
    """The block and element of an action_id. Refused: none, or several that block_id and value do not tell apart."""
    found = [
        (block, element)
        for block in blocks
        for element in elements_of(block)
        if element.get("action_id") == action_id and block_id in {None, block.get("block_id")}
    ]
    if len(found) > 1 and value is not None:
        found = [pair for pair in found if pair[1].get("value", value) == value]
    if not found:
        raise CannotDo(f"there is no element {action_id} here")
    if len(found) > 1:
        raise CannotDo(f"there are {len(found)} elements {action_id} here: name the block_id or the value")
    return found[0]


def entered(by: Chooser, block: Json, element: Json, value: Any) -> Json:
    """An element's state after a person entered `value` (an option's value, an id, a date, a text, lists of these)."""
    key = VALUE_KEY.get(element["type"], "value")
    if key == "files":
        return {"type": element["type"], key: checked_files(by.ws, by.user, element, value)}
    if value is None:
        return {"type": element["type"], key: None}
    if key == "selected_option":
        return {"type": element["type"], key: _option(by, block, element, value)}
    if key == "selected_options":
        return {"type": element["type"], key: [_option(by, block, element, entry) for entry in value]}
    if key == "value":
        _check_typed(element, str(value))
        return {"type": element["type"], key: str(value)}
    return {"type": element["type"], key: value}


def _option(by: Chooser, block: Json, element: Json, value: str) -> Json:
    groups = [*element.get("option_groups", []), {"options": element.get("options", [])}]
    offered = [option for group in groups for option in group["options"]]
    if element["type"].endswith("external_select"):
        initial = [element.get("initial_option"), *element.get("initial_options", [])]
        suggested = by.ws.suggested.get((by.user, block["block_id"], element["action_id"]), [])
        offered = [*suggested, *filter(None, initial)]
    for option in offered:
        if option["value"] == value:
            return dict(option)
    raise CannotDo(f"{element['action_id']} offers no option {value!r}")


def _check_typed(element: Json, text: str) -> None:
    low, high = int(element.get("min_length", 0)), int(element.get("max_length", LENGTH_MAX))
    if not low <= len(text) <= high:
        raise CannotDo(f"{element['action_id']} takes {low} to {high} characters, not {len(text)}")
    if element["type"] == "number_input":
        _check_number(element, text)
    if element["type"] == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+", text):
        raise CannotDo(f"{text!r} is no e-mail address")
    if element["type"] == "url_text_input" and "://" not in text:
        raise CannotDo(f"{text!r} is no link")


def _check_number(element: Json, text: str) -> None:
    pattern = r"-?\d+(\.\d+)?" if element["is_decimal_allowed"] else r"-?\d+"
    if not re.fullmatch(pattern, text):
        raise CannotDo(f"{text!r} is no number that {element['action_id']} takes")
    low, high = float(element.get("min_value", "-inf")), float(element.get("max_value", "inf"))
    if not low <= float(text) <= high:
        raise CannotDo(f"{element['action_id']} takes numbers from {low} to {high}")


def action_of(by: Chooser, block: Json, element: Json, value: Any) -> Json:
    """The entry of `actions` in a block_actions payload."""
    action: Json = {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block["block_id"],
        "action_ts": f"{by.ws.now():.6f}",
    }
    for key in ("text", "value", "style", "placeholder", "confirm", "url"):
        if key in element:
            action[key] = element[key]
    if element["type"] == "overflow" or element["type"] not in BUTTONS:
        action |= entered(by, block, element, value)
    elif element["type"] == "feedback_buttons":
        action["value"] = value
    elif value is not None and value != element.get("value"):
        raise CannotDo(f"the button {element['action_id']} has the value {element.get('value')!r}, not {value!r}")
    return action


def fill(by: Chooser, blocks: list[Json], state: dict[str, dict[str, Json]], values: Mapping[str, Any]) -> None:
    """Enter values: {action_id: value} or {block_id: {action_id: value}}. Refused: elements that are not there."""
    for name, value in values.items():
        pairs = value.items() if isinstance(value, dict) else [(name, value)]
        block_id = name if isinstance(value, dict) else None
        for action_id, entry in pairs:
            block, element = find_element(blocks, action_id, block_id)
            if element["type"] in BUTTONS:
                raise CannotDo(f"{action_id} is a button: nothing can be entered")
            state.setdefault(block["block_id"], {})[action_id] = entered(by, block, element, entry)
