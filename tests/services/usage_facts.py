"""Facts for tests, and sums of what was made of them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from bot.rules.usage import Tokens, UsageFact
from bot.services.roster import import_people
from bot.services.verb import Company

AT = datetime(2026, 11, 10, 9, 30, tzinfo=UTC)
PEOPLE = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency\n"


def fact(external_id: str = "e1", email: str | None = "ada@example.com", **changes: Any) -> UsageFact:
    """A call that cost $1."""
    fields: dict[str, Any] = {
        "source": "file",
        "external_id": external_id,
        "occurred_at": AT,
        "identity_kind": "email",
        "identity_value": email,
        "provider": "openai",
        "model": "gpt-5",
        "agent": "",
        "session_id": "",
        "tokens": Tokens(input=100, cache_read=50, cache_write_5m=20, cache_write_1h=10, output=40, reasoning=5),
        "cost_nanos": 1_000_000_000,
        "basis": "estimated",
    }
    return UsageFact(**(fields | changes))


def add_people(company: Company, *emails: str) -> None:
    """Engineers of one team."""
    rows = [f"{email},{email.split('@')[0].title()},Engines,,,120000,,,USD" for email in emails]
    import_people(company, PEOPLE + "\n".join(rows) + "\n", by="test")


def rows(company: Company, statement: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a query finds."""
    return company.database.read(
        lambda session, _vault: [tuple(row) for row in session.execute(text(statement), values)]
    )


def spent(company: Company) -> dict[str, int]:
    """Nano-dollars by e-mail address or kind of account, from the events themselves."""
    found = rows(
        company,
        "SELECT coalesce(person.email, account.kind), sum(cost_nanos) FROM usage_event"
        " JOIN account ON account.id = account_id LEFT JOIN person ON person.id = account.person_id"
        " WHERE NOT informational GROUP BY 1",
    )
    return {who: int(nanos or 0) for who, nanos in found}


def rolled_up(company: Company) -> list[tuple[Any, ...]]:
    """Every rollup that says anything."""
    return rows(company, "SELECT * FROM usage_rollup WHERE events <> 0 OR cost_nanos <> 0 ORDER BY 1, 2, 3, 4, 5")
