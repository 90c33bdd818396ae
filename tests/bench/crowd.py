"""Companies of many people, written straight into the tables: the services would take hours to hire them one by one."""

import os
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, text
from sqlmodel import Session, SQLModel

from bot.clock import FixedClock
from bot.rules.allotment import TermsFact, owed, salary
from bot.rules.period import Period
from bot.rules.policy import DEFAULTS
from bot.services.account import account_key
from bot.services.person import pay_key
from bot.services.policy import calendar, start_company
from bot.services.verb import Channels, Company, Tx, look
from db.seal import KEY_BYTES, Cipher, MasterKey, Sealed, Vault, person_owner
from db.session import Database
from db.tables.audit import DataKey
from db.tables.ledger import Account, Transfer
from db.tables.roster import Person, Team, Terms
from db.tables.usage import UsageRollup
from tests.conftest import NOW

DAYS = 5
USD = 1_000_000_000
FIRST_ON = date(2026, 11, 1)
_TEAMS = 50
_CHUNK = 5000
_WHERE_WE_ARE = "SELECT (SELECT id FROM account WHERE key = 'issued'), max(id) FROM account"


def salary_of(number: int) -> int:
    """A year's base salary in nano-dollars: hardly two people's are the same."""
    return (90_000 + number * 7919 % 300_007) * USD


def open_company(database: Database) -> Company:
    company = Company(database, FixedClock(NOW), Channels(alerts="C0ALERTS"))
    start_company(company, "UTC")
    return company


def slack_id(number: int) -> str:
    return f"U{number:09d}"


@look
def current_period(tx: Tx) -> Period:
    return calendar(tx).at(tx.now)


def hire(company: Company, count: int, spent: Callable[[int], int] | None = None) -> None:
    """Engineers with pay of their own, their accounts and allotments; `spent` is what each has spent by now.

    Their ids, their accounts' and their numbers are in the same order.
    """
    period = current_period(company)
    database = company.database

    def add(session: Session, _vault: Vault) -> None:
        session.execute(insert(Team), [{"id": number, "name": f"Team {number}"} for number in range(1, _TEAMS + 1)])
        issued, first = session.execute(text(_WHERE_WE_ARE)).one()
        for start in range(1, count + 1, _CHUNK):
            numbers = range(start, min(count + 1, start + _CHUNK))
            rows = [_one(database.master, number, first + number, issued, period) for number in numbers]
            for table in (Person, DataKey, Terms, Account, Transfer):
                session.execute(insert(table), [row[table] for row in rows])
            if spent is not None:
                session.execute(insert(UsageRollup), [
                    one for number in numbers for one in _rollups(first + number, spent(number))
                ])  # fmt: skip

    database.write("bench.hire", add)
    _catch_up(database)


def figures_of(period: Period, number: int) -> tuple[int, int]:
    """Somebody's allotment and salary of the period."""
    terms = [TermsFact(FIRST_ON, None, 0, "Team", None, "USD", salary_of(number), None)]
    return owed(period, terms, lambda _held: DEFAULTS, {}), salary(period, terms, {}, {}) or 0


def _one(
    master: MasterKey, number: int, account_id: int, issued: int, period: Period
) -> dict[type[SQLModel], dict[str, Any]]:
    key, owner, base = os.urandom(KEY_BYTES), person_owner(number), salary_of(number)
    cipher = Cipher(key)
    vault = Vault(lambda _owner: cipher)
    due, _ = figures_of(period, number)
    grant = f"allotment:{number}:{period.label}"
    return {
        Person: {
            "id": number, "email": f"p{number}@example.com", "name": f"Person {number}",
            "slack_user_id": slack_id(number), "timezone": "Europe/Berlin", "recorded_at": NOW,
        },
        DataKey: {"owner": owner, "wrapped": master.wrap(key, owner), "master": master.fingerprint},
        Terms: {
            "person_id": number, "effective_from": FIRST_ON, "revision": 0, "team_id": number % _TEAMS + 1,
            "roles": "", "currency": "USD", "recorded_at": NOW,
            "pay": _pay(vault, owner, number, base),
        },
        Account: {
            "id": account_id, "key": account_key(number, period), "kind": "person", "person_id": number,
            "period": period.label, "period_start": period.start, "period_end": period.end,
        },
        Transfer: {
            "key": grant, "kind": "allotment", "from_account_id": issued, "to_account_id": account_id, "owner": owner,
            "amount": vault.seal(owner, f"{due:020d}", f"transfer:{grant}"), "priority": 10, "cause": "terms",
            "occurred_at": period.start, "recorded_at": NOW,
        },
    }  # fmt: skip


def _pay(vault: Vault, owner: str, number: int, base: int) -> Sealed:
    return vault.seal(owner, {"base": base, "bonus": None, "equity": None}, pay_key(number, FIRST_ON, 0))


def _rollups(account_id: int, spent: int) -> Iterator[dict[str, Any]]:
    sums = ("unpriced_events", "input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens")
    for number in range(DAYS):
        yield {
            "account_id": account_id, "day": FIRST_ON + timedelta(days=number), "provider": "anthropic",
            "model": "claude-sonnet-4-5", "agent": "swarm", "events": 1, "output_tokens": 1000,
            "cost_nanos": spent // DAYS, **dict.fromkeys(sums, 0),
        }  # fmt: skip


def _catch_up(database: Database) -> None:
    """Ids were given by hand, and PostgreSQL plans by what it knows of a table."""
    if database.is_sqlite:
        statements: Sequence[str] = ()
    else:
        moved = ("person", "account", "team")
        statements = [f"SELECT setval('{name}_id_seq', (SELECT max(id) FROM {name}))" for name in moved]
    with database.engine.execution_options(stipend_write=True).begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    if not database.is_sqlite:
        with database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")
