"""Requests for a top-up: asked, withdrawn, ended by time. Each is one transaction; Slack is told by the outbox.

`UPDATE … WHERE status = 'pending'` decides who won. The grant is posted in the transaction of that update, so there is
exactly one for an approved request and none for any other. How a request is decided is in `top_up_decision`, how it is
changed in `top_up_edit`; both are given on from here.
"""

from datetime import timedelta

from bot.rules.errors import Refused
from bot.rules.top_up import Kind, clean_reason, spell
from bot.services import account as accounts
from bot.services import audit, policy, roster, top_up_cap
from bot.services.top_up_cap import CapReached
from bot.services.top_up_decision import (
    HasLeft,
    NotAnApprover,
    decide,
    decide_in,
    offer,
    pending_for,
    queue_of,
    refuse_others,
    to_decide,
)
from bot.services.top_up_edit import NobodyDecides, accept, add_steps, check_asked, edit, keep, steps_for
from bot.services.top_up_message import owe_outcome, owe_request, owe_to_requester
from bot.services.top_up_people import deciders_of
from bot.services.top_up_request import (
    AlreadyDecided,
    Changed,
    NotYours,
    Request,
    UnknownRequest,
    day_of,
    end,
    existing,
    grant,
    held,
    names_of,
    over,
    own_account,
    refuse_late,
    remind_at,
    request_of,
    settle,
    what_became,
    zone_of,
)
from bot.services.verb import Company, Tx, look, verb
from db import top_up as query
from db.seal import person_owner
from db.tables.ledger import Account
from db.tables.top_up import TopUp

__all__ = [
    "AlreadyAsked",
    "AlreadyDecided",
    "CapReached",
    "Changed",
    "HasLeft",
    "NobodyDecides",
    "NotAnApprover",
    "NotEmployed",
    "NotYours",
    "Request",
    "UnknownRequest",
    "accept",
    "ask",
    "decide",
    "decide_in",
    "edit",
    "expire_due",
    "keep",
    "offer",
    "pending_for",
    "queue_of",
    "refuse_others",
    "request",
    "to_decide",
    "what_became",
    "withdraw",
    "zone_of",
]


class AlreadyAsked(Refused):
    """You have a request that waits already. `waiting` is it: it can be changed with `edit`."""

    def __init__(self, sentence: str, waiting: Request) -> None:
        super().__init__(sentence)
        self.waiting = waiting


class NotEmployed(Refused):
    """You are not on the roster today, so nothing can be added to your budget."""


@verb("top_up.ask")
def ask(tx: Tx, person_id: int, amount_nanos: int, reason: str, request_key: str, kind: Kind = "once") -> Request:
    """Ask for a top-up; the same request key again gives the request that it made.

    A request within the automatic limit is approved at once. Raises AlreadyAsked, NobodyDecides, NotEmployed,
    CapReached, and Refused for an amount or a reason that cannot be.
    """
    check_asked(amount_nanos)
    account = own_account(tx, person_id)
    known = query.by_request_key(tx.session, request_key)
    if known is not None:
        return request_of(tx, known)
    if not roster.is_active(tx, person_id):
        raise NotEmployed
    _refuse_second(tx, person_id)
    row = _asked(tx, account, amount_nanos, clean_reason(reason), request_key, kind)
    audit.record(tx, f"person:{person_id}", "top_up.ask", f"top_up:{row.id}", {"asked": spell(amount_nanos)})
    if row.status == "approved":
        grant(tx, row, account)
    owe_request(tx, row)
    if row.status == "approved":
        owe_to_requester(tx, row)
    return request_of(tx, row)


def _refuse_second(tx: Tx, person_id: int) -> None:
    waiting = query.pending_of(tx.session, person_id)
    if waiting is None:
        return
    if over(tx, waiting) is not None:
        end(tx, waiting)
        return
    whose = names_of(deciders_of(tx, waiting))
    sentence = (
        f"You asked for {spell(waiting.asked_nanos)} on {day_of(waiting.created_at)} already, and {whose} has not"
        " decided yet. One request waits at a time: change it, withdraw it, or wait for the answer."
    )
    raise AlreadyAsked(sentence, request_of(tx, waiting))


def _asked(tx: Tx, account: Account, nanos: int, reason: str, request_key: str, kind: Kind) -> TopUp:
    person_id = accounts.person_of(account)
    rules = policy.policy_of(tx, person_id)
    steps = steps_for(tx, account, person_id, nanos, rules)
    if not steps:
        top_up_cap.refuse_beyond(tx, person_id, account.period or "", nanos, None)
    row = TopUp(
        request_key=request_key,
        person_id=person_id,
        account_id=accounts.id_of(account),
        asked_nanos=nanos,
        reason=tx.vault.seal(person_owner(person_id), reason, f"top_up.reason:{request_key}"),
        kind=kind,
        status="pending" if steps else "approved",
        approved_nanos=None if steps else nanos,
        decided_at=None if steps else tx.now,
        next_reminder_at=remind_at(tx, rules) if steps else None,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=rules.top_up_expires_after_days),
    )
    query.add(tx.session, row)
    add_steps(tx, row, steps)
    return row


@verb("top_up.withdraw")
def withdraw(tx: Tx, top_up_id: int, by: int) -> Request:
    """Take a request back. Raises UnknownRequest, NotYours and AlreadyDecided."""
    if existing(tx, top_up_id).person_id != by:
        raise NotYours
    row = held(tx, top_up_id)
    refuse_late(tx, row, None)
    settled = settle(tx, row, {"status": "withdrawn", "decided_by": by, "decided_at": tx.now})
    audit.record(tx, f"person:{by}", "top_up.withdrawn", f"top_up:{settled.id}")
    owe_outcome(tx, settled)
    return request_of(tx, settled)


def expire_due(company: Company) -> int:
    """End every request whose time or period is over; returns how many."""
    return sum(_expire(company, top_up_id) for top_up_id in _overdue(company))


@look
def _overdue(tx: Tx) -> list[int]:
    return list(query.overdue(tx.session, tx.now))


@verb("top_up.expire")
def _expire(tx: Tx, top_up_id: int) -> bool:
    row = query.hold(tx.session, top_up_id)
    if row is None or row.status != "pending" or over(tx, row) is None:
        return False
    end(tx, row)
    return True


@look
def request(tx: Tx, top_up_id: int) -> Request:
    """A request as it stands; raises UnknownRequest."""
    return request_of(tx, existing(tx, top_up_id))
