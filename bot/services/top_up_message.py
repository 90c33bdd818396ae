"""What is said in Slack about a request: its card, the question in its thread, and its outcome."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.rules.audience import Audience, Fact
from bot.services import ledger, roster
from bot.services.outbox import Message, Target, owe, owed_uid
from bot.services.top_up_people import deciders_of
from bot.services.verb import Tx
from db import top_up as query
from db.seal import person_owner
from db.tables.roster import Person
from db.tables.top_up import TopUp, TopUpQuestion, TopUpStep

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


def step_note_key(step: TopUpStep) -> str:
    """What the sealed note of a step is bound to."""
    return f"top_up_step.note:{step.top_up_id}:{step.version}:{step.position}"


def step_word(tx: Tx, row: TopUp) -> str:
    """`auto` for what approved itself, else the kinds of the step that waits, or of the last one."""
    steps = query.steps_of(tx.session, row)
    if not steps or (row.status == "approved" and row.decided_by is None):
        return "auto"
    return next((step.kinds for step in steps if step.decided_by is None), steps[-1].kinds)


def step_facts(tx: Tx, row: TopUp) -> list[dict[str, Any]]:
    """The steps of the present version, as anybody in the approvals channel may see them."""
    return [
        {
            "position": step.position,
            "decided_by": _name(tx, step.decided_by),
            "on_behalf_of": _name(tx, step.on_behalf_of),
            "allowed": step.allowed_nanos,
        }
        for step in query.steps_of(tx.session, row)
    ]


def _name(tx: Tx, person_id: int | None) -> str | None:
    return roster.person(tx, person_id).name if person_id is not None else None


def request_facts(tx: Tx, row: TopUp) -> dict[Fact, dict[str, Any]]:
    """What anybody in the approvals channel may see of a request. Notes are for the requester and those who decide."""
    account = query.account(tx.session, row.account_id)
    period_end = account.period_end or row.expires_at
    steps = step_facts(tx, row)
    requested = {
        "top_up_id": row.id,
        "status": row.status,
        "version": row.version,
        "step": step_word(tx, row),
        "steps": steps,
        "asked": row.asked_nanos,
        "at_most": min([row.asked_nanos, *(step["allowed"] for step in steps if step["allowed"] is not None)]),
        "approved": row.approved_nanos,
        "reason": reason_of(tx, row),
        "deciders": [whom(one) for one in deciders_of(tx, row)] if row.status == "pending" else [],
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
    """Owe what a request looks like now, whenever it is asked, changed, or decided in one of several steps.

    The cards that there are already are edited, and questions that are not to be answered any more lose their buttons.
    Who decides next, and has no card, gets one; the question in its thread mentions them once.
    """
    facts, here = request_facts(tx, row), _place(tx, row)
    known = set(query.card_uids(tx.session, the_id(row)))
    for card_uid in sorted(known):
        _owe_edit(tx, row, card_uid, "top_up.card", facts, here)
        _retire(tx, row, card_uid, facts, here)
    for target in _targets(tx, row):
        uid = owe(tx, Message(f"top_up:{row.id}:card:{target.lane}", "top_up.card", target, Audience.CHANNEL, facts))
        if uid not in known:
            query.add_card(tx.session, uid, the_id(row))
        if row.status == "pending":
            _owe_question(tx, target, uid, facts, here)


_Place = tuple[int, int]
"""A version and the position of the step that waits in it."""


def _place(tx: Tx, row: TopUp) -> _Place:
    steps = query.steps_of(tx.session, row)
    waiting = [step.position for step in steps if step.decided_by is None]
    return row.version, min(waiting, default=len(steps) + 1)


def _retire(tx: Tx, row: TopUp, card_uid: str, facts: Facts, here: _Place) -> None:
    for question in query.questions_of(tx.session, card_uid):
        if (question.version, question.position) == here:
            continue
        why = {"version": question.version, "position": question.position}
        told = {**facts, Fact.REQUESTED: {**facts[Fact.REQUESTED], "retired": why}}
        _owe_edit(tx, row, question.uid, "top_up.ask_decision", told, (question.version, question.position))


def _targets(tx: Tx, row: TopUp) -> Sequence[Target]:
    if tx.channels.approvals is not None:
        return [Target(channel=tx.channels.approvals)]
    if row.status != "pending":
        return []
    return [Target(person_id=one.id) for one in deciders_of(tx, row)]


def _owe_question(tx: Tx, target: Target, card_uid: str, facts: Facts, here: _Place) -> None:
    version, position = here
    key = f"top_up:{facts[Fact.REQUESTED]['top_up_id']}:question:{version}:{position}:{card_uid}"
    if owed_uid(tx, key) is not None:
        return
    uid = owe(tx, Message(key, "top_up.ask_decision", target, Audience.CHANNEL, facts, parent_uid=card_uid))
    query.add_question(tx.session, TopUpQuestion(uid=uid, card_uid=card_uid, version=version, position=position))


def owe_outcome(tx: Tx, row: TopUp) -> None:
    """Owe what a final status changes: the card, the question without its buttons, and the requester's message."""
    facts, here = request_facts(tx, row), _place(tx, row)
    for card_uid in query.card_uids(tx.session, the_id(row)):
        _owe_edit(tx, row, card_uid, "top_up.card", facts, here)
        for question in query.questions_of(tx.session, card_uid)[-1:]:
            _owe_edit(tx, row, question.uid, "top_up.ask_decision", facts, here)
    if row.status != "withdrawn":  # whoever withdraws is answered at once
        owe_to_requester(tx, row)


def _owe_edit(tx: Tx, row: TopUp, uid: str, kind: str, facts: Facts, at: _Place) -> None:
    # An edit goes to wherever its parent stands and waits until that is known; the target only paces it.
    target = Target(channel=tx.channels.approvals) if tx.channels.approvals else Target(person_id=row.person_id)
    key = f"top_up:{row.id}:{row.status}:{at[0]}:{at[1]}:{uid}"
    owe(tx, Message(key, kind, target, Audience.CHANNEL, facts, parent_uid=uid, edits=True))


def owe_offer(tx: Tx, row: TopUp, note: str) -> None:
    """Owe the requester the question whether they want more than they asked for."""
    facts = request_facts(tx, row)
    offered = {
        "offered": row.counter_nanos,
        "offered_by": who(roster.person(tx, row.counter_by)) if row.counter_by is not None else None,
        "note": note,
    }
    told = {**facts, Fact.REQUESTED: {**facts[Fact.REQUESTED], **offered}}
    key = f"top_up:{row.id}:offer:{row.version}:{row.counter_by}:{row.counter_nanos}:{tx.now.isoformat()}"
    owe(tx, Message(key, "top_up.offer", Target(person_id=row.person_id), Audience.PERSON, told))


def _notes_before(tx: Tx, row: TopUp) -> list[dict[str, Any]]:
    """What was said with the steps before the last decision."""
    owner = person_owner(row.person_id)
    return [
        {"name": _name(tx, step.decided_by), "note": str(tx.vault.open(owner, step.note, step_note_key(step)))}
        for step in query.steps_of(tx.session, row)
        if step.note is not None
    ]


def owe_to_requester(tx: Tx, row: TopUp) -> None:
    """Owe the requester what became of it, with what they have left after an approval."""
    facts = request_facts(tx, row)
    told = {
        **facts,
        Fact.REQUESTED: {**facts[Fact.REQUESTED], "note": note_of(tx, row), "notes": _notes_before(tx, row)},
    }
    if row.status == "approved":
        account = query.account(tx.session, row.account_id)
        told[Fact.BUDGET] = {"available": ledger.standing(tx, account).available}
    target = Target(person_id=row.person_id)
    owe(tx, Message(f"top_up:{row.id}:outcome", "top_up.outcome", target, Audience.PERSON, told))
