"""What people do with buttons, menus and modals."""

from collections.abc import Mapping
from typing import Any

from bot.sandbox.acting import Acting
from bot.sandbox.choices import Chooser, action_of, fill, find_element
from bot.sandbox.messages import message_json
from bot.sandbox.payloads import (
    message_click_payload,
    view_click_payload,
    view_closed_payload,
    view_submission_payload,
)
from bot.sandbox.records import Ack, CannotDo, Json, Seen
from bot.sandbox.state import Channel, Message, User, View
from bot.sandbox.submission import missing_inputs, take_submission_reply


class Clicks(Acting):
    """Clicking elements, submitting and closing modals."""

    def click(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        *,
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
        stale: bool = False,
    ) -> Seen:
        """Use an element of a message; `value` picks an option, or tells apart buttons of one action_id.

        `values` are entered into the message's other elements before. Refused: elements the message no longer has,
        unless `stale`, which replays the message as it last had the element, as a window that did not refresh does.
        """
        seen = Seen(user)
        with self.ws.lock:
            person = self._clicker(user)
            place, message = self.shown(user, channel, ts)
            blocks_of = message_json(self.ws, place, message)
            shown = self._version(place, message, action_id) if stale else blocks_of
            by = Chooser(self.ws, user)
            fill(by, shown.get("blocks", []), message.state, values or {})
            block, element = find_element(_blocks(shown), action_id, block_id, value)
            action = action_of(by, block, element, value)
            _remember(message.state, block, action)
            payload = message_click_payload(self.ws, seen, person, place, message, shown, action)
        self._interact(seen, "block_actions", payload)
        return self.note_view(seen)

    def _clicker(self, user: str) -> User:
        if not self.ws.manifest.is_interactive:
            raise CannotDo("the manifest does not turn interactivity on")
        return self.person(user)

    def _version(self, place: Channel, message: Message, action_id: str) -> Json:
        now = message_json(self.ws, place, message)
        for version in [now, *reversed(message.versions)]:
            try:
                find_element(_blocks(version), action_id, None, None)
            except CannotDo as refusal:
                if "there are" in str(refusal):
                    return version
            else:
                return version
        raise CannotDo(f"no version of {message.ts} has an element {action_id}")

    def _interact(self, seen: Seen, type_: str, payload: Json) -> Ack:
        return self.deliver(seen, "interactive", type_, payload)

    def click_home(self, user: str, action_id: str, value: Any = None, **more: Any) -> Seen:
        """Use an element of the person's Home tab."""
        with self.ws.lock:
            view = self.ws.homes.get(user)
        if view is None:
            raise CannotDo(f"{user} has no Home tab yet")
        return self._click_view(user, view, action_id, value, **more)

    def click_modal(self, user: str, action_id: str, value: Any = None, **more: Any) -> Seen:
        """Use an element of the person's modal on top."""
        return self._click_view(user, self._top(user), action_id, value, **more)

    def _click_view(
        self,
        user: str,
        view: View,
        action_id: str,
        value: Any,
        *,
        block_id: str | None = None,
        values: Mapping[str, Any] | None = None,
    ) -> Seen:
        seen = Seen(user)
        with self.ws.lock:
            person = self._clicker(user)
            by = Chooser(self.ws, user)
            fill(by, view.content["blocks"], view.values, values or {})
            block, element = find_element(view.content["blocks"], action_id, block_id, value)
            if block["type"] == "input" and not block.get("dispatch_action"):
                raise CannotDo(f"{action_id} sends nothing until the modal is submitted")
            action = action_of(by, block, element, value)
            _remember(view.values, block, action)
            payload = view_click_payload(self.ws, seen, person, view, action)
        self._interact(seen, "block_actions", payload)
        return self.note_view(seen)

    def _top(self, user: str) -> View:
        with self.ws.lock:
            stack = self.ws.stacks.get(user)
            if not stack:
                raise CannotDo(f"{user} has no modal open")
            return stack[-1]

    def submit(self, user: str, values: Mapping[str, Any] | None = None) -> Seen:
        """Fill in the modal on top and submit it; `values` as in `choices.fill`.

        Refused: modals without a submit button, required inputs left empty, values an input does not take.
        """
        view = self._top(user)
        seen = Seen(user)
        with self.ws.lock:
            fill(Chooser(self.ws, user), view.content["blocks"], view.values, values or {})
            if not view.content.get("submit"):
                raise CannotDo("this modal has no submit button")
            empty = missing_inputs(view)
            if empty:
                raise CannotDo(f"these inputs are required: {empty}")
            payload = view_submission_payload(self.ws, seen, self._clicker(user), view)
        self._interact(seen, "view_submission", payload)
        with self.ws.lock:
            take_submission_reply(self.ws, seen, view)
        return self.note_view(seen)

    def close(self, user: str, *, clear: bool = False) -> Seen:
        """Close the modal on top, or (`clear`) all of them; the bot hears of it if the view asks for that."""
        top = self._top(user)
        seen = Seen(user)
        with self.ws.lock:
            stack = self.ws.stacks[user]
            is_cleared = clear or bool(top.content.get("clear_on_close"))
            payload = view_closed_payload(self.ws, self.person(user), top, is_cleared=is_cleared)
            self.ws.stacks[user] = [] if is_cleared else stack[:-1]
            self.ws.changed.notify_all()
        if top.content.get("notify_on_close"):
            self._interact(seen, "view_closed", payload)
        return self.note_view(seen)


def _blocks(shown: Json) -> list[Json]:
    blocks: list[Json] = shown.get("blocks", [])
    return blocks


def _remember(state: dict[str, dict[str, Json]], block: Json, action: Json) -> None:
    kept = {key: value for key, value in action.items() if key == "type" or key.startswith("selected_")}
    if len(kept) > 1 and action["type"] != "overflow":
        state.setdefault(block["block_id"], {})[action["action_id"]] = kept
