"""`/tokens delegate`: somebody else decides while one is away."""

import re

from bot.rules.audience import Audience, Fact, Visible
from bot.rules.delegation import HOW, BadDelegation, last_day, split_typed
from bot.services import delegation, top_up_look
from bot.services.delegation import Delegation
from bot.slack.answer import Answer, Asked
from bot.slack.views import delegation as views

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")


def delegate(asked: Asked) -> Answer:
    """`delegate @grace until friday`, `delegate off`, and alone to see who it is."""
    typed = " ".join(asked.text.split()[1:])
    if not typed:
        return _answer(delegation.delegation_of(asked.company, asked.person.id))
    by = f"person:{asked.person.id}"
    if typed.lower() == "off":
        delegation.end_delegation(asked.company, asked.person.id, by=by)
        return _answer(None)
    who, until = split_typed(typed)
    mention = _MENTION.fullmatch(who)
    if mention is None:
        raise BadDelegation(f"I did not understand who that is: type @ and choose them from Slack's list. {HOW}")
    day = last_day(until, top_up_look.local_date(asked.company, asked.person.id))
    other = asked.directory.person(mention[1])
    return _answer(delegation.delegate(asked.company, asked.person.id, other.id, day, by=by))


def _answer(found: Delegation | None) -> Answer:
    told = {"delegate": found.delegate, "last_day": found.last_day.isoformat()} if found else {}
    return views.answer(Visible(Audience.PERSON, {Fact.REQUESTED: told}))
