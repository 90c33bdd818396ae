"""Menus whose options the bot is asked for while somebody types (docs.slack.dev: block_suggestion payloads)."""

from bot.sandbox import limits
from bot.sandbox.acting import Acting
from bot.sandbox.choices import find_element
from bot.sandbox.elements import check_option, check_option_groups
from bot.sandbox.messages import message_json
from bot.sandbox.payloads import suggestion_payload, where_message, where_view
from bot.sandbox.problems import Problems
from bot.sandbox.records import CannotDo, Json, Seen
from bot.sandbox.state import User

MIN_QUERY_LENGTH = 3  # what Slack documents for a menu that does not say


class Suggesting(Acting):
    """Typing into an external menu."""

    def suggest(
        self,
        user: str,
        action_id: str,
        typed: str = "",
        *,
        channel: str | None = None,
        ts: str | None = None,
        home: bool = False,
        block_id: str | None = None,
    ) -> Seen:
        """Type into an external menu of a message (`channel`, `ts`), of the Home tab (`home`), or of the modal on top.

        What is returned has the `options`, or the groups of them; only what was offered can be chosen.

        Refused: fewer letters than the menu's min_query_length, which is 3 where it does not say.
        """
        seen = Seen(user)
        with self.ws.lock:
            person = self.person(user)
            blocks, where = self._surface(person, channel, ts, home=home)
            block, element = find_element(blocks, action_id, block_id)
            _check_typed(element, typed)
            payload = {**suggestion_payload(self.ws, person, block, element, typed), **where}
        self.deliver(seen, "interactive", "block_suggestion", payload)
        with self.ws.lock:
            seen.options = self._taken(seen)
            # What was offered for an earlier word can still be kept: people choose several, one word after the other.
            known = self.ws.suggested.setdefault((user, block["block_id"], action_id), [])
            known += [option for entry in seen.options for option in entry.get("options", [entry])]
        return seen

    def _surface(self, person: User, channel: str | None, ts: str | None, *, home: bool) -> tuple[list[Json], Json]:
        if channel and ts:
            place, message = self.shown(person.id, channel, ts)
            shown = message_json(self.ws, place, message)
            return shown.get("blocks", []), where_message(place, message, shown)
        view = self.ws.homes.get(person.id) if home else next(reversed(self.ws.stacks.get(person.id, [])), None)
        if view is None:
            raise CannotDo(f"{person.id} has no {'Home tab' if home else 'modal'} open")
        return view.content["blocks"], where_view(self.ws, view)

    def _taken(self, seen: Seen) -> list[Json]:
        """The options of the answer; one that Slack would not take offers nothing and is written to the warnings."""
        if not seen.ok:
            return []
        body = seen.body if isinstance(seen.body, dict) else {}
        groups, options = body.get("option_groups"), body.get("options")
        problems = Problems()
        if isinstance(groups, list):
            check_option_groups(problems, "", body)
        elif isinstance(options, list):
            for index, option in enumerate(problems.array("", body, "options", limits.OPTIONS, 0)):
                check_option(problems, f"/options/{index}", option)
        else:
            problems.add("/options", "must provide options or option_groups")
        if problems.found:
            self.ws.warn(f"block_suggestion reply: {problems.found}")
            seen.ok, seen.error = False, "invalid_options"
            return []
        return list(groups if isinstance(groups, list) else options or [])


def _check_typed(element: Json, typed: str) -> None:
    if not element["type"].endswith("external_select"):
        raise CannotDo(f"{element['action_id']} is no menu that asks for its options")
    least = int(element.get("min_query_length", MIN_QUERY_LENGTH))
    if len(typed) < least:
        raise CannotDo(f"{element['action_id']} asks from {least} letters on, not {len(typed)}")
