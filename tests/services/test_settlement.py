"""Which rows a closing and late usage write: they follow from plain facts, never from what is left."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import FixedClock
from bot.services import ledger
from bot.services.verb import Company, Tx
from db import ledger as query
from tests.services.books import USD, bring, id_of, seen, spend, top_up, transfers, within
from tests.services.test_ledger import ADA, CLOSING, MONTH, NOV, account_id, spoil, standing


@pytest.fixture
def ada(company: Company) -> int:
    bring(company, ADA)
    return id_of(company, "ada")


def test_closing_and_late_usage_write_the_same_rows_whatever_is_left(
    company: Company, ada: int, clock: FixedClock
) -> None:
    bring(company, "bob 120,,,USD,,")
    bob = id_of(company, "bob")
    for one in (ada, bob):
        top_up(company, one, 100 * USD, f"top_up:{one}", expires_at=datetime(2026, 12, 20, tzinfo=UTC))
    for name in ("ada", "bob"):
        spend(company, name, 900 * USD, NOV, f"{name} early")
    clock.at = CLOSING
    ledger.close_due(company)
    for day in (11, 12):
        for name in ("ada", "bob"):
            spend(company, name, 9_000 * USD, NOV.replace(day=day), f"{name} late {day}")
    assert (standing(company, ada).expired, standing(company, bob).available) == (MONTH - 18_900 * USD, -18_795 * USD)
    found = rows(company, "expiry", "carry")
    assert len(found) == 12
    assert [row for row in found if row[0] == ada] == [(ada, *row[1:]) for row in found if row[0] == bob]
    assert ledger.check_books(company) == []


def rows(company: Company, *kinds: str) -> list[tuple[int | None, str, str | None, str | None]]:
    """(person, kind, period it leaves, period it comes to) of these transfers, in order."""

    def read(tx: Tx) -> list[tuple[int | None, str, str | None, str | None]]:
        all_of_them = [row for row in query.transfers_after(tx.session, 0, 1000) if row.kind in kinds]
        sides = query.accounts_by_id(
            tx.session, [side for row in all_of_them for side in (row.from_account_id, row.to_account_id)]
        )
        return [
            (sides[row.from_account_id].person_id, row.kind, sides[row.from_account_id].period,
             sides[row.to_account_id].period)
            for row in all_of_them
        ]  # fmt: skip

    return seen(company, read)


def test_settling_again_writes_nothing_and_a_settling_that_is_missing_is_seen(
    company: Company, ada: int, clock: FixedClock
) -> None:
    spend(company, "ada", 2 * MONTH, NOV, "all and more")
    clock.at = CLOSING + timedelta(days=7)
    ledger.close_due(company)
    within(company, lambda tx: ledger.settle_accounts(tx, [account_id(company, ada)]))
    assert [nanos for _, nanos in transfers(company, "expiry")] == [0]
    spoil(company, "DELETE FROM transfer WHERE kind = 'expiry'")
    assert any("its expiry is not what" in problem for problem in ledger.check_books(company))
