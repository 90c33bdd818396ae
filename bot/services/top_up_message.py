"""What is said in Slack about a request: its card, the question in its thread, and its outcome."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.rules.audience import Audience, Fact
from bot.rules.top_up import deciders
from bot.services import ledger, roster
from bot.services.outbox import Message, Target, owe, owed_uid
from bot.services.verb import Tx
from db import top_up as query
from db.seal import person_owner
from db.tables.roster import Person
from db.tables.top_up import TopUp

Facts = Mapping[Fact, Mapping[str, Any]]


def the_id(row: TopUp) -> int:
    """The id of a request that has been stored."""
    if row.id is None:
        raise AssertionError("A request that was read from the database has an id.")
    return row.id


def who(someone: Person) -> dict[str, Any]:
    """A person as the facts of a message name them."""
    return {"name": someone.name, "slack_id": someone.slack_user_id}


def whom(someone: Person) -> dict[str, Any]:
    """A person whom a message mentions: by their id the sender finds them in Slack, if nobody knows them there yet."""
    return {"person_id": someone.id, **who(someone)}


def reason_of(tx: Tx, row: TopUp) -> str:
    """Why it was asked for."""
    return str(tx.vault.open(person_owner(row.person_id), row.reason, f"top_up.reason:{row.request_key}"))


def note_of(tx: Tx, row: TopUp) -> str:
    """What was said with the decision; empty when nothing was."""
    if row.note is None:
        return ""
    return str(tx.vault.open(person_owner(row.person_id), row.note, f"top_up.note:{row.request_key}"))


def deciders_of(tx: Tx, person_id: int, step: str) -> list[Person]:
    """Those who may decide a request of this person at this moment, at this step."""
    manager = roster.manager_of(tx, person_id)
    finance = {one.id: one for one in roster.finance_people(tx) if one.id is not None}
    known = finance | ({manager.id: manager} if manager is not None and manager.id is not None else {})
    ids = deciders(step, requester=person_id, manager=manager.id if manager else None, finance=finance)
    return [known[one] for one in ids]


def request_facts(tx: Tx, row: TopUp) -> dict[Fact, dict[str, Any]]:
    """What anybody in the approvals channel may see of a request. Notes are for the requester and those who decide."""
    account = query.account(tx.session, row.account_id)
    period_end = account.period_end or row.expires_at
    requested = {
        "top_up_id": row.id,
        "status": row.status,
        "step": row.step,
        "asked": row.asked_nanos,
        "approved": row.approved_nanos,
        "reason": reason_of(tx, row),
        "deciders": [whom(one) for one in deciders_of(tx, row.person_id, row.step)] if row.status == "pending" else [],
        "decided_by": who(roster.person(tx, row.decided_by)) if row.decided_by is not None else None,
        "decided_at": row.decided_at.isoformat() if row.decided_at else None,
        "expires_at": min(row.expires_at, period_end).isoformat(),
        "until": row.grant_expires_at.isoformat() if row.grant_expires_at else None,
    }
    return {
        Fact.NAME: {"person": who(roster.person(tx, row.person_id))},
        Fact.PERIOD: {"label": account.period, "ends_at": period_end.isoformat()},
        Fact.REQUESTED: requested,
    }


def owe_request(tx: Tx, row: TopUp) -> None:
    """Owe the card and, while somebody must decide, the question in its thread that mentions them once."""
    facts = request_facts(tx, row)
    for target in _targets(tx, row):
        uid = owe(tx, Message(f"top_up:{row.id}:card:{target.lane}", "top_up.card", target, Audience.CHANNEL, facts))
        query.add_card(tx.session, uid, the_id(row))
        if row.status == "pending":
            _owe_question(tx, row, target, uid, facts)


def _targets(tx: Tx, row: TopUp) -> Sequence[Target]:
    if tx.channels.approvals is not None:
        return [Target(channel=tx.channels.approvals)]
    if row.status != "pending":
        return []
    return [Target(person_id=one.id) for one in deciders_of(tx, row.person_id, row.step)]


def _owe_question(tx: Tx, row: TopUp, target: Target, card_uid: str, facts: Facts) -> None:
    message = Message(
        _question_key(row, card_uid), "top_up.ask_decision", target, Audience.CHANNEL, facts, parent_uid=card_uid
    )
    owe(tx, message)


def _question_key(row: TopUp, card_uid: str) -> str:
    return f"top_up:{row.id}:question:{card_uid}"


def owe_outcome(tx: Tx, row: TopUp) -> None:
    """Owe what a final status changes: the card, the question without its buttons, and the requester's message."""
    facts = request_facts(tx, row)
    for card_uid in query.card_uids(tx.session, the_id(row)):
        _owe_edit(tx, row, card_uid, "top_up.card", facts)
        question = owed_uid(tx, _question_key(row, card_uid))
        if question is not None:
            _owe_edit(tx, row, question, "top_up.ask_decision", facts)
    if row.status != "withdrawn":  # whoever withdraws is answered at once
        owe_to_requester(tx, row)


def _owe_edit(tx: Tx, row: TopUp, uid: str, kind: str, facts: Facts) -> None:
    # An edit goes to wherever its parent stands and waits until that is known; the target only paces it.
    target = Target(channel=tx.channels.approvals) if tx.channels.approvals else Target(person_id=row.person_id)
    key = f"top_up:{row.id}:{row.status}:{uid}"
    owe(tx, Message(key, kind, target, Audience.CHANNEL, facts, parent_uid=uid, edits=True))


def owe_to_requester(tx: Tx, row: TopUp) -> None:
    """Owe the requester what became of it, with what they have left after an approval."""
    facts = request_facts(tx, row)
    told = {**facts, Fact.REQUESTED: {**facts[Fact.REQUESTED], "note": note_of(tx, row)}}
    if row.status == "approved":
        account = query.account(tx.session, row.account_id)
        told[Fact.BUDGET] = {"available": ledger.standing(tx, account).available}
    target = Target(person_id=row.person_id)
    owe(tx, Message(f"top_up:{row.id}:outcome", "top_up.outcome", target, Audience.PERSON, told))
