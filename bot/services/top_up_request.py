"""A request as the services know it: how it stands, what its people are told, and its settling."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.rules.errors import Refused
from bot.rules.policy import Policy
from bot.rules.top_up import Kind, Status, spell
from bot.services import account as accounts
from bot.services import audit, ledger, policy, roster
from bot.services.top_up_message import owe_outcome, reason_of, step_facts, step_word, the_id
from bot.services.top_up_people import deciders_of
from bot.services.verb import Tx
from db import top_up as query
from db.tables.ledger import Account
from db.tables.roster import Person
from db.tables.top_up import TopUp


class UnknownRequest(Refused):
    """That request does not exist."""


class AlreadyDecided(Refused):
    """This request has been decided already."""


class Changed(Refused):
    """This request has been changed since. Nothing was decided."""


class NotYours(Refused):
    """Only the person who asked can do that."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it stands: what a listener needs to answer. Names are as in the roster.

    `step` is `auto` where it approved itself, else the kinds of the step that waits, or of the last one. `steps` has
    for each step of the version its `position`, who decided it (`decided_by`, `on_behalf_of`: names or None) and what
    was `allowed`. `at_most` is what can still be approved: earlier steps may have lowered it.
    """

    id: int
    person_id: int
    requester: str
    version: int
    kind: Kind
    asked_nanos: int
    at_most: int
    approved_nanos: int | None
    reason: str
    status: Status
    step: str
    steps: list[dict[str, Any]]
    deciders: list[str]
    decided_by: str | None
    offered_nanos: int | None
    offered_by: str | None
    expires_at: datetime
    until: datetime | None
    period: str

    @property
    def is_over(self) -> bool:
        """Whether its time was over before anybody decided."""
        return self.status in {"expired", "period_ended"}


def request_of(tx: Tx, row: TopUp) -> Request:
    """The request of a row."""
    account = query.account(tx.session, row.account_id)
    return Request(
        id=the_id(row),
        person_id=row.person_id,
        requester=roster.person(tx, row.person_id).name,
        version=row.version,
        kind=cast("Kind", row.kind),
        asked_nanos=row.asked_nanos,
        at_most=at_most(tx, row),
        approved_nanos=row.approved_nanos,
        reason=reason_of(tx, row),
        status=cast("Status", row.status),
        step=step_word(tx, row),
        steps=step_facts(tx, row),
        deciders=[one.name for one in deciders_of(tx, row)] if row.status == "pending" else [],
        decided_by=_name(tx, row.decided_by),
        offered_nanos=row.counter_nanos,
        offered_by=_name(tx, row.counter_by),
        expires_at=min(row.expires_at, account.period_end or row.expires_at),
        until=row.grant_expires_at,
        period=account.period or "",
    )


def _name(tx: Tx, person_id: int | None) -> str | None:
    return roster.person(tx, person_id).name if person_id is not None else None


def at_most(tx: Tx, row: TopUp) -> int:
    """The most that can be approved: what was asked for, or less where a step before allowed less."""
    steps = query.steps_of(tx.session, row)
    return min([row.asked_nanos, *(step.allowed_nanos for step in steps if step.allowed_nanos is not None)])


def existing(tx: Tx, top_up_id: int) -> TopUp:
    """The request; raises UnknownRequest."""
    row = query.by_id(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    return row


def own_account(tx: Tx, person_id: int) -> Account:
    """The person's account of this period, held so that their requests are made and decided one after the other."""
    account = ledger.ensure_periods(tx, person_id)
    query.lock_account(tx.session, accounts.id_of(account))
    return account


def held(tx: Tx, top_up_id: int) -> TopUp:
    """The request, held with its requester's account: nothing about it changes until the transaction ends.

    The sum of what was approved must not change either. Raises UnknownRequest.
    """
    own_account(tx, existing(tx, top_up_id).person_id)
    row = query.hold(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    return row


def refuse_late(tx: Tx, row: TopUp, version: int | None) -> None:
    """Raise AlreadyDecided for a request that does not wait, and Changed for a version that was changed since."""
    if row.status != "pending":
        raise AlreadyDecided(what_became(request_of(tx, row)))
    if version is not None and version != row.version:
        name = roster.person(tx, row.person_id).name
        raise Changed(
            f"{name} has changed this request since: it is for {spell(row.asked_nanos)} now. Nothing was decided;"
            " the newest question in the thread is the one to answer."
        )


def settle(tx: Tx, row: TopUp, values: dict[str, Any]) -> TopUp:
    """Change a pending request of the version that was read; raises AlreadyDecided when somebody else was first."""
    won = query.settle(tx.session, row, values)
    now = existing(tx, the_id(row))
    if not won:
        refuse_late(tx, now, row.version)
        raise AlreadyDecided
    return now


def grant(tx: Tx, row: TopUp, account: Account) -> None:
    """Post the grant of a request that was approved."""
    if row.approved_nanos is None:
        raise AssertionError("Only an approved request is granted.")
    ledger.grant_top_up(tx, account, row.approved_nanos, expires_at=row.grant_expires_at, cause=f"top_up:{row.id}")


def remind_at(tx: Tx, rules: Policy) -> datetime:
    """When whoever decides is reminded first, counted from now."""
    return tx.now + timedelta(hours=rules.remind_after_hours)


def over(tx: Tx, row: TopUp) -> Status | None:
    """The status that time alone gives a pending request, if it is due: whichever came first, period or patience."""
    period_end = query.account(tx.session, row.account_id).period_end
    if period_end is not None and period_end <= min(tx.now, row.expires_at):
        return "period_ended"
    return "expired" if row.expires_at <= tx.now else None


def end(tx: Tx, row: TopUp) -> Request:
    """Give a request whose time is over the status that this gives it."""
    settled = settle(tx, row, {"status": over(tx, row), "decided_at": tx.now})
    audit.record(tx, "schedule", f"top_up.{settled.status}", f"top_up:{settled.id}")
    owe_outcome(tx, settled)
    return request_of(tx, settled)


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


def zone_of(tx: Tx, person_id: int) -> ZoneInfo:
    """The time zone in which a person reads dates: their own, else the company's."""
    name = roster.person(tx, person_id).timezone
    try:
        return ZoneInfo(name) if name else policy.zone(tx)
    except (ZoneInfoNotFoundError, ValueError):
        return policy.zone(tx)


def names_of(people: list[Person]) -> str:
    """`Fin or Flo`."""
    names = [one.name for one in people]
    if len(names) > 1:
        return f"{', '.join(names[:-1])} or {names[-1]}"
    return names[0] if names else "nobody"


def day_of(instant: datetime) -> str:
    """`16 November`."""
    return f"{instant:%d %B}".lstrip("0")
