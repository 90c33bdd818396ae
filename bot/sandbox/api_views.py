"""views.open, push, update, publish."""

from bot.sandbox.content import decoded
from bot.sandbox.errors import SlackError, missing
from bot.sandbox.records import Json
from bot.sandbox.state import View
from bot.sandbox.triggers import exchange
from bot.sandbox.views import checked_view, find_view, open_view, publish_home, push_view, replace_view, view_json
from bot.sandbox.web_api import Call, Method


def _view_argument(call: Call, kinds: tuple[str, ...]) -> Json:
    if not call.args.get("view"):
        raise missing("view")
    return checked_view(decoded(call.args["view"], "invalid_arguments"), kinds)


def _refuse_taken_name(call: Call, content: Json, own: View | None = None) -> None:
    name = str(content.get("external_id") or "")
    taken = find_view(call.ws, "", name) if name else None
    if taken is not None and taken is not own:
        raise SlackError("duplicate_external_id")


def views_open(call: Call) -> Json:
    """Open a modal for whoever caused the trigger (docs.slack.dev: views.open).

    The trigger is used up even if the view is bad.
    """
    if not call.text("trigger_id"):
        raise missing("trigger_id")
    trigger = exchange(call.ws, call.text("trigger_id"))
    content = _view_argument(call, ("modal",))
    _refuse_taken_name(call, content)
    return {"view": view_json(call.ws, open_view(call.ws, trigger.user, content))}


def views_push(call: Call) -> Json:
    """Put a modal on top. Refused: a trigger that did not come from a modal, a fourth modal."""
    if not call.text("trigger_id"):
        raise missing("trigger_id")
    trigger = exchange(call.ws, call.text("trigger_id"))
    content = _view_argument(call, ("modal",))
    if trigger.view_id is None or not call.ws.stacks.get(trigger.user):
        raise SlackError("invalid_trigger_id")
    _refuse_taken_name(call, content)
    return {"view": view_json(call.ws, push_view(call.ws, trigger.user, content))}


def views_update(call: Call) -> Json:
    """Change an open view; needs no trigger. Refused: `not_found` when it is closed, `hash_conflict` if it moved on."""
    if not call.text("view_id") and not call.text("external_id"):
        raise missing("view_id")
    view = find_view(call.ws, call.text("view_id"), call.text("external_id"))
    if view is None:
        raise SlackError("not_found")
    _refuse_old_hash(call, view)
    content = _view_argument(call, (str(view.content["type"]),))
    _refuse_taken_name(call, content, view)
    return {"view": view_json(call.ws, replace_view(call.ws, view, content))}


def _refuse_old_hash(call: Call, view: View | None) -> None:
    if call.text("hash") and view is not None and call.text("hash") != view.hash:
        raise SlackError("hash_conflict")


def views_publish(call: Call) -> Json:
    """Set a person's Home tab. Refused: apps without one (`not_enabled`), `user_not_found`, `hash_conflict`."""
    if not call.ws.manifest.has_home:
        raise SlackError("not_enabled")
    if not call.text("user_id"):
        raise missing("user_id")
    if call.text("user_id") not in call.ws.users:
        raise SlackError("user_not_found")
    _refuse_old_hash(call, call.ws.homes.get(call.text("user_id")))
    content = _view_argument(call, ("home",))
    return {"view": view_json(call.ws, publish_home(call.ws, call.text("user_id"), content))}


METHODS: dict[str, Method] = {
    "views.open": Method(views_open),
    "views.push": Method(views_push),
    "views.update": Method(views_update),
    "views.publish": Method(views_publish),
}
