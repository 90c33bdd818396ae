"""Deciding a request, one step after the other: approving in full or in part, denying, offering more.

Everything that can be refused is refused before anything is written. The requester, their account and the request are
held meanwhile, so that of several people at the same moment one decides and the others learn who it was.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Any

from bot.rules.errors import Refused
from bot.rules.top_up import MOST_NANOS, MOST_USD, spell
from bot.rules.top_up_reply import Approve, Verdict, check_amount, check_lowered, clean_note
from bot.services import audit, policy, roster, top_up_cap
from bot.services.top_up_message import owe_offer, owe_outcome, owe_request, step_note_key
from bot.services.top_up_people import able, deciders_of
from bot.services.top_up_request import (
    AlreadyDecided,
    Request,
    at_most,
    end,
    existing,
    grant,
    held,
    names_of,
    over,
    refuse_late,
    remind_at,
    request_of,
    settle,
    what_became,
    zone_of,
)
from bot.services.verb import Company, Tx, look, verb
from db import top_up as query
from db.seal import Sealed, person_owner
from db.tables.ledger import Account
from db.tables.top_up import TopUp, TopUpStep


class HasLeft(Refused):
    """Whoever asked is not on the roster any more, so nothing was granted. You can still deny the request."""


class NotAnApprover(Refused):
    """You do not decide this request."""


def decide(company: Company, top_up_id: int, by: int, verdict: Verdict, version: int | None = None) -> Request:
    """Approve the step that waits, in full or in part, or deny. `by` is the person who decides.

    `version` is the one that they saw; None takes whatever is asked now. A request with more steps waits afterwards.
    Raises UnknownRequest, AlreadyDecided (also when its time is over), Changed for an older version, NotAnApprover
    (also for one's own request), CapReached, and Refused for more than can be approved.
    """
    request = _decide(company, top_up_id, by, verdict, version)
    if request.is_over:
        raise AlreadyDecided(what_became(request))
    return request


@verb("top_up.decide")
def _decide(tx: Tx, top_up_id: int, by: int, verdict: Verdict, version: int | None) -> Request:
    return decide_in(tx, top_up_id, by, verdict, version)


def decide_in(tx: Tx, top_up_id: int, by: int, verdict: Verdict, version: int | None = None) -> Request:
    """`decide` inside somebody's transaction. A request whose time is over is ended, and returned as it is then."""
    row = pending_for(tx, top_up_id, by, version)
    if over(tx, row) is not None:
        return end(tx, row)
    steps = query.steps_of(tx.session, row)
    waiting = [step for step in steps if step.decided_by is None]
    if isinstance(verdict, Approve):
        return _approve(tx, row, waiting, by, verdict)
    note = _sealed_note(tx, row, clean_note(verdict.note), f"top_up.note:{row.request_key}")
    _take(tx, row, waiting[0], by, {})
    settled = settle(tx, row, {"status": "denied", "decided_by": by, "decided_at": tx.now, "note": note})
    _settled(tx, settled, by)
    return request_of(tx, settled)


def pending_for(tx: Tx, top_up_id: int, by: int, version: int | None = None) -> TopUp:
    """The pending request, held, if this person may decide this version now; else raises what they are told."""
    row = held(tx, top_up_id)
    refuse_late(tx, row, version)
    refuse_others(tx, row, by)
    return row


def refuse_others(tx: Tx, row: TopUp, by: int) -> None:
    """Raise for anybody who may not decide the request's present step: NotAnApprover, which says who does.

    AlreadyDecided for those whose step was decided before, by themselves or by somebody else.
    """
    if by in able(tx, row):
        return
    allowed = names_of(deciders_of(tx, row))
    done = [step for step in query.steps_of(tx.session, row) if step.decided_by is not None]
    mine = [step for step in done if by in {step.decided_by, step.on_behalf_of}]
    if mine:
        whom = "You have" if mine[-1].decided_by == by else f"{_name(tx, mine[-1])}, for you, has"
        raise AlreadyDecided(f"{whom} approved this request already. It waits for {allowed} now. Nothing was changed.")
    own = "You asked for this yourself, and nobody decides their own request. " if by == row.person_id else ""
    before = f"{_name(tx, done[-1])} has approved it already. " if done and not own else ""
    raise NotAnApprover(f"{own}{before}This request is for {allowed} to decide. Nothing was changed.")


def _name(tx: Tx, step: TopUpStep) -> str:
    return roster.person(tx, step.decided_by).name if step.decided_by is not None else "nobody"


def _approve(tx: Tx, row: TopUp, waiting: list[TopUpStep], by: int, verdict: Approve) -> Request:
    if not roster.is_active(tx, row.person_id):
        raise HasLeft
    account = query.account(tx.session, row.account_id)
    nanos, until = _allowed(tx, row, verdict), _until(tx, row, account, by, verdict)
    note = clean_note(verdict.note)
    if waiting[1:]:
        own_note = _sealed_note(tx, row, note, step_note_key(waiting[0]))
        _take(tx, row, waiting[0], by, {"allowed_nanos": nanos, "note": own_note})
        next_at = remind_at(tx, policy.policy_of(tx, row.person_id))
        changed = settle(tx, row, {"grant_expires_at": until, "reminded": 0, "next_reminder_at": next_at})
        what = {"step": waiting[0].kinds, "allowed": spell(nanos)}
        audit.record(tx, f"person:{by}", "top_up.step_approved", f"top_up:{row.id}", what)
        owe_request(tx, changed)
        return request_of(tx, changed)
    top_up_cap.refuse_beyond(tx, row.person_id, account.period or "", nanos, by)
    _take(tx, row, waiting[0], by, {"allowed_nanos": nanos})
    decision = {"decided_by": by, "decided_at": tx.now, "grant_expires_at": until}
    sealed = _sealed_note(tx, row, note, f"top_up.note:{row.request_key}")
    settled = settle(tx, row, {"status": "approved", "approved_nanos": nanos, "note": sealed, **decision})
    grant(tx, settled, account)
    _settled(tx, settled, by)
    return request_of(tx, settled)


def _take(tx: Tx, row: TopUp, step: TopUpStep, by: int, values: dict[str, Any]) -> None:
    decided = {"decided_by": by, "decided_at": tx.now, "on_behalf_of": able(tx, row)[by]}
    if not query.decide_step(tx.session, step, {**decided, **values}):
        raise AlreadyDecided


def _settled(tx: Tx, row: TopUp, by: int) -> None:
    last = [step for step in query.steps_of(tx.session, row) if step.decided_by is not None][-1]
    audit.record(tx, f"person:{by}", f"top_up.{row.status}", f"top_up:{row.id}", {"step": last.kinds})
    owe_outcome(tx, row)


def _allowed(tx: Tx, row: TopUp, verdict: Approve) -> int:
    most = at_most(tx, row)
    nanos = most if verdict.nanos is None else verdict.nanos
    check_amount(nanos, row.asked_nanos)
    check_lowered(nanos, most)
    return nanos


def _sealed_note(tx: Tx, row: TopUp, note: str, bound_to: str) -> Sealed | None:
    return tx.vault.seal(person_owner(row.person_id), note, bound_to) if note else None


def _until(tx: Tx, row: TopUp, account: Account, by: int, verdict: Approve) -> datetime | None:
    """The end of the last day where the approver is, or what a step before said if that is earlier.

    None when that is the period's last day, with which it ends.
    """
    if verdict.last_day is None or account.period_end is None:
        return row.grant_expires_at
    last_of_period = (account.period_end - timedelta(microseconds=1)).astimezone(policy.zone(tx)).date()
    if verdict.last_day == last_of_period:
        return row.grant_expires_at
    midnight = datetime.combine(verdict.last_day + timedelta(days=1), time(0), zone_of(tx, by)).astimezone(UTC)
    if midnight <= tx.now:
        raise Refused(f"{verdict.last_day.isoformat()} is past.")
    return min(midnight, row.grant_expires_at or midnight)


@verb("top_up.offer")
def offer(tx: Tx, top_up_id: int, by: int, nanos: int, version: int | None = None, note: str = "") -> Request:
    """Offer the requester more than they asked for: nothing is decided until they answer, with `accept` or `keep`.

    A later offer replaces an earlier one. Raises as `decide` does, and Refused for what is not more.
    """
    row = pending_for(tx, top_up_id, by, version)
    if over(tx, row) is not None:
        raise AlreadyDecided(f"The time of this request for {spell(row.asked_nanos)} is over. Nothing was changed.")
    if not row.asked_nanos < nanos <= MOST_NANOS:
        raise Refused(f"An offer is for more than the {spell(row.asked_nanos)} asked for, and at most ${MOST_USD:,}.")
    said = clean_note(note)
    changed = settle(tx, row, {"counter_nanos": nanos, "counter_by": by})
    audit.record(tx, f"person:{by}", "top_up.offer", f"top_up:{row.id}", {"offered": spell(nanos)})
    owe_offer(tx, changed, said)
    return request_of(tx, changed)


@look
def to_decide(tx: Tx, top_up_id: int, by: int, version: int | None = None) -> Request:
    """A pending request for somebody who is about to decide it; raises what they are told when they may not."""
    row = existing(tx, top_up_id)
    refuse_late(tx, row, version)
    refuse_others(tx, row, by)
    return request_of(tx, row)


@look
def queue_of(tx: Tx, by: int) -> list[Request]:
    """Every pending request whose present step this person may decide now, oldest first."""
    return [request_of(tx, row) for row in query.all_pending(tx.session) if by in able(tx, row)]
