"""Requests for a top-up: asked, decided, withdrawn, expired. Each is one transaction; Slack is told by the outbox.

`UPDATE … WHERE status = 'pending'` decides who won. The grant is posted in the transaction of that update, so there is
exactly one for an approved request and none for any other.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.rules.errors import Refused
from bot.rules.top_up import MOST_USD, Status, clean_reason, spell, step_of
from bot.rules.top_up_reply import Approve, Verdict, check_amount, clean_note
from bot.services import audit, ledger, policy, roster
from bot.services.top_up_message import deciders_of, owe_outcome, owe_request, owe_to_requester, reason_of, the_id
from bot.services.verb import Company, Tx, look, verb
from db import top_up as query
from db.seal import person_owner
from db.tables.ledger import Account
from db.tables.roster import Person
from db.tables.top_up import TopUp

_MOST_NANOS = MOST_USD * 1_000_000_000


class AlreadyAsked(Refused):
    """You have a request that waits already."""


class NobodyDecides(Refused):
    """Nobody could decide this request, so it was not made. Tell your admin."""


class HasLeft(Refused):
    """Whoever asked is not on the roster any more, so nothing was granted. You can still deny the request."""


class NotEmployed(Refused):
    """You are not on the roster today, so nothing can be added to your budget."""


class UnknownRequest(Refused):
    """That request does not exist."""


class NotAnApprover(Refused):
    """You do not decide this request."""


class AlreadyDecided(Refused):
    """This request has been decided already."""


class NotYours(Refused):
    """Only the person who asked can withdraw a request."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands: what a listener needs to answer. Names are as in the roster."""

    id: int
    person_id: int
    requester: str
    asked_nanos: int
    approved_nanos: int | None
    reason: str
    status: Status
    step: str
    deciders: list[str]
    decided_by: str | None
    expires_at: datetime
    until: datetime | None
    period: str

    @property
    def is_over(self) -> bool:
        """Whether its time was over before anybody decided."""
        return self.status in {"expired", "period_ended"}


@verb("top_up.ask")
def ask(tx: Tx, person_id: int, amount_nanos: int, reason: str, request_key: str) -> Request:
    """Ask for a top-up; the same request key again gives the request that it made.

    A request within the automatic limit is approved at once. Raises AlreadyAsked, NobodyDecides, NotEmployed, and
    Refused for an amount or a reason that cannot be.
    """
    if not 0 < amount_nanos <= _MOST_NANOS:
        raise Refused(f"A request is for more than zero and at most ${MOST_USD:,}.")
    account = _own_account(tx, person_id)
    known = query.by_request_key(tx.session, request_key)
    if known is not None:
        return _request(tx, known)
    if not roster.is_active(tx, person_id):
        raise NotEmployed
    _refuse_second(tx, person_id)
    row = query.add(tx.session, _row(tx, account, person_id, amount_nanos, clean_reason(reason), request_key))
    audit.record(tx, f"person:{person_id}", "top_up.ask", f"top_up:{row.id}", {"asked": spell(amount_nanos)})
    if row.step == "auto":
        _grant(tx, row, account)
    owe_request(tx, row)
    if row.status == "approved":
        owe_to_requester(tx, row)
    return _request(tx, row)


def _own_account(tx: Tx, person_id: int) -> Account:
    """The person's account of this period, held so that their requests are made and decided one after the other."""
    account = ledger.ensure_periods(tx, person_id)
    query.lock_account(tx.session, _account_id(account))
    return account


def _account_id(account: Account) -> int:
    if account.id is None:
        raise AssertionError("An account that was read from the database has an id.")
    return account.id


def _refuse_second(tx: Tx, person_id: int) -> None:
    waiting = query.pending_of(tx.session, person_id)
    if waiting is None:
        return
    if _over(tx, waiting) is not None:
        _end(tx, waiting)
        return
    whose = _names(deciders_of(tx, person_id, waiting.step))
    raise AlreadyAsked(
        f"You asked for {spell(waiting.asked_nanos)} on {_day(waiting.created_at)} already, and {whose} has not decided"
        " yet. One request waits at a time: withdraw it first, or wait for the answer."
    )


def _row(tx: Tx, account: Account, person_id: int, nanos: int, reason: str, request_key: str) -> TopUp:
    rules = policy.policy_of(tx, person_id)
    approved = query.approved_in(tx.session, _account_id(account))
    manager = roster.manager_of(tx, person_id)
    step = step_of(rules, nanos, approved, has_manager=manager is not None)
    if step != "auto" and not deciders_of(tx, person_id, step):
        raise NobodyDecides(
            f"Nobody could decide a request for {spell(nanos)} of yours, so it was not made: it needs a finance person"
            " besides yourself. Tell your admin."
        )
    return TopUp(
        request_key=request_key,
        person_id=person_id,
        account_id=_account_id(account),
        asked_nanos=nanos,
        reason=tx.vault.seal(person_owner(person_id), reason, f"top_up.reason:{request_key}"),
        step=step,
        status="approved" if step == "auto" else "pending",
        approved_nanos=nanos if step == "auto" else None,
        decided_at=tx.now if step == "auto" else None,
        created_at=tx.now,
        expires_at=tx.now + timedelta(days=rules.top_up_expires_after_days),
    )


def _grant(tx: Tx, row: TopUp, account: Account) -> None:
    if row.approved_nanos is None:
        raise AssertionError("Only an approved request is granted.")
    ledger.grant_top_up(tx, account, row.approved_nanos, expires_at=row.grant_expires_at, cause=f"top_up:{row.id}")


def decide(company: Company, top_up_id: int, by: int, verdict: Verdict) -> Request:
    """Approve, in full or in part, or deny. `by` is the person who decides.

    Raises UnknownRequest, NotAnApprover (also for one's own request), AlreadyDecided (also when its time is over),
    and Refused for more than was asked for.
    """
    request = _decide(company, top_up_id, by, verdict)
    if request.is_over:
        raise AlreadyDecided(what_became(request))
    return request


@verb("top_up.decide")
def _decide(tx: Tx, top_up_id: int, by: int, verdict: Verdict) -> Request:
    return decide_in(tx, top_up_id, by, verdict)


def decide_in(tx: Tx, top_up_id: int, by: int, verdict: Verdict) -> Request:
    """`decide` inside somebody's transaction. A request whose time is over is ended, and returned as it is then.

    Everything that can be refused is refused before anything is written.
    """
    row = pending_for(tx, top_up_id, by)
    if _over(tx, row) is not None:
        return _end(tx, row)
    account = query.account(tx.session, row.account_id)
    values = _approval(tx, row, account, by, verdict) if isinstance(verdict, Approve) else {"status": "denied"}
    settled = _settle(tx, row, values | _decision(tx, row, by, verdict))
    if settled.status == "approved":
        _grant(tx, settled, account)
    audit.record(tx, f"person:{by}", f"top_up.{settled.status}", f"top_up:{settled.id}", {"step": settled.step})
    owe_outcome(tx, settled)
    return _request(tx, settled)


def pending_for(tx: Tx, top_up_id: int, by: int) -> TopUp:
    """The pending request, if this person may decide it now; else raises what they are told.

    The requester's account is held from here on: the sum of what was approved must not change meanwhile.
    """
    row = query.by_id(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    _own_account(tx, row.person_id)
    row = query.by_id(tx.session, top_up_id)
    if row is None or row.status != "pending":
        raise AlreadyDecided(what_became(_request(tx, row)) if row else None)
    refuse_others(tx, row, by)
    return row


def refuse_others(tx: Tx, row: TopUp, by: int) -> None:
    """Raise NotAnApprover, which says who decides, for anybody who may not decide this request at this moment."""
    allowed = deciders_of(tx, row.person_id, row.step)
    if by in {one.id for one in allowed}:
        return
    own = "You asked for this yourself, and nobody decides their own request. " if by == row.person_id else ""
    raise NotAnApprover(f"{own}This request is for {_names(allowed)} to decide. Nothing was changed.")


def _approval(tx: Tx, row: TopUp, account: Account, by: int, verdict: Approve) -> dict[str, Any]:
    if not roster.is_active(tx, row.person_id):
        raise HasLeft
    nanos = row.asked_nanos if verdict.nanos is None else verdict.nanos
    check_amount(nanos, row.asked_nanos)
    return {
        "status": "approved",
        "approved_nanos": nanos,
        "grant_expires_at": _until(tx, account, by, verdict),
    }


def _decision(tx: Tx, row: TopUp, by: int, verdict: Verdict) -> dict[str, Any]:
    note = clean_note(verdict.note)
    sealed = tx.vault.seal(person_owner(row.person_id), note, f"top_up.note:{row.request_key}") if note else None
    return {"decided_by": by, "decided_at": tx.now, "note": sealed}


def _until(tx: Tx, account: Account, by: int, verdict: Approve) -> datetime | None:
    """The end of the last day where the approver is; None when that is the period's last day, with which it ends."""
    if verdict.last_day is None or account.period_end is None:
        return None
    last_of_period = (account.period_end - timedelta(microseconds=1)).astimezone(policy.zone(tx)).date()
    if verdict.last_day == last_of_period:
        return None
    midnight = datetime.combine(verdict.last_day + timedelta(days=1), time(0), zone_of(tx, by))
    if midnight <= tx.now:
        raise Refused(f"{verdict.last_day.isoformat()} is past.")
    return midnight.astimezone(UTC)


def zone_of(tx: Tx, person_id: int) -> ZoneInfo:
    """The time zone in which a person reads dates: their own, else the company's."""
    name = roster.person(tx, person_id).timezone
    try:
        return ZoneInfo(name) if name else policy.zone(tx)
    except (ZoneInfoNotFoundError, ValueError):
        return policy.zone(tx)


def _settle(tx: Tx, row: TopUp, values: dict[str, Any]) -> TopUp:
    won = query.settle(tx.session, the_id(row), values)
    now = query.by_id(tx.session, the_id(row))
    if now is None:
        raise UnknownRequest
    if not won:
        raise AlreadyDecided(what_became(_request(tx, now)))
    return now


@verb("top_up.withdraw")
def withdraw(tx: Tx, top_up_id: int, by: int) -> Request:
    """Take a request back. Raises UnknownRequest, NotYours and AlreadyDecided."""
    row = query.by_id(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    if row.person_id != by:
        raise NotYours
    settled = _settle(tx, row, {"status": "withdrawn", "decided_by": by, "decided_at": tx.now})
    audit.record(tx, f"person:{by}", "top_up.withdrawn", f"top_up:{settled.id}")
    owe_outcome(tx, settled)
    return _request(tx, settled)


def expire_due(company: Company) -> int:
    """End every request whose time or period is over; returns how many."""
    return sum(_expire(company, top_up_id) for top_up_id in _overdue(company))


@look
def _overdue(tx: Tx) -> list[int]:
    return list(query.overdue(tx.session, tx.now))


@verb("top_up.expire")
def _expire(tx: Tx, top_up_id: int) -> bool:
    row = query.by_id(tx.session, top_up_id)
    if row is None or row.status != "pending" or _over(tx, row) is None:
        return False
    try:
        _end(tx, row)
    except AlreadyDecided:  # somebody decided at this very moment
        return False
    return True


def _over(tx: Tx, row: TopUp) -> Status | None:
    """The status that time alone gives a pending request, if it is due: whichever came first, period or patience."""
    period_end = query.account(tx.session, row.account_id).period_end
    if period_end is not None and period_end <= min(tx.now, row.expires_at):
        return "period_ended"
    return "expired" if row.expires_at <= tx.now else None


def _end(tx: Tx, row: TopUp) -> Request:
    settled = _settle(tx, row, {"status": _over(tx, row), "decided_at": tx.now})
    audit.record(tx, "schedule", f"top_up.{settled.status}", f"top_up:{settled.id}")
    owe_outcome(tx, settled)
    return _request(tx, settled)


@look
def request(tx: Tx, top_up_id: int) -> Request:
    """A request as it stands; raises UnknownRequest."""
    row = query.by_id(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    return _request(tx, row)


@look
def to_decide(tx: Tx, top_up_id: int, by: int) -> Request:
    """A pending request for somebody who is about to decide it; raises what they are told when they may not."""
    row = query.by_id(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    if row.status != "pending":
        raise AlreadyDecided(what_became(_request(tx, row)))
    refuse_others(tx, row, by)
    return _request(tx, row)


def _request(tx: Tx, row: TopUp) -> Request:
    account = query.account(tx.session, row.account_id)
    decider = roster.person(tx, row.decided_by).name if row.decided_by is not None else None
    pending = row.status == "pending"
    return Request(
        id=the_id(row),
        person_id=row.person_id,
        requester=roster.person(tx, row.person_id).name,
        asked_nanos=row.asked_nanos,
        approved_nanos=row.approved_nanos,
        reason=reason_of(tx, row),
        status=cast("Status", row.status),
        step=row.step,
        deciders=[one.name for one in deciders_of(tx, row.person_id, row.step)] if pending else [],
        decided_by=decider,
        expires_at=min(row.expires_at, account.period_end or row.expires_at),
        until=row.grant_expires_at,
        period=account.period or "",
    )


def what_became(request: Request) -> str:
    """Who decided and how: the sentence for whoever comes late."""
    asked = spell(request.asked_nanos)
    match request.status:
        case "approved" if request.step == "auto":
            said = f"This request for {asked} was approved by itself when it was made"
        case "approved":
            part = "" if request.approved_nanos == request.asked_nanos else f"{spell(request.approved_nanos or 0)} of "
            said = f"{request.decided_by} has approved {part}the {asked} already"
        case "denied":
            said = f"{request.decided_by} has denied this request for {asked} already"
        case "withdrawn":
            said = f"{request.requester} has withdrawn this request for {asked}"
        case "expired":
            said = f"This request for {asked} has expired; {request.requester} can ask again"
        case "period_ended":
            said = f"The period of this request for {asked} has ended; {request.requester} can ask again"
        case _:
            return f"This request for {asked} waits."
    return f"{said}. Nothing was changed."


def _names(people: list[Person]) -> str:
    names = [one.name for one in people]
    if len(names) > 1:
        return f"{', '.join(names[:-1])} or {names[-1]}"
    return names[0] if names else "nobody"


def _day(instant: datetime) -> str:
    return f"{instant:%d %B}".lstrip("0")
