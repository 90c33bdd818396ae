"""Changing a request that waits: by its requester, or by taking an offer. Each change is a new version.

Steps are worked out anew, and what was approved of the version before lapses.
"""

from datetime import timedelta
from typing import Any

from bot.rules.errors import Refused
from bot.rules.policy import Policy
from bot.rules.top_up import MOST_NANOS, MOST_USD, clean_reason, is_automatic, spell
from bot.rules.top_up_step import Step, written
from bot.rules.top_up_tier import tier_for
from bot.services import account as accounts
from bot.services import audit, policy, top_up_cap
from bot.services.top_up_message import owe_outcome, owe_request, reason_of, the_id
from bot.services.top_up_people import can_be_decided, frozen
from bot.services.top_up_request import (
    AlreadyDecided,
    Changed,
    NotYours,
    Request,
    end,
    existing,
    grant,
    held,
    over,
    refuse_late,
    remind_at,
    request_of,
    settle,
    what_became,
)
from bot.services.verb import Company, Tx, verb
from db import top_up as query
from db.seal import person_owner
from db.tables.ledger import Account
from db.tables.top_up import TopUp, TopUpStep


class NobodyDecides(Refused):
    """Nobody could decide this request, so it was not made. Tell your admin."""


def check_asked(nanos: int) -> None:
    """Raise Refused for an amount that nobody can ask for."""
    if not 0 < nanos <= MOST_NANOS:
        raise Refused(f"A request is for more than zero and at most ${MOST_USD:,}.")


def steps_for(tx: Tx, account: Account, person_id: int, nanos: int, rules: Policy) -> list[Step]:
    """The steps that a request of this amount needs now, frozen; none where it approves itself.

    Raises NobodyDecides where policy or roster leave nobody for them.
    """
    total = nanos + query.approved_in(tx.session, accounts.id_of(account))
    if is_automatic(rules, total):
        return []
    tier = tier_for(rules.tiers, total)
    if tier is None:
        raise NobodyDecides(
            f"Nobody could decide a request for {spell(nanos)} of yours, so it was not made: policy lets nobody approve"
            " as much in one period. Ask for less, or tell your admin."
        )
    steps = frozen(tx, tier)
    if not can_be_decided(tx, person_id, steps):
        raise NobodyDecides(_nobody(nanos, steps))
    return steps


def _nobody(nanos: int, steps: list[Step]) -> str:
    needs = "a finance person besides yourself"
    if len(steps) > 1:
        needs = f"{len(steps)} different people besides yourself"
    asks = f"Nobody could decide a request for {spell(nanos)} of yours, so it was not made"
    return f"{asks}: it needs {needs}. Tell your admin."


def add_steps(tx: Tx, row: TopUp, steps: list[Step]) -> None:
    """Store the steps of a request's version."""
    rows = [
        TopUpStep(top_up_id=the_id(row), version=row.version, position=number, kinds=written(step.kinds))
        for number, step in enumerate(steps, 1)
    ]
    query.add_steps(tx.session, rows)


def edit(company: Company, top_up_id: int, by: int, nanos: int, reason: str, version: int) -> Request:
    """Change a request that waits; `by` is whoever asked, and `version` the one that they saw.

    The same change again gives the request as it made it. Raises UnknownRequest, NotYours, AlreadyDecided (also when
    its time is over), Changed, NobodyDecides, CapReached, and Refused for an amount or a reason that cannot be.
    """
    return _unless_over(_edit(company, top_up_id, by, nanos, reason, version))


def accept(company: Company, top_up_id: int, by: int, nanos: int, version: int) -> Request:
    """Take an offer of this amount: the request becomes one for it. Raises as `edit` does."""
    return _unless_over(_accept(company, top_up_id, by, nanos, version))


def _unless_over(request: Request) -> Request:
    if request.is_over:
        raise AlreadyDecided(what_became(request))
    return request


@verb("top_up.edit")
def _edit(tx: Tx, top_up_id: int, by: int, nanos: int, reason: str, version: int) -> Request:
    check_asked(nanos)
    row, why = _own(tx, top_up_id, by), clean_reason(reason)
    if _is_done(tx, row, nanos, why, version):
        return request_of(tx, row)
    refuse_late(tx, row, version)
    return _change(tx, row, nanos, why)


@verb("top_up.accept")
def _accept(tx: Tx, top_up_id: int, by: int, nanos: int, version: int) -> Request:
    row = _own(tx, top_up_id, by)
    reason = reason_of(tx, row)
    if _is_done(tx, row, nanos, reason, version):
        return request_of(tx, row)
    refuse_late(tx, row, version)
    if row.counter_nanos != nanos:
        raise Changed(f"There is no offer of {spell(nanos)} any more. Your request for {spell(row.asked_nanos)} stays.")
    return _change(tx, row, nanos, reason)


@verb("top_up.keep")
def keep(tx: Tx, top_up_id: int, by: int, version: int) -> Request:
    """Decline an offer; the request stays as it is. Raises as `edit` does."""
    row = _own(tx, top_up_id, by)
    refuse_late(tx, row, version)
    if row.counter_nanos is None:
        return request_of(tx, row)
    changed = settle(tx, row, {"counter_nanos": None, "counter_by": None})
    audit.record(tx, f"person:{by}", "top_up.offer_declined", f"top_up:{row.id}")
    return request_of(tx, changed)


def _own(tx: Tx, top_up_id: int, by: int) -> TopUp:
    if existing(tx, top_up_id).person_id != by:
        raise NotYours
    return held(tx, top_up_id)


def _is_done(tx: Tx, row: TopUp, nanos: int, reason: str, version: int) -> bool:
    """Whether the same click has made this version already."""
    return row.version == version + 1 and row.asked_nanos == nanos and reason_of(tx, row) == reason


def _change(tx: Tx, row: TopUp, nanos: int, reason: str) -> Request:
    if over(tx, row) is not None:
        return end(tx, row)
    if nanos == row.asked_nanos and reason == reason_of(tx, row):
        return request_of(tx, row)
    account = query.account(tx.session, row.account_id)
    rules = policy.policy_of(tx, row.person_id)
    steps = steps_for(tx, account, row.person_id, nanos, rules)
    values: dict[str, Any] = {
        "version": row.version + 1,
        "asked_nanos": nanos,
        "reason": tx.vault.seal(person_owner(row.person_id), reason, f"top_up.reason:{row.request_key}"),
        "counter_nanos": None,
        "counter_by": None,
        "grant_expires_at": None,
        "reminded": 0,
        "next_reminder_at": remind_at(tx, rules),
        "expires_at": tx.now + timedelta(days=rules.top_up_expires_after_days),
    }
    if not steps:
        top_up_cap.refuse_beyond(tx, row.person_id, account.period or "", nanos, None)
        values |= {"status": "approved", "approved_nanos": nanos, "decided_at": tx.now}
    changed = settle(tx, row, values)
    add_steps(tx, changed, steps)
    what = {"asked": spell(nanos), "version": changed.version}
    audit.record(tx, f"person:{row.person_id}", "top_up.edit", f"top_up:{row.id}", what)
    if steps:
        owe_request(tx, changed)
    else:
        grant(tx, changed, account)
        owe_outcome(tx, changed)
    return request_of(tx, changed)
