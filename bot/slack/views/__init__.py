"""Views draw what may be seen. `VIEWS` names the one that draws each kind of message in the outbox."""

from collections.abc import Callable, Mapping

from bot.rules.audience import Visible
from bot.slack.views import answer
from bot.slack.views.kit import Rendered

VIEWS: Mapping[str, Callable[[Visible], Rendered]] = {
    "answer.told": answer.told,
}
