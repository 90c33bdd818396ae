"""Modals and Home tabs: the stack of each person, and views as Slack's JSON."""

import copy

from bot.sandbox import limits
from bot.sandbox.blocks import is_view_too_large, view_problems
from bot.sandbox.errors import SlackError, invalid_arguments
from bot.sandbox.messages import elements_of, give_block_ids
from bot.sandbox.records import Json
from bot.sandbox.state import View, Workspace

BUTTONS = {"button", "overflow", "workflow_button", "icon_button", "feedback_buttons", "image"}


def checked_view(view: object, kinds: tuple[str, ...] = ("modal",)) -> Json:
    """The view if Slack would take it. Refused: `view_too_large`, `invalid_arguments` with JSON pointers."""
    if is_view_too_large(view):
        raise SlackError("view_too_large")
    problems = view_problems(view, kinds)
    if problems or not isinstance(view, dict):
        raise invalid_arguments(*problems)
    return view


def _kept(ws: Workspace, content: Json) -> Json:
    content = copy.deepcopy(content)
    content["blocks"] = give_block_ids(ws, content.get("blocks", []))
    kinds = {element.get("type") for block in content["blocks"] for element in elements_of(block)}
    if "file_input" in kinds and not ws.manifest.has_any(("files:read",)):
        ws.warn("a view has a file_input, which needs the scope files:read")
    return content


def open_view(ws: Workspace, user: str, content: Json) -> View:
    """A first modal; what was open before is gone."""
    view_id = ws.ids.next("V")
    view = View(view_id, _kept(ws, content), ws.ids.hash_of(ws.now()), user, view_id)
    ws.stacks[user] = [view]
    ws.changed.notify_all()
    return view


def push_view(ws: Workspace, user: str, content: Json) -> View:
    """A modal on top of the others. Refused: a fourth (`push_limit_reached`)."""
    stack = ws.stacks.setdefault(user, [])
    if len(stack) >= limits.VIEW_STACK:
        raise SlackError("push_limit_reached")
    below = stack[-1] if stack else None
    view_id = ws.ids.next("V")
    root_id = below.root_id if below else view_id
    view = View(view_id, _kept(ws, content), ws.ids.hash_of(ws.now()), user, root_id, below.id if below else None)
    stack.append(view)
    ws.changed.notify_all()
    return view


def replace_view(ws: Workspace, view: View, content: Json) -> View:
    """New content for a view; what was entered stays where block_id and action_id stay."""
    view.content = _kept(ws, content)
    view.hash = ws.ids.hash_of(ws.now())
    here = {
        (block["block_id"], element.get("action_id"))
        for block in view.content["blocks"]
        for element in elements_of(block)
    }
    view.values = {
        block_id: {action_id: value for action_id, value in values.items() if (block_id, action_id) in here}
        for block_id, values in view.values.items()
    }
    ws.changed.notify_all()
    return view


def publish_home(ws: Workspace, user: str, content: Json) -> View:
    """The Home tab of one person."""
    known = ws.homes.get(user)
    if known is not None:
        return replace_view(ws, known, content)
    view_id = ws.ids.next("V")
    view = View(view_id, _kept(ws, content), ws.ids.hash_of(ws.now()), user, view_id)
    ws.homes[user] = view
    ws.changed.notify_all()
    return view


def find_view(ws: Workspace, view_id: str, external_id: str = "") -> View | None:
    """An open view by its id or by the app's own name for it."""
    open_views = [view for stack in ws.stacks.values() for view in stack] + list(ws.homes.values())
    for view in open_views:
        if (view_id and view.id == view_id) or (external_id and view.content.get("external_id") == external_id):
            return view
    return None


def view_json(ws: Workspace, view: View) -> Json:
    """A view as interaction payloads and views.* answers carry it, with what is entered so far."""
    content = view.content
    empty = {"title": None, "close": None, "submit": None}
    return {
        "id": view.id,
        "team_id": ws.team_id,
        "private_metadata": "",
        "callback_id": "",
        "external_id": "",
        "clear_on_close": False,
        "notify_on_close": False,
        **empty,
        **copy.deepcopy(content),
        "state": {"values": state_of(content["blocks"], view.values)},
        "hash": view.hash,
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id,
        "app_id": ws.app_id,
        "app_installed_team_id": ws.team_id,
        "bot_id": ws.bot_id,
    }


def state_of(blocks: list[Json], entered: dict[str, dict[str, Json]]) -> dict[str, dict[str, Json]]:
    """state.values: for each element that holds a value, what was entered, else what it began with, else null."""
    values: dict[str, dict[str, Json]] = {}
    for block in blocks:
        for element in elements_of(block):
            if element.get("type") not in BUTTONS:
                known = entered.get(block["block_id"], {}).get(element["action_id"])
                values.setdefault(block["block_id"], {})[element["action_id"]] = known or initial_value(element)
    return values


VALUE_KEY = {
    "static_select": "selected_option",
    "external_select": "selected_option",
    "radio_buttons": "selected_option",
    "overflow": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
    "channels_select": "selected_channel",
    "multi_static_select": "selected_options",
    "multi_external_select": "selected_options",
    "checkboxes": "selected_options",
    "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations",
    "multi_channels_select": "selected_channels",
    "datepicker": "selected_date",
    "timepicker": "selected_time",
    "datetimepicker": "selected_date_time",
    "rich_text_input": "rich_text_value",
    "file_input": "files",
}


def initial_value(element: Json) -> Json:
    """What an untouched element says in state.values."""
    key = VALUE_KEY.get(element["type"], "value")
    initial = element.get(key.replace("selected_", "initial_") if key != "value" else "initial_value")
    empty: list[Json] | None = [] if key.endswith("s") else None
    return {"type": element["type"], key: initial if initial is not None else empty}
