"""Delegation: while somebody is away, a delegate decides top-ups that they decide as a manager or by name.

Finance is a role that several people have, so it is not delegated. The person may still decide too.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from bot.rules.audience import Audience, Fact
from bot.rules.errors import Refused
from bot.services import audit, roster
from bot.services.outbox import Message, Target, owe
from bot.services.top_up_request import zone_of
from bot.services.verb import Tx, look, verb
from db import delegation as query
from db import roster as people
from db.tables.roster import Delegation as Row

_LONGEST = timedelta(days=366)


class CannotDelegate(Refused):
    """That cannot be delegated."""


@dataclass(frozen=True, slots=True)
class Delegation:
    """Who acts for whom, up to when; `last_day` is the last day of it where the person is."""

    person_id: int
    person: str
    delegate_id: int
    delegate: str
    ends_at: datetime
    last_day: date


@verb("delegation.start")
def delegate(tx: Tx, person_id: int, delegate_id: int, last_day: date, *, by: str) -> Delegation:
    """Let a delegate decide for a person from now to the end of a day, where the person is.

    It takes the place of an earlier one. `by` says who recorded it, as the audit log does: `person:<id>`. Raises
    CannotDelegate.
    """
    people.hold(tx.session, person_id)
    if person_id == delegate_id:
        raise CannotDelegate("Nobody can be their own delegate. Nothing was changed.")
    if not roster.is_active(tx, person_id) or not roster.is_active(tx, delegate_id):
        raise CannotDelegate("Both have to be on the roster today. Nothing was changed.")
    ends_at = datetime.combine(last_day + timedelta(days=1), time(0), zone_of(tx, person_id)).astimezone(UTC)
    if not tx.now < ends_at <= tx.now + _LONGEST:
        raise CannotDelegate("The last day has to be today or later, and within a year. Nothing was changed.")
    known = query.of_person(tx.session, person_id, tx.now)
    if known is not None and (known.delegate_id, known.ends_at) == (delegate_id, ends_at):
        return _delegation(tx, known)
    query.end(tx.session, person_id, tx.now)
    row = Row(person_id=person_id, delegate_id=delegate_id, starts_at=tx.now, ends_at=ends_at, recorded_by=by,
              recorded_at=tx.now)  # fmt: skip
    made = _delegation(tx, query.add(tx.session, row))
    audit.record(tx, by, "delegation.start", f"person:{person_id}", {"ends_at": ends_at.isoformat()})
    _tell(tx, row, "delegation.begun", made)
    return made


@verb("delegation.end")
def end_delegation(tx: Tx, person_id: int, *, by: str) -> Delegation | None:
    """End a person's delegation at once; the one that it was, or None where there was none."""
    people.hold(tx.session, person_id)
    row = query.of_person(tx.session, person_id, tx.now)
    if row is None:
        return None
    was = _delegation(tx, row)
    query.end(tx.session, person_id, tx.now)
    audit.record(tx, by, "delegation.end", f"person:{person_id}")
    _tell(tx, row, "delegation.ended", was)
    return was


def _tell(tx: Tx, row: Row, kind: str, made: Delegation) -> None:
    told: dict[Fact, dict[str, Any]] = {
        Fact.NAME: {"person": {"name": made.person}},
        Fact.REQUESTED: {"last_day": made.last_day.isoformat()},
    }
    owe(tx, Message(f"{kind}:{row.id}", kind, Target(person_id=row.delegate_id), Audience.PERSON, told))


@look
def delegation_of(tx: Tx, person_id: int) -> Delegation | None:
    """Who acts for a person now."""
    row = query.of_person(tx.session, person_id, tx.now)
    return _delegation(tx, row) if row else None


@look
def delegated_to(tx: Tx, person_id: int) -> list[Delegation]:
    """For whom a person acts now."""
    return [_delegation(tx, row) for row in query.to_person(tx.session, person_id, tx.now)]


def _delegation(tx: Tx, row: Row) -> Delegation:
    last = (row.ends_at - timedelta(microseconds=1)).astimezone(zone_of(tx, row.person_id)).date()
    names = [roster.person(tx, one).name for one in (row.person_id, row.delegate_id)]
    return Delegation(row.person_id, names[0], row.delegate_id, names[1], row.ends_at, last)
