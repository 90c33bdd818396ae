"""Delegation: somebody else decides top-ups while a person is away."""

from datetime import date

from bot.rules.errors import Refused
from bot.rules.top_up_reply import read_until

HOW = "Type `/tokens delegate @grace until friday`, or `/tokens delegate off`."


class BadDelegation(Refused):
    """That is not a delegation that I understand. Type `/tokens delegate @grace until friday`."""


def split_typed(text: str) -> tuple[str, str]:
    """`@grace until friday` as who and until when; the latter is empty where nothing was said. Raises BadDelegation."""
    who, _, rest = text.strip().partition(" ")
    if not who:
        raise BadDelegation(f"Somebody is missing. {HOW}")
    until = rest.strip()
    if until and not until.lower().startswith("until "):
        raise BadDelegation(f"I did not understand what comes after the name. {HOW}")
    return who, until[len("until ") :].strip()


def last_day(text: str, on: date) -> date:
    """The last day of a delegation, read on the day `on`. Raises BadDelegation where there is none, and BadUntil."""
    if not text:
        raise BadDelegation(f"Until when? {HOW}")
    return read_until(text, on)
