"""What follows a view_submission: errors, update, push, clear, or the modal closes (docs.slack.dev: Modals)."""

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json, Seen
from bot.sandbox.state import View, Workspace
from bot.sandbox.views import checked_view, push_view, replace_view, state_of


def missing_inputs(view: View) -> list[str]:
    """The block_ids of required inputs that are empty; Slack's client does not send the form until they are filled."""
    state = state_of(view.content["blocks"], view.values)
    required = [b for b in view.content["blocks"] if b["type"] == "input" and not b.get("optional")]
    return [block["block_id"] for block in required if not _is_filled(state[block["block_id"]])]


def _is_filled(values: dict[str, Json]) -> bool:
    return all(any(held for key, held in value.items() if key != "type") for value in values.values())


def take_submission_reply(ws: Workspace, seen: Seen, view: View) -> None:
    """Do what the ack says; a bad one leaves the modal open, as in Slack, and is written to the warnings."""
    if not seen.ok:
        return
    reply = seen.body if isinstance(seen.body, dict) else {}
    try:
        _do(ws, seen, view, reply)
    except SlackError as error:
        ws.warn(f"view_submission reply: {error.code} {error.extra}")
        seen.ok, seen.error = False, error.code


def _do(ws: Workspace, seen: Seen, view: View, reply: Json) -> None:
    action = reply.get("response_action")
    if action == "errors":
        seen.errors = _checked_errors(view, reply.get("errors"))
    elif action == "update":
        replace_view(ws, view, checked_view(reply.get("view")))
    elif action == "push":
        push_view(ws, seen.user, checked_view(reply.get("view")))
    elif action == "clear":
        ws.stacks[seen.user] = []
    elif action is None:
        ws.stacks[seen.user] = [open_view for open_view in ws.stacks.get(seen.user, []) if open_view is not view]
    else:
        raise SlackError("invalid_response_action")
    ws.changed.notify_all()


def _checked_errors(view: View, errors: object) -> dict[str, str]:
    """Errors by block_id. Refused: ids that are no input of this view, because Slack then shows none of them."""
    inputs = {block["block_id"] for block in view.content["blocks"] if block["type"] == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackError("invalid_errors", inputs=sorted(inputs))
    return {str(block_id): str(text) for block_id, text in errors.items()}
