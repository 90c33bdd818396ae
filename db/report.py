"""Queries of the digest: sums of rollups, who was in which team, and where usage is still nobody's."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import func
from sqlmodel import Session, col, select

from db.tables.ledger import Account
from db.tables.roster import Team, Terms
from db.tables.usage import UsageRollup


def spend_by_day(session: Session, first: date, last: date) -> Iterator[tuple[date, str, int | None, int | None, int]]:
    """(UTC day, kind of account, person, team, nano-dollars) for the days from `first` to `last`."""
    row, account = UsageRollup, Account
    columns: Any = (row.day, account.kind, account.person_id, account.team_id, func.sum(row.cost_nanos))
    found = (
        select(*columns)
        .select_from(row)
        .join(Account, col(Account.id) == col(UsageRollup.account_id))
        .where(UsageRollup.day >= first, UsageRollup.day <= last)
        .group_by(col(UsageRollup.day), col(Account.kind), col(Account.person_id), col(Account.team_id))
    )
    for day, kind, person, team, nanos in session.exec(found):
        yield day, kind, person, team, int(nanos or 0)


def spend_by_model(session: Session, day: date) -> Iterator[tuple[str, str, int | None, int]]:
    """(model, kind of account, person, nano-dollars) of a UTC day."""
    columns: Any = (UsageRollup.model, Account.kind, Account.person_id, func.sum(UsageRollup.cost_nanos))
    found = (
        select(*columns)
        .select_from(UsageRollup)
        .join(Account, col(Account.id) == col(UsageRollup.account_id))
        .where(col(UsageRollup.day) == day)
        .group_by(col(UsageRollup.model), col(Account.kind), col(Account.person_id))
    )
    for model, kind, person, nanos in session.exec(found):
        yield model, kind, person, int(nanos or 0)


def input_and_unpriced(session: Session, day: date) -> tuple[int, int, int]:
    """(input tokens from a cache, all input tokens, events without a price) of a UTC day."""
    row = UsageRollup
    sums: Any = (
        func.sum(row.cache_read_tokens),
        func.sum(row.input_tokens + row.cache_read_tokens + row.cache_write_5m_tokens + row.cache_write_1h_tokens),
        func.sum(row.unpriced_events),
    )
    read, everything, unpriced = session.exec(select(*sums).where(col(row.day) == day)).one()
    return int(read or 0), int(everything or 0), int(unpriced or 0)


def any_usage(session: Session) -> bool:
    """Whether there has ever been any usage."""
    return session.exec(select(UsageRollup.account_id).limit(1)).first() is not None


def teams_on(session: Session, day: date) -> dict[int, str]:
    """The team's name of each person who has terms on that day: the latest ones, and of these the last revision."""
    found = (
        select(Terms.person_id, Team.name)
        .join(Team, col(Team.id) == col(Terms.team_id))
        .where(Terms.effective_from <= day)
        .order_by(col(Terms.effective_from), col(Terms.revision))
    )
    return dict(session.exec(found).all())


def team_names(session: Session) -> dict[int, str]:
    """Every team's name by its id."""
    return {team.id: team.name for team in session.exec(select(Team)) if team.id is not None}
