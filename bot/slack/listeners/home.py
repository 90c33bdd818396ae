"""The App Home, the global shortcut, and whatever people write to the bot in their own words."""

from collections.abc import Mapping
from typing import Any

from bot.services import top_up
from bot.slack.answer import Answer, Asked, Publish
from bot.slack.listeners import ledger
from bot.slack.listeners.top_up import open_ask_modal
from bot.slack.listening import Listeners
from bot.slack.views import answer as answers
from bot.slack.views import home as views

_HINT = answers.sentence(
    "I answer `/tokens` (what is left of your AI budget) and `/topup` (ask for more). To decide a request, reply"
    " `approve` or `deny` in its thread, without mentioning me, or use its buttons."
)


def listen(on: Listeners) -> None:
    """Register them."""
    on.event_where("app_home_opened", _home_tab, opened)
    on.action("home.withdraw", withdrawn)
    on.event("app_mention", hint)
    on.event_where("message", _direct, hint)
    on.shortcut("topup_global", open_ask_modal)


def opened(asked: Asked) -> Answer:
    """Draw the tab anew each time that it is opened."""
    return Publish(views.home(ledger.visible(asked, days=True, entries=True)))


def withdrawn(asked: Asked) -> Answer:
    """*Withdraw* beside the request that waits; the tab then shows that none does."""
    top_up.withdraw(asked.company, int(asked.value), asked.person.id)
    return opened(asked)


def hint(_asked: Asked) -> Answer:
    """One sentence that leads on."""
    return _HINT


def _home_tab(event: Mapping[str, Any]) -> bool:
    return event.get("tab") in {"home", None}


def _direct(event: Mapping[str, Any]) -> bool:
    return event.get("channel_type") == "im" or str(event.get("channel", "")).startswith("D")
