"""Companies with a ledger, for its tests: people, usage, top-ups, and the transfers that came of them."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from bot.services import account, ledger
from bot.services.roster import import_people, person_by_email
from bot.services.usage import Recorded, record
from bot.services.verb import Company, Tx
from db.seal import Vault
from db.tables.ledger import Account, Transfer
from tests.services.usage_facts import fact

USD = 1_000_000_000
HEADER = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,effective_from,ends_on"
T = TypeVar("T")


def bring(company: Company, *rows: str) -> Any:
    """Import people; a row is the part behind `email,name,team,manager_email,role,`, after an e-mail's first part."""
    lines = []
    for row in rows:
        name, _, rest = row.partition(" ")
        lines.append(f"{name}@example.com,{name.title()},Engines,,,{rest}")
    return import_people(company, "\n".join([HEADER, *lines]) + "\n", by="test")


def id_of(company: Company, name: str) -> int:
    card = person_by_email(company, f"{name}@example.com")
    assert card is not None
    return card.id


def spend(company: Company, name: str, nanos: int, at: datetime, key: str, **changes: Any) -> Recorded:
    """One call that cost so much."""
    return record(company, [fact(key, f"{name}@example.com", cost_nanos=nanos, occurred_at=at, **changes)])


def within(company: Company, work: Callable[[Tx], T]) -> T:
    """Run work in a write transaction of its own."""

    def inside(session: Session, vault: Vault) -> T:
        return work(Tx(session, vault, company.clock.now(), company.channels))

    return company.database.write("test", inside)


def seen(company: Company, work: Callable[[Tx], T]) -> T:
    """Run work on a snapshot."""
    return company.database.read(lambda session, vault: work(Tx(session, vault, company.clock.now(), company.channels)))


def ensure(company: Company, person_id: int) -> int:
    return within(company, lambda tx: account.id_of(ledger.ensure_periods(tx, person_id)))


def top_up(company: Company, person_id: int, nanos: int, cause: str, expires_at: datetime | None = None) -> None:
    def grant(tx: Tx) -> None:
        held = ledger.ensure_periods(tx, person_id)
        ledger.grant_top_up(tx, held, nanos, expires_at=expires_at, cause=cause)

    within(company, grant)


def transfers(company: Company, *kinds: str) -> list[tuple[str, int]]:
    """(key, nano-dollars) of every transfer of these kinds, or of all, in order."""

    def read(tx: Tx) -> list[tuple[str, int]]:
        found = tx.session.exec(select(Transfer).order_by(col(Transfer.id)))
        return [(row.key, account.amount_of(tx, row)) for row in found if not kinds or row.kind in kinds]

    return seen(company, read)


def standings(company: Company) -> dict[tuple[int | None, str | None], Any]:
    """The standing of every person's account by (person, period)."""

    def read(tx: Tx) -> dict[tuple[int | None, str | None], Any]:
        found = tx.session.exec(select(Account).where(Account.kind == "person"))
        return {(row.person_id, row.period): ledger.standing(tx, row) for row in found}

    return seen(company, read)
