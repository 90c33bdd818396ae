"""Short private answers: a sentence as a message, and as a modal where Slack has no other place for it."""

from bot.rules.audience import Fact, Visible
from bot.slack.views import kit
from bot.slack.views.kit import Block, Rendered


def sentence(text: str) -> Rendered:
    """A sentence or two, whose own parts have been escaped."""
    return Rendered(kit.spoken(text), [kit.section(text)])


def told(visible: Visible) -> Rendered:
    """A private answer that had to go through the outbox."""
    return sentence(str(visible[Fact.BUDGET]["text"]))


def as_modal(rendered: Rendered, title: str = "Stipend") -> Block:
    """The answer as a modal that can only be closed; charts and tables, which modals refuse, become lines."""
    return kit.modal("answer.shown", title, kit.plainer(rendered.blocks) or [kit.section(rendered.text)])


def as_home(rendered: Rendered) -> Block:
    """The answer in the App Home."""
    return kit.home(rendered.blocks or [kit.section(rendered.text)])
