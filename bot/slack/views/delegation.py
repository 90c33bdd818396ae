"""Delegation as Slack shows it: what the person is answered, and what the delegate is told."""

from datetime import date

from bot.rules.audience import Fact, Visible
from bot.slack import format as fmt
from bot.slack.views import kit
from bot.slack.views.kit import Rendered

_HOW = "Type `/tokens delegate @grace until friday` to name somebody, and `/tokens delegate off` to end it."


def begun(visible: Visible) -> Rendered:
    """What the delegate is told by DM."""
    text = (
        f"*You decide top-ups for {_person(visible)} up to {_last_day(visible)}*\n{_person(visible)} can still decide"
        " them too. You cannot decide your own."
    )
    return Rendered(kit.spoken(*text.split("\n")), [kit.section(text)])


def ended(visible: Visible) -> Rendered:
    """The same, when it ends before its time."""
    text = f"You are not {_person(visible)}'s delegate any more. They decide top-ups themselves again."
    return Rendered(kit.spoken(text), [kit.section(text)])


def answer(visible: Visible) -> Rendered:
    """Who acts for the person who asks, or that nobody does."""
    delegate = visible[Fact.REQUESTED].get("delegate")
    if delegate is None:
        text = "Nobody decides top-ups in your place."
    else:
        text = f"Up to {_last_day(visible)} *{fmt.escape(str(delegate))}* decides top-ups in your place. You can too."
    return Rendered(kit.spoken(text, _HOW), [kit.section(text), kit.context(_HOW)])


def _person(visible: Visible) -> str:
    return fmt.escape(str(visible[Fact.NAME]["person"]["name"]))


def _last_day(visible: Visible) -> str:
    return fmt.day(date.fromisoformat(str(visible[Fact.REQUESTED]["last_day"])))
