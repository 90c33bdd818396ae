"""`/tokens` and its buttons."""

from datetime import datetime
from difflib import get_close_matches
from typing import Any

from bot.rules.audience import Audience, Fact, Visible
from bot.services import ledger, top_up_look
from bot.services.ledger import Balance
from bot.slack.answer import Answer, Asked, Handler
from bot.slack.listeners.delegation import delegate
from bot.slack.listeners.top_up import open_ask_modal
from bot.slack.listening import Listeners
from bot.slack.views import ledger as views


def listen(on: Listeners) -> None:
    """Register them."""
    on.command("/tokens", tokens)
    on.action("tokens.history", history)
    on.action("tokens.why", why)
    on.action("tokens.request", open_ask_modal)


def tokens(asked: Asked) -> Answer:
    """`/tokens [word]`: the first word counts, whatever its case."""
    word = asked.text.split()[0].lower() if asked.text.strip() else ""
    handle = _WORDS.get(word)
    if handle is not None:
        return handle(asked)
    near = get_close_matches(word[:40], [known for known in _WORDS if known], n=1, cutoff=0.5)
    return views.help_(unknown=asked.text.split()[0], nearest=near[0] if near else None)


def balance(asked: Asked) -> Answer:
    """What is left."""
    return views.balance(visible(asked))


def history(asked: Asked) -> Answer:
    """The last 14 days."""
    return views.history(visible(asked, days=True))


def why(asked: Asked) -> Answer:
    """Every movement behind the balance."""
    return views.why(visible(asked, entries=True))


def help_(_asked: Asked) -> Answer:
    """What can be typed."""
    return views.help_()


_WORDS: dict[str, Handler] = {
    "": balance,
    "balance": balance,
    "history": history,
    "why": why,
    "delegate": delegate,
    "help": help_,
}


def visible(asked: Asked, *, days: bool = False, entries: bool = False) -> Visible:
    """The asking person's own figures, for nobody else."""
    found = ledger.balance(asked.company, asked.person.id)
    facts = balance_facts(found, asked.company.clock.now())
    if days:
        facts[Fact.SPEND]["days"] = [
            {"on": day.on.isoformat(), "nanos": day.nanos} for day in ledger.history(asked.company, asked.person.id)
        ]
    if entries:
        facts[Fact.BUDGET]["entries"] = [
            {"on": entry.on.isoformat(), "what": entry.what, "nanos": entry.nanos, "left": entry.left}
            for entry in ledger.why(asked.company, asked.person.id)
        ]
        if Fact.REQUESTED in facts:
            facts[Fact.REQUESTED]["top_up_id"] = top_up_look.pending_id(asked.company, asked.person.id)
    return Visible(Audience.PERSON, facts)


def balance_facts(found: Balance, now: datetime) -> dict[Fact, dict[str, Any]]:
    """A balance as facts: whole nano-dollars, instants and days in ISO form."""
    run_out, driver, pending = found.run_out, found.biggest_driver, found.pending
    facts: dict[Fact, dict[str, Any]] = {
        Fact.PERIOD: {
            "label": found.period.label,
            "end": found.period.end.isoformat(),
            "zone": found.timezone,
            "now": now.isoformat(),
        },
        Fact.SPEND: {
            "spent": found.spent,
            "unpriced_events": found.unpriced_events,
            "driver": {"name": driver[0], "nanos": driver[1], "share": float(driver[2])} if driver else None,
        },
        Fact.BUDGET: {
            "available": found.available,
            "granted": found.granted,
            "allotment": found.allotment,
            "top_ups": found.top_ups,
            "carried_in": found.carried_in,
            "expired": found.expired,
            "tokens_left": found.tokens_left,
            "mix_from": found.mix_from,
            "run_out": {name: getattr(run_out, name).isoformat() for name in ("on", "earliest", "latest")}
            if run_out
            else None,
            "mode": found.enforcement_mode,
            "has_allotment": found.has_allotment,
            "no_rate_currency": found.no_rate_currency,
        },
        Fact.COMPLETENESS: {
            "sources": [{"name": name, "complete_to": until.isoformat()} for name, until in found.completeness]
        },
    }
    if pending:
        facts[Fact.REQUESTED] = {"amount": pending[0], "approver": pending[1], "since": pending[2].isoformat()}
    return facts
