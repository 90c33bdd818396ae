"""What is said when an approved budget is in effect at a gateway, and when a gateway refuses or ignores it."""

import re
from collections.abc import Iterator
from typing import Any

from bot.gateways.protocol import Gateway
from bot.rules.audience import Audience, Fact
from bot.services import account as accounts
from bot.services import person, policy
from bot.services.outbox import Message, Target, owe
from bot.services.verb import Tx
from db import ledger
from db import top_up as top_ups
from db.tables.gate import GateLimit
from db.tables.ledger import Account
from db.tables.top_up import TopUp

_OF_A_TOP_UP = re.compile(r"top_up:([0-9]+)")
_FAILED = {"refused", "ignored"}


def owe_outcome(tx: Tx, gateway: Gateway, row: GateLimit) -> None:
    """Owe what a final status says: to who asked for the top-up behind it, and to finance where it failed."""
    account = ledger.account(tx.session, row.account_id)
    top_up = _top_up(tx, row)
    if row.status in _FAILED or (row.status == "in_effect" and top_up is not None):
        for message in _messages(tx, gateway, row, account, top_up):
            owe(tx, message)


def _top_up(tx: Tx, row: GateLimit) -> TopUp | None:
    found = _OF_A_TOP_UP.fullmatch(row.cause)
    return top_ups.by_id(tx.session, int(found[1])) if found else None


def _messages(tx: Tx, gateway: Gateway, row: GateLimit, account: Account, top_up: TopUp | None) -> Iterator[Message]:
    person_id = accounts.person_of(account)
    facts = _facts(tx, gateway, row, account)
    failed = row.status in _FAILED
    if top_up is not None:
        facts[Fact.REQUESTED] = {"approved": top_up.approved_nanos}
        kind = "gate.not_in_effect" if failed else "gate.in_effect"
        target = Target(person_id=person_id)
        yield Message(f"gate.limit:{row.key}:{row.status}", kind, target, Audience.PERSON, facts)
    if not failed:
        return
    # One of a kind and period is enough, unless somebody waits for it: a gateway that refuses may refuse everybody.
    stem = row.key if top_up is not None else f"{gateway.name}:{account.period}:{row.error}"
    who = person.person(tx, person_id)
    about = {**facts, Fact.NAME: {"name": who.name, "slack_id": who.slack_user_id}}
    for one in person.finance_people(tx):
        if one.id != person_id or top_up is None:
            key = f"gate.limit:{stem}:{row.status}:{one.id}"
            yield Message(key, "gate.not_in_effect_finance", Target(person_id=one.id), Audience.FINANCE, about)


def _facts(tx: Tx, gateway: Gateway, row: GateLimit, account: Account) -> dict[Fact, dict[str, Any]]:
    since = row.read_back_at or tx.now
    return {
        Fact.PERIOD: {"label": account.period, "since": since.isoformat()},
        Fact.LIMIT_NAME: {"gateway": gateway.title, "status": row.status, "code": row.error},
    }


def owe_unauthorised(tx: Tx, gateway: Gateway, code: str) -> None:
    """Owe finance, once in a period, that a gateway does not take our key."""
    period = policy.calendar(tx).at(tx.now)
    facts = {
        Fact.PERIOD: {"label": period.label, "since": tx.now.isoformat()},
        Fact.LIMIT_NAME: {"gateway": gateway.title, "status": "unauthorised", "code": code},
    }
    for one in person.finance_people(tx):
        key = f"gate.unauthorised:{gateway.name}:{period.label}:{one.id}"
        owe(tx, Message(key, "gate.unauthorised", Target(person_id=one.id), Audience.FINANCE, facts))
