"""Budgets out: what is owed to a gateway is written, read back, tried again, and told.

"Approved" and "in effect" are two facts. The vendor is asked outside of any transaction, under a lease; what is written
is worked out when it is written, so that the last write says the last budget, in whatever order things were owed.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from bot.gateways.protocol import Busy, Declined, Gateway, Lost, NotWritten, Unauthorised, Whom
from bot.services import account as accounts
from bot.services import gate_limit_message, person, policy
from bot.services.gate_owed import owe_limits
from bot.services.round import Round, attempt
from bot.services.verb import Company, Tx, look, verb
from db import gate_limit as query
from db import ledger
from db.seal import person_owner
from db.tables.ledger import Account

_AT_ONCE = 200
_LEASE = timedelta(minutes=2)
_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_MOST_IGNORED = 4  # a vendor may take minutes to show what it took


@dataclass(frozen=True)
class _Claim:
    """The writes of one account that are made together, and what is written."""

    ids: Sequence[int]
    whom: Whom = field(repr=False)
    nanos: int = field(repr=False)
    months: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a claim: its new status, the gateway's code, and how long to leave it alone."""

    status: str
    error: str = ""
    pause: timedelta | None = None


def write_due(company: Company) -> Round:
    """Write what is owed to every gateway that policy names and the settings know. Failures are counted."""
    total = Round()
    for gateway in _in_use(company):
        total += attempt(lambda gateway=gateway: _owe_missing(company, gateway.name))  # type: ignore[misc]
        total += _write_all(company, gateway)
    return total


def _in_use(company: Company) -> list[Gateway]:
    if not company.gateways:
        return []
    wanted = _wanted(company)
    return [gateway for gateway in company.gateways if gateway.name in wanted]


@look
def _wanted(tx: Tx) -> frozenset[str]:
    return policy.company_policy(tx).write_limits


def _owe_missing(company: Company, gateway: str) -> int:
    """Owe the budgets that were there before policy named the gateway."""
    return _owe_first(company, gateway) if _never_owed(company, gateway) else 0


@look
def _never_owed(tx: Tx, gateway: str) -> bool:
    return bool(query.never_owed(tx.session, gateway, tx.now, 1))


@verb("gate.limit.first")
def _owe_first(tx: Tx, gateway: str) -> int:
    rows = query.never_owed(tx.session, gateway, tx.now, _AT_ONCE)
    for row in rows:
        owe_limits(tx, row, f"first:{row.id}")
    return 0


def _write_all(company: Company, gateway: Gateway) -> Round:
    total = Round()
    for account_id in _due(company, gateway.name):
        claim = _claim(company, gateway, account_id)
        if claim is None:
            continue
        company.database.crash_point("gate.limit.before_write")
        try:
            outcome = _write(gateway, claim)
        except (Busy, Unauthorised) as error:
            _put_off(company, gateway, claim.ids, error)
            return total + Round(failed=1, errors=frozenset({type(error).__name__}))
        company.database.crash_point("gate.limit.after_write")
        total += attempt(lambda c=claim, o=outcome: _settle(company, gateway, c.ids, o))  # type: ignore[misc]
    return total


def _write(gateway: Gateway, claim: _Claim) -> _Outcome:
    """Write and read back. Raises Busy and Unauthorised: then nobody else's turn would end better."""
    if claim.months not in gateway.period_months:
        return _Outcome("refused", "period_length")
    lost = ""
    try:
        gateway.write(claim.whom, claim.nanos, claim.months)
    except Declined as error:
        return _Outcome("refused", str(error))
    except Lost as error:
        lost = str(error) or "lost"
    shown: int | None = None
    with suppress(Declined, Lost):
        shown = gateway.read(claim.whom)
    if shown == claim.nanos:
        return _Outcome("in_effect")
    return _Outcome("owed", lost) if lost else _Outcome("written", "shows_something_else")


@look
def _due(tx: Tx, gateway: str) -> Sequence[int]:
    return query.due(tx.session, gateway, tx.now, _AT_ONCE)


@verb("gate.limit.claim")
def _claim(tx: Tx, gateway: Gateway, account_id: int) -> _Claim | None:
    """Lease what is owed of an account, and work out what to write; None where somebody is at it, or it is over."""
    [account] = ledger.lock(tx.session, [account_id])
    rows = query.open_rows(tx.session, gateway.name, account_id)
    if any(row.leased_until and row.leased_until > tx.now for row in rows):
        return None
    if accounts.end_of(account) <= tx.now:
        for row in rows:
            row.status = "over"
        return None
    standing = accounts.standing(tx, account)
    # What has been spent counts at the gateway too, so its limit is the whole budget of the period.
    nanos = max(0, standing.available + standing.spent) // gateway.step_nanos * gateway.step_nanos
    owner = person_owner(accounts.person_of(account))
    for row in rows:
        row.leased_until, row.attempts = tx.now + _LEASE, row.attempts + 1
        row.desired = tx.vault.seal(owner, f"{nanos:020d}", f"gate_limit:{row.key}")
    return _Claim([row.id or 0 for row in rows], _whom(tx, gateway, account), nanos, _months(tx))


def _whom(tx: Tx, gateway: Gateway, account: Account) -> Whom:
    person_id = accounts.person_of(account)
    ids = query.identities_of(tx.session, person_id, f"{gateway.name}_user")
    return Whom(person.person(tx, person_id).email, frozenset(ids))


def _months(tx: Tx) -> int:
    return policy.company_policy(tx).period_months


@verb("gate.limit.settle")
def _settle(tx: Tx, gateway: Gateway, ids: Sequence[int], outcome: _Outcome) -> int:
    """Note what came of it, and owe the messages that say so; returns how many writes are in effect."""
    rows = query.rows(tx.session, ids)
    for row in rows:
        status = outcome.status
        if status == "written" and row.attempts >= _MOST_IGNORED:
            status = "ignored"
        row.status, row.error, row.leased_until = status, outcome.error, None
        row.not_before = tx.now + _pause(row.attempts) if status in query.OPEN else None
        if status in {"in_effect", "written", "ignored"}:
            row.written_at = row.written_at or tx.now
        if status == "in_effect":
            row.read_back_at = tx.now
        gate_limit_message.owe_outcome(tx, gateway, row)
    return sum(row.status == "in_effect" for row in rows)


def _pause(attempts: int) -> timedelta:
    return min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << min(attempts - 1, 10)))


@verb("gate.limit.put_off")
def _put_off(tx: Tx, gateway: Gateway, ids: Sequence[int], error: NotWritten) -> None:
    """Leave it for later; an attempt that the gateway did not look at is not counted."""
    for row in query.rows(tx.session, ids):
        row.leased_until, row.error = None, str(error)
        row.attempts -= 1
        wait = timedelta(seconds=error.retry_after) if isinstance(error, Busy) else _pause(10)
        row.not_before = tx.now + wait
    if isinstance(error, Unauthorised):
        gate_limit_message.owe_unauthorised(tx, gateway, str(error))
