"""Where a request stands in Slack: its card in the approvals channel, and the question with buttons in its thread."""

from dataclasses import dataclass

from bot.sandbox import LocalSlack
from bot.services import top_up
from bot.services.verb import Company

BUTTON = "top_up.approve"


@dataclass(frozen=True, slots=True)
class Question:
    """The ts of a request's card and of the question below it."""

    card: str
    ts: str


def find_question(slack: LocalSlack, channel: str, request: int | None) -> Question | None:
    """The question about a request that waits; None when it is not there (any more)."""
    for card in reversed(slack.messages(channel)):
        for reply in slack.thread(channel, card["ts"])[1:]:
            if request in _buttons(reply):
                return Question(card["ts"], reply["ts"])
    return None


def _buttons(message: dict[str, object]) -> list[int]:
    """The requests that a message has an approve button for."""
    blocks = message.get("blocks")
    elements = [one for block in blocks for one in block.get("elements", [])] if isinstance(blocks, list) else []
    buttons = [one for one in elements if isinstance(one, dict) and one.get("action_id") == BUTTON]
    # After the request's number stands the version of it that the button is about.
    return [int(str(button["value"]).partition(":")[0]) for button in buttons]


def waits(company: Company, request: int) -> bool:
    """Whether a request still waits for a decision."""
    return top_up.request(company, request).status == "pending"
