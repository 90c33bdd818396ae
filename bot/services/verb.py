"""What every service is made of: a company to act on, and a transaction to act in.

    @verb("top_up.deny")
    def deny(tx: Tx, top_up_id: int, by: int) -> Outcome: ...

    deny(company, 12, by=3)      # one transaction, committed when it returns

A function that takes a `Tx` runs inside somebody's transaction; one that takes a `Company` opens its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from sqlmodel import Session

from bot.clock import Clock
from bot.gateways.protocol import Gateway
from db.seal import Vault
from db.session import Database, DatabaseBusy

__all__ = ["Channels", "Company", "DatabaseBusy", "Tx", "look", "verb"]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Channels:
    """Slack channel ids from the settings; a missing one means that its messages go by DM."""

    approvals: str | None = None
    alerts: str | None = None
    finance: str | None = None


@dataclass(frozen=True)
class Company:
    """What the services act on."""

    database: Database
    clock: Clock
    channels: Channels = field(default_factory=Channels)
    nudge: Callable[[], None] = lambda: None  # tells the delivery that something may be owed
    gateways: tuple[Gateway, ...] = ()  # to which budgets can be written, by the settings


@dataclass(frozen=True, slots=True)
class Tx:
    """One transaction: its session, its vault, and the instant at which it acts."""

    session: Session
    vault: Vault
    now: datetime
    channels: Channels


def verb(name: str) -> Callable[[Callable[Concatenate[Tx, P], T]], Callable[Concatenate[Company, P], T]]:
    """Make a function of a Tx into one of a Company that runs in its own write transaction.

    The name also names the crash points at both edges of the commit.
    """

    def decorate(work: Callable[Concatenate[Tx, P], T]) -> Callable[Concatenate[Company, P], T]:
        @wraps(work)
        def run(company: Company, /, *args: P.args, **kwargs: P.kwargs) -> T:
            def inside(session: Session, vault: Vault) -> T:
                return work(Tx(session, vault, company.clock.now(), company.channels), *args, **kwargs)

            result = company.database.write(name, inside)
            company.nudge()
            return result

        return run

    return decorate


def look(work: Callable[Concatenate[Tx, P], T]) -> Callable[Concatenate[Company, P], T]:
    """Make a function of a Tx into one of a Company that reads one snapshot and changes nothing."""

    @wraps(work)
    def run(company: Company, /, *args: P.args, **kwargs: P.kwargs) -> T:
        def inside(session: Session, vault: Vault) -> T:
            return work(Tx(session, vault, company.clock.now(), company.channels), *args, **kwargs)

        return company.database.read(inside)

    return run
