"""Block elements: buttons, menus, pickers, inputs (docs.slack.dev: Block elements)."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.sandbox import limits
from bot.sandbox.problems import Problems
from bot.sandbox.records import Json

ANY_TEXT = ("plain_text", "mrkdwn")
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


@dataclass(frozen=True, slots=True)
class Element:
    """What is known of an element type."""

    check: Callable[[Problems, str, Json], None]
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    is_interactive: bool = True


def check_element(problems: Problems, pointer: str, element: Any, allowed: set[str]) -> None:
    """Check one element, which must be of a type that may stand here."""
    if not problems.thing(pointer, element):
        return
    kind = str(element.get("type"))
    if kind not in allowed:
        problems.add(f"{pointer}/type", f"unsupported type: {kind}")
        return
    rule = ELEMENTS[kind]
    common = {"action_id", "confirm", "focus_on_load"} if rule.is_interactive else set()
    problems.keys(pointer, element, {"type", *rule.required}, {*rule.optional, *common})
    problems.string(pointer, element, "action_id", limits.IDENTIFIER)
    problems.text(pointer, element, "placeholder", limits.PLACEHOLDER)
    problems.flag(pointer, element, "focus_on_load")
    _check_confirm(problems, pointer, element)
    rule.check(problems, pointer, element)


def _check_confirm(problems: Problems, pointer: str, element: Json) -> None:
    if "confirm" not in element or not problems.thing(f"{pointer}/confirm", element["confirm"]):
        return
    here, confirm = f"{pointer}/confirm", element["confirm"]
    problems.keys(here, confirm, set(limits.CONFIRM), {"style"})
    for key, most in limits.CONFIRM.items():
        problems.text(here, confirm, key, most, ANY_TEXT if key == "text" else ("plain_text",))
    problems.choice(here, confirm, "style", {"primary", "danger"})


def _nothing(problems: Problems, pointer: str, element: Json) -> None:
    """An element without rules of its own."""


def _button(problems: Problems, pointer: str, element: Json) -> None:
    problems.text(pointer, element, "text", limits.BUTTON_TEXT)
    problems.string(pointer, element, "value", limits.BUTTON_VALUE, 0)
    problems.string(pointer, element, "url", limits.BUTTON_URL)
    problems.string(pointer, element, "accessibility_label", limits.BUTTON_LABEL)
    problems.choice(pointer, element, "style", {"primary", "danger"})


def check_image_source(problems: Problems, pointer: str, image: Json) -> None:
    """An address or an uploaded file, not both, and words for those who do not see it."""
    if ("image_url" in image) == ("slack_file" in image):
        problems.add(pointer, "must provide exactly one of image_url and slack_file")
    problems.string(pointer, image, "image_url", limits.IMAGE_URL)
    problems.string(pointer, image, "alt_text", limits.IMAGE_ALT)
    if "slack_file" in image and problems.thing(f"{pointer}/slack_file", image["slack_file"]):
        named = {"id", "url"} & image["slack_file"].keys()
        if len(named) != 1:
            problems.add(f"{pointer}/slack_file", "must provide exactly one of id and url")


def check_option(problems: Problems, pointer: str, option: Any, kinds: tuple[str, ...] = ("plain_text",)) -> None:
    """One choice of a menu (docs.slack.dev: Option object)."""
    if not problems.thing(pointer, option):
        return
    problems.keys(pointer, option, {"text", "value"}, {"description", "url"})
    problems.text(pointer, option, "text", limits.OPTION_TEXT, kinds)
    problems.string(pointer, option, "value", limits.OPTION_VALUE)
    problems.text(pointer, option, "description", limits.OPTION_DESCRIPTION, kinds)


def _static_select(problems: Problems, pointer: str, element: Json) -> None:
    if ("options" in element) == ("option_groups" in element):
        problems.add(pointer, "must provide exactly one of options and option_groups")
    options = problems.array(pointer, element, "options", limits.OPTIONS)
    for index, option in enumerate(options):
        check_option(problems, f"{pointer}/options/{index}", option)
    _check_initial(problems, pointer, element, [*options, *check_option_groups(problems, pointer, element)])


def check_option_groups(problems: Problems, pointer: str, thing: Json) -> list[Any]:
    """The options of all groups (docs.slack.dev: Option group object)."""
    options: list[Any] = []
    for index, group in enumerate(problems.array(pointer, thing, "option_groups", limits.OPTION_GROUPS)):
        options += _group(problems, f"{pointer}/option_groups/{index}", group)
    return options


def _group(problems: Problems, pointer: str, group: Any) -> list[Any]:
    if not problems.thing(pointer, group):
        return []
    problems.keys(pointer, group, {"label", "options"}, set())
    problems.text(pointer, group, "label", limits.OPTION_GROUP_LABEL)
    options = problems.array(pointer, group, "options", limits.OPTIONS)
    for index, option in enumerate(options):
        check_option(problems, f"{pointer}/options/{index}", option)
    return options


def _check_initial(problems: Problems, pointer: str, element: Json, options: list[Any]) -> None:
    """What is chosen at first must be one of the options, to the letter."""
    if "initial_option" in element and element["initial_option"] not in options:
        problems.add(f"{pointer}/initial_option", "must be one of the options")
    for index, option in enumerate(problems.array(pointer, element, "initial_options", limits.OPTIONS)):
        if option not in options:
            problems.add(f"{pointer}/initial_options/{index}", "must be one of the options")


def _boxes(problems: Problems, pointer: str, element: Json) -> None:
    options = problems.array(pointer, element, "options", limits.BOX_OPTIONS)
    for index, option in enumerate(options):
        check_option(problems, f"{pointer}/options/{index}", option, ANY_TEXT)
    _check_initial(problems, pointer, element, options)


def _overflow(problems: Problems, pointer: str, element: Json) -> None:
    for index, option in enumerate(problems.array(pointer, element, "options", limits.OVERFLOW_OPTIONS)):
        check_option(problems, f"{pointer}/options/{index}", option)


def _external_select(problems: Problems, pointer: str, element: Json) -> None:
    problems.whole(pointer, element, "min_query_length", 0, limits.TYPED_TEXT)


def _text_input(problems: Problems, pointer: str, element: Json) -> None:
    problems.string(pointer, element, "initial_value", limits.TYPED_TEXT, 0)
    problems.flag(pointer, element, "multiline")
    problems.whole(pointer, element, "min_length", 0, limits.TYPED_TEXT)
    problems.whole(pointer, element, "max_length", 1, limits.TYPED_TEXT)


def _file_input(problems: Problems, pointer: str, element: Json) -> None:
    problems.whole(pointer, element, "max_files", 1, limits.FILES)
    for index, kind in enumerate(problems.array(pointer, element, "filetypes", limits.FILE_TYPES)):
        if not isinstance(kind, str) or not kind:
            problems.add(f"{pointer}/filetypes/{index}", "must provide a file extension")


def _number_input(problems: Problems, pointer: str, element: Json) -> None:
    problems.flag(pointer, element, "is_decimal_allowed")
    for key in ("initial_value", "min_value", "max_value"):
        problems.string(pointer, element, key, limits.IDENTIFIER)


def _date(problems: Problems, pointer: str, element: Json) -> None:
    _check_pattern(problems, pointer, element, "initial_date", DATE)


def _time(problems: Problems, pointer: str, element: Json) -> None:
    _check_pattern(problems, pointer, element, "initial_time", TIME)


def _check_pattern(problems: Problems, pointer: str, element: Json, key: str, pattern: re.Pattern[str]) -> None:
    if key in element and not pattern.fullmatch(str(element[key])):
        problems.add(f"{pointer}/{key}", f"must look like {pattern.pattern}")


def _date_time(problems: Problems, pointer: str, element: Json) -> None:
    problems.whole(pointer, element, "initial_date_time", 1_000_000_000, 9_999_999_999)


def _people(initial: str) -> Element:
    extra = ("response_url_enabled", "default_to_current_conversation", "filter", "max_selected_items")
    return Element(_nothing, (), ("placeholder", initial, *extra))


ELEMENTS: dict[str, Element] = {
    "button": Element(_button, ("text",), ("value", "url", "style", "accessibility_label")),
    "channels_select": _people("initial_channel"),
    "checkboxes": Element(_boxes, ("options",), ("initial_options",)),
    "conversations_select": _people("initial_conversation"),
    "datepicker": Element(_date, (), ("initial_date", "placeholder")),
    "datetimepicker": Element(_date_time, (), ("initial_date_time",)),
    "email_text_input": Element(_text_input, (), ("initial_value", "placeholder", "dispatch_action_config")),
    "external_select": Element(_external_select, (), ("placeholder", "initial_option", "min_query_length")),
    "feedback_buttons": Element(_nothing, ("positive_button", "negative_button")),
    "file_input": Element(_file_input, (), ("filetypes", "max_files")),
    "icon_button": Element(_nothing, ("icon", "text"), ("value", "accessibility_label", "visible_to_user_ids")),
    "image": Element(check_image_source, ("alt_text",), ("image_url", "slack_file"), is_interactive=False),
    "multi_channels_select": _people("initial_channels"),
    "multi_conversations_select": _people("initial_conversations"),
    "multi_external_select": Element(
        _external_select, (), ("placeholder", "initial_options", "min_query_length", "max_selected_items")
    ),
    "multi_static_select": Element(
        _static_select, (), ("placeholder", "options", "option_groups", "initial_options", "max_selected_items")
    ),
    "multi_users_select": _people("initial_users"),
    "number_input": Element(
        _number_input,
        ("is_decimal_allowed",),
        ("initial_value", "min_value", "max_value", "placeholder", "dispatch_action_config"),
    ),
    "overflow": Element(_overflow, ("options",)),
    "plain_text_input": Element(
        _text_input,
        (),
        ("initial_value", "multiline", "min_length", "max_length", "placeholder", "dispatch_action_config"),
    ),
    "radio_buttons": Element(_boxes, ("options",), ("initial_option",)),
    "rich_text_input": Element(
        _nothing, (), ("initial_value", "placeholder", "dispatch_action_config", "min_lines", "max_lines")
    ),
    "static_select": Element(_static_select, (), ("placeholder", "options", "option_groups", "initial_option")),
    "timepicker": Element(_time, (), ("initial_time", "placeholder", "timezone")),
    "url_text_input": Element(_text_input, (), ("initial_value", "placeholder", "dispatch_action_config")),
    "users_select": _people("initial_user"),
    "workflow_button": Element(_nothing, ("text", "workflow"), ("style", "accessibility_label")),
}
MENUS = {kind for kind in ELEMENTS if kind.endswith("_select")}
PICKERS = {"datepicker", "timepicker", "datetimepicker", "checkboxes", "radio_buttons"}
TYPED = {"plain_text_input", "email_text_input", "url_text_input", "number_input", "rich_text_input", "file_input"}
ACCESSORIES = MENUS | PICKERS | {"button", "image", "overflow", "workflow_button"}
ACTIONS = MENUS | PICKERS | {"button", "overflow", "rich_text_input", "workflow_button"}
CONTEXT_ACTIONS = {"feedback_buttons", "icon_button"}
INPUTS = MENUS | PICKERS | TYPED
