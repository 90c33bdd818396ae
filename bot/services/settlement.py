"""Expiry and carrying over: when a grant ends, when a period closes, and when usage comes late."""

from collections.abc import Iterable

from bot.services import account as accounts
from bot.services.account import Book, Difference, Movement, id_of
from bot.services.verb import Tx
from db import ledger as query
from db.tables.ledger import Account


def settle_open(tx: Tx, account: Account) -> None:
    """Post what has expired of a person's open account by now."""
    _settle(tx, account)


def settle_accounts(tx: Tx, account_ids: Iterable[int]) -> None:
    """Bring expiry and carry of these accounts to what their usage leads to, in this transaction.

    Only differences are posted: late usage takes budget back that had expired before it becomes overspend. Where
    something is carried, the person's next period is settled too. Accounts of nobody are left alone.
    """
    held = query.lock(tx.session, account_ids)
    waiting = sorted((row for row in held if row.kind == "person"), key=accounts.start_of)
    while waiting:
        account = waiting.pop(0)
        if not _settle(tx, account):
            continue
        following = accounts.next_account(tx, account)
        if all(id_of(row) != id_of(following) for row in waiting):
            waiting = sorted([*waiting, *query.lock(tx.session, [id_of(following)])], key=accounts.start_of)


def _settle(tx: Tx, account: Account) -> bool:
    """Post the differences of one account; whether any of it is the next period's."""
    book = accounts.read_book(tx, account)
    found = accounts.differences(tx, book)
    for difference in found:
        _post(tx, book, difference)
    return any(difference.kind == "carry" for difference in found)


def _post(tx: Tx, book: Book, difference: Difference) -> None:
    account = book.account
    grant = next(one for one in book.grants() if one.id == difference.grant_id)
    if difference.kind == "expiry":
        other = accounts.company_account(tx, accounts.EXPIRED)
        ends = grant.expires_at
        when = ends if ends is not None and ends < accounts.end_of(account) else accounts.end_of(account)
    else:
        other, when = id_of(accounts.next_account(tx, account)), accounts.end_of(account)
    movement = Movement(
        kind=difference.kind,
        key=f"{difference.kind}:{id_of(account)}:{grant.id}:{difference.number + 1}",
        cause=f"{'close' if account.closed_at else 'end'}:{difference.basis}",
        occurred_at=when,
        grant_id=grant.id,
        priority=grant.priority,
        expires_at=grant.expires_at,
    )
    accounts.post(tx, movement, account, other, -difference.nanos)
