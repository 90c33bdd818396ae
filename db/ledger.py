"""Queries of the ledger: accounts, transfers, and what usage sums up to."""

from collections.abc import Sequence

from sqlmodel import Session, col, select

from db.tables.ledger import Account


def make_company_accounts(session: Session, kinds: Sequence[str]) -> None:
    """Make those of the company's accounts that do not exist; the key of each is its kind."""
    known = set(session.exec(select(Account.key).where(col(Account.key).in_(kinds))))
    session.add_all(Account(key=kind, kind=kind) for kind in kinds if kind not in known)
    session.flush()
