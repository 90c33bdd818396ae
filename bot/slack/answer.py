"""What a listener is given, and what it may answer. Listeners are functions from `Asked` to `Answer`.

    def withdraw(asked: Asked) -> Answer:
        outcome = top_up.withdraw(asked.company, int(asked.value), by=asked.person.id)
        return Rendered("Withdrawn. Nothing was added.")

`bot.slack.app` does the rest for all of them: it finds out who asks, tells them in private when something is refused,
sends the answer by the shortest way that Slack has for it, and lets nothing escape after the acknowledgement.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from slack_sdk import WebClient

from bot.services.roster import PersonCard
from bot.services.verb import Company
from bot.slack.people import Directory
from bot.slack.views.kit import Block, Rendered


@dataclass(frozen=True, slots=True)
class Open:
    """Open a modal. Only for commands, clicks and shortcuts: they carry a trigger id."""

    view: Block


@dataclass(frozen=True, slots=True)
class Push:
    """Put another modal on top of the one in which this was clicked or submitted."""

    view: Block


@dataclass(frozen=True, slots=True)
class Update:
    """Replace the modal in which this was clicked or submitted."""

    view: Block


@dataclass(frozen=True, slots=True)
class Errors:
    """Keep the modal open and show sentences beside its fields; the keys are block ids."""

    by_block: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Publish:
    """Replace the App Home of the one who asked."""

    view: Block


Answer = Rendered | Open | Push | Update | Errors | Publish | None
"""None: nothing to say. A Rendered is shown to the one who asked and to nobody else."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One command, click, submission, shortcut or event, and who it came from.

    `key` is the same when Slack, or an impatient finger, sends the same thing twice. `text` is what was typed after the
    command's word, or the message of an event; `value` is the clicked button's.
    """

    company: Company
    person: PersonCard
    slack_user_id: str
    directory: Directory
    client: WebClient
    key: str
    text: str = ""
    value: str = ""
    channel: str | None = None
    message_ts: str | None = None
    thread_ts: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

    def typed(self, block_id: str, action_id: str) -> str:
        """What was typed or chosen in a field of the submitted modal; empty when nothing was."""
        state = self.payload.get("view", {}).get("state", {}).get("values", {}).get(block_id, {}).get(action_id, {})
        chosen = state.get("value") or (state.get("selected_option") or {}).get("value")
        return str(chosen or "")

    @property
    def private_metadata(self) -> str:
        """What the submitted modal carried unseen: ids only."""
        return str(self.payload.get("view", {}).get("private_metadata") or "")


Handler = Callable[[Asked], Answer]
