"""The ledger as the other services use it: granting, closing, and the proof that everything adds up.

Where a person stands is in `balance`; how accounts, grants and closings work in `account`, `allotment` and
`settlement`. All of it is given on from here.
"""

from collections.abc import Iterator
from datetime import datetime, time, timedelta

from bot.rules.ledger import NotConserved, closes_on
from bot.services import account as accounts
from bot.services import allotment, audit, policy
from bot.services.account import Movement, account_for, id_of, standing
from bot.services.allotment import ensure_periods
from bot.services.balance import Balance, Day, WhyEntry, balance, history, why
from bot.services.policy import calendar
from bot.services.round import Round, each
from bot.services.settlement import settle_accounts
from bot.services.verb import Company, Tx, look, verb
from db import ledger as query
from db import triggers
from db.seal import SealError
from db.tables import IMMUTABLE_TABLES
from db.tables.ledger import Account, Transfer
from db.usage import count_wrong_rollups

__all__ = [
    "Balance",
    "Day",
    "NotAllClosed",
    "WhyEntry",
    "account_for",
    "balance",
    "calendar",
    "check_books",
    "check_ledger",
    "close_due",
    "ensure_periods",
    "grant_top_up",
    "history",
    "settle_accounts",
    "standing",
    "why",
]

_SILENT = timedelta(days=7)
_CHUNK = 500


class NotAllClosed(Exception):
    """Some accounts that were due could not be closed; they are tried again at the next tick."""


def grant_top_up(tx: Tx, account: Account, amount_nanos: int, *, expires_at: datetime | None, cause: str) -> Transfer:
    """Grant a top-up to a person's account and return the transfer; `cause` is `top_up:<id>` and grants only once.

    Without `expires_at` it ends with the period; one beyond the period's end is carried over when the period closes.
    """
    if amount_nanos <= 0:
        raise ValueError("A top-up grants more than nothing.")
    known = query.transfer_by_key(tx.session, cause)
    if known is not None:
        return known
    top_up = Movement("top_up", cause, cause, tx.now, priority=accounts.GRANT_PRIORITY, expires_at=expires_at)
    return accounts.post(tx, top_up, account, accounts.company_account(tx, accounts.ISSUED), amount_nanos)


def close_due(company: Company) -> int:
    """Close every account whose period may close; returns how many. Raises NotAllClosed after trying all of them.

    A period closes on the third working day after its end, in the company's zone, once every source has an event past
    the end; one that has not been heard of for seven days is no longer waited for. An account stays open as long as a
    missing currency rate keeps its allotment from being granted.
    """
    done = last = _close_each(company)
    while last.done and not last.failed:
        # What was carried may have gone to a period that is over as well.
        last = _close_each(company)
        done += last
    if done.failed:
        raise NotAllClosed(f"{done.failed} accounts could not be closed: {', '.join(sorted(done.errors))}")
    return done.done


def _close_each(company: Company) -> Round:
    return each(_due_to_close(company), lambda account_id: _close(company, account_id))


@look
def _due_to_close(tx: Tx) -> list[int]:
    may_close: dict[datetime, bool] = {}
    found = []
    for row in query.open_ended_before(tx.session, tx.now):
        end = accounts.end_of(row)
        if end not in may_close:
            may_close[end] = _may_close(tx, end)
        if may_close[end]:
            found.append(id_of(row))
    return found


def _may_close(tx: Tx, end: datetime) -> bool:
    last_on = calendar(tx).at(end - timedelta(microseconds=1)).last_on
    opens = datetime.combine(closes_on(last_on), time(), tzinfo=policy.zone(tx))
    return tx.now >= opens and all(
        source.newest_event_at >= end or tx.now - source.read_at >= _SILENT for source in query.sources(tx.session)
    )


@verb("ledger.close")
def _close(tx: Tx, account_id: int) -> int:
    account = query.account(tx.session, account_id)
    person_id = accounts.person_of(account)
    ensure_periods(tx, person_id)
    [account] = query.lock(tx.session, [account_id])
    if account.closed_at is not None or not _is_whole(tx, account):
        return 0
    account.closed_at = tx.now
    tx.session.flush()
    settle_accounts(tx, [account_id])
    return 1


def _is_whole(tx: Tx, account: Account) -> bool:
    """Whether all that is owed for the account's period could be granted."""
    found = allotment.survey(tx, accounts.person_of(account))
    return all(due.no_rate is None for due in found.dues if due.period.label == account.period)


@look
def check_books(tx: Tx) -> list[str]:
    """Everything that can be proved on live data, as sentences without amounts; none means that it all holds."""
    return [*check_ledger(tx), *audit.broken_links(tx)]


def check_ledger(tx: Tx) -> list[str]:
    """What of the ledger does not hold, worked out again from its rows, as sentences without amounts."""
    return [*_missing_triggers(tx), *_wrong_rollups(tx), *_wrong_transfers(tx), *_wrong_accounts(tx)]


def _missing_triggers(tx: Tx) -> Iterator[str]:
    for name in triggers.missing_triggers(tx.session.connection(), IMMUTABLE_TABLES):
        yield f"The trigger {name} is missing, so rows that never change could be changed."


def _wrong_rollups(tx: Tx) -> Iterator[str]:
    wrong = count_wrong_rollups(tx.session)
    if wrong:
        yield f"Sums of usage do not agree with their events: {wrong}."


def _wrong_transfers(tx: Tx) -> Iterator[str]:
    after = 0
    while rows := query.transfers_after(tx.session, after, _CHUNK):
        for row in rows:
            try:
                if accounts.amount_of(tx, row) <= 0 and row.kind not in accounts.MAY_BE_NOTHING:
                    yield f"Transfer {row.id} moves nothing or less."
            except (SealError, ValueError):
                yield f"Transfer {row.id} does not open with its key: it was moved or changed."
        after = id_of(rows[-1])


def _wrong_accounts(tx: Tx) -> Iterator[str]:
    after = 0
    while rows := query.people_accounts_after(tx.session, after, _CHUNK):
        for row in rows:
            yield from _wrong_account(tx, row)
        after = id_of(rows[-1])


def _wrong_account(tx: Tx, account: Account) -> Iterator[str]:
    try:
        book = accounts.read_book(tx, account)
        found = book.standing
    except (SealError, ValueError):
        return  # said of the transfer already
    except NotConserved:
        yield f"Account {account.id} does not add up."
        return
    if account.closed_at is None:
        return
    if found.available > 0:
        yield f"Account {account.id} is closed and has budget left."
    if accounts.differences(tx, book):
        yield f"Account {account.id} is closed, and its expiry is not what its grants and usage lead to."
    out = {**book.posted(book.to_expired)}
    for grant_id, nanos in book.posted(book.carried_out).items():
        out[grant_id] = out.get(grant_id, 0) + nanos
    if any(out.get(grant.id, 0) > grant.amount for grant in book.grants()):
        yield f"Account {account.id} lets more of a grant end than was granted."
