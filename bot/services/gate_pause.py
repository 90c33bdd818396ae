"""Pausing an agent or a session: the gate refuses its calls until somebody lets it go on, or until an instant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.rules.errors import Refused
from bot.services import audit
from bot.services.verb import Tx, look, verb
from db import gate as query
from db.seal import person_owner
from db.tables.gate import GatePause

Kind = Literal["agent", "session"]
_LONGEST_NAME = 512


class NothingToPause(Refused):
    """An agent or a session to pause has a name of at most 512 characters."""


class PauseIsPast(Refused):
    """A pause ends in the future."""


@dataclass(frozen=True, slots=True)
class Pause:
    """An agent or a session that is refused now."""

    kind: str
    name: str
    until: datetime | None
    paused_by: str


def team_owner(team_id: int) -> str:
    """Whose pause it is, where a service key leads to a team."""
    return f"team:{team_id}"


@verb("gate.pause")
def pause(tx: Tx, owner: str, kind: Kind, name: str, *, by: str, until: datetime | None = None) -> Pause:
    """Refuse an agent's or a session's calls; `owner` is `person_owner` or `team_owner`. Again changes its end.

    Raises NothingToPause and PauseIsPast.
    """
    if not 0 < len(name) <= _LONGEST_NAME:
        raise NothingToPause
    if until is not None and until <= tx.now:
        raise PauseIsPast
    _end(tx, owner, kind, name, by)
    row = GatePause(owner=owner, kind=kind, name=name, until=until, paused_by=by, paused_at=tx.now)
    query.add_pause(tx.session, row)
    audit.record(tx, by, "gate.pause", owner, {"kind": kind})
    return _pause(row)


@verb("gate.resume")
def resume(tx: Tx, owner: str, kind: Kind, name: str, *, by: str) -> bool:
    """Let it go on; False when it was not paused."""
    if not _end(tx, owner, kind, name, by):
        return False
    audit.record(tx, by, "gate.resume", owner, {"kind": kind})
    return True


def _end(tx: Tx, owner: str, kind: str, name: str, by: str) -> bool:
    """End what is open under this name; whether it was still in force."""
    found = [row for row in query.open_pauses(tx.session, owner) if (row.kind, row.name) == (kind, name)]
    for row in found:
        row.ended_at, row.ended_by = tx.now, by
    tx.session.flush()
    return any(row.until is None or row.until > tx.now for row in found)


@look
def paused(tx: Tx, person_id: int) -> Sequence[Pause]:
    """What of a person's is paused now, oldest first."""
    rows = query.open_pauses(tx.session, person_owner(person_id))
    return [_pause(row) for row in rows if row.until is None or row.until > tx.now]


def _pause(row: GatePause) -> Pause:
    return Pause(row.kind, row.name, row.until, row.paused_by)
