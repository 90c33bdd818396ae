"""Queries of the gate. The first ones are asked before every call, so they are written out: one statement each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, bindparam, delete, func, text, update
from sqlmodel import Session, col, select

from db.listed import among, listed
from db.seal import Sealed
from db.tables.audit import ApiToken
from db.tables.gate import GateGrace, GatePause, GateReservation
from db.types import UtcDateTime

_LOCK_CLASS = 7_301_442  # any number that nothing else locks
_LOCK_SPAN = 2**31

# Who asks: the token, the newest policy, whom the identity leads to, and by what policy may be scoped today.
_CALLER = (
    text("""
    SELECT t.id AS token_id, t.last_used_at AS last_used_at,
           (SELECT max(v.id) FROM policy_version AS v) AS newest_policy,
           l.person_id AS person_id, l.team_id AS team_id, p.email AS email, m.name AS team, w.country AS country,
           EXISTS (SELECT 1 FROM gate_pause AS g WHERE g.ended_at IS NULL) AS has_pauses
    FROM api_token AS t
    LEFT JOIN identity AS i ON i.kind = :kind AND i.value = :value
    LEFT JOIN identity_link AS l ON l.identity_id = i.id
         AND l.revision = (SELECT max(n.revision) FROM identity_link AS n WHERE n.identity_id = i.id)
    LEFT JOIN person AS p ON p.id = l.person_id
    LEFT JOIN terms AS w ON w.id = (
         SELECT x.id FROM terms AS x WHERE x.person_id = l.person_id AND x.effective_from <= :today
         ORDER BY x.effective_from DESC, x.revision DESC LIMIT 1)
    LEFT JOIN team AS m ON m.id = w.team_id
    WHERE t.token_hash = :token_hash AND t.scope = 'gate' AND t.revoked_at IS NULL
""")
    .bindparams(bindparam("today", type_=Date()))
    .columns(last_used_at=UtcDateTime())
)

# What a person's account of the period has: its usage, what is set aside, and whether a request waits.
_ACCOUNT = text("""
    SELECT a.id AS account_id, coalesce(sum(u.cost_nanos), 0) AS spent, coalesce(sum(u.events), 0) AS calls,
           (SELECT coalesce(sum(r.nanos), 0) FROM gate_reservation AS r
            WHERE r.account_id = a.id AND r.expires_at > :now) AS reserved,
           (SELECT q.id FROM top_up AS q WHERE q.person_id = a.person_id AND q.status = 'pending') AS waiting
    FROM account AS a LEFT JOIN usage_rollup AS u ON u.account_id = a.id
    WHERE a.key = :key GROUP BY a.id, a.person_id
""").bindparams(bindparam("now", type_=UtcDateTime()))

_TRANSFERS = text("""
    SELECT key, owner, amount, to_account_id FROM transfer WHERE from_account_id = :account
    UNION ALL SELECT key, owner, amount, to_account_id FROM transfer WHERE to_account_id = :account
""")


def caller(session: Session, token_hash: str, kind: str, value: str | None, today: date) -> Any | None:
    """Who asks: the row of `_CALLER`, or None when the token is not one of the gate."""
    values = {"token_hash": token_hash, "kind": kind, "value": value, "today": today}
    return session.connection().execute(_CALLER, values).first()


def account(session: Session, key: str, now: datetime) -> Any | None:
    """The row of `_ACCOUNT`, or None when there is no such account yet."""
    return session.connection().execute(_ACCOUNT, {"key": key, "now": now}).first()


def transfers(session: Session, account_id: int) -> Sequence[tuple[str, str, Sealed, int]]:
    """(key, owner, sealed amount, account that it comes to) of every transfer of an account."""
    rows = session.connection().execute(_TRANSFERS, {"account": account_id})
    return [(key, owner, Sealed(bytes(amount)), to_account) for key, owner, amount, to_account in rows]


def hold(session: Session, person_id: int) -> None:
    """Let nobody else reserve for this person until the end. On SQLite a writer is alone anyway."""
    if session.get_bind().dialect.name == "postgresql":
        values = {"kind": _LOCK_CLASS, "person": person_id % _LOCK_SPAN}
        session.execute(text("SELECT pg_advisory_xact_lock(:kind, :person)"), values)


def reserve(session: Session, row: GateReservation) -> None:
    """Set money aside for a call."""
    statement = (
        "INSERT INTO gate_reservation (account_id, call_key, nanos, expires_at)"
        " VALUES (:account_id, :call_key, :nanos, :expires_at)"
    )
    values = {name: getattr(row, name) for name in ("account_id", "call_key", "nanos", "expires_at")}
    session.connection().execute(text(statement).bindparams(bindparam("expires_at", type_=UtcDateTime())), values)


def release(session: Session, call_keys: Iterable[str]) -> int:
    """Give back what was set aside for these calls, one row for each time that a call is named; returns how many."""
    counted = Counter(call_keys)
    if not counted or session.exec(select(GateReservation.id).limit(1)).first() is None:
        return 0
    released = 0
    for times in range(max(counted.values())):
        again = [key for key, count in counted.items() if count > times]
        oldest = f"SELECT min(id) FROM gate_reservation WHERE {among(session, 'call_key')} GROUP BY call_key"  # noqa: S608
        statement = text(f"DELETE FROM gate_reservation WHERE id IN ({oldest})")  # noqa: S608
        found: Any = session.execute(statement, {"listed": listed(session, again)})
        released += int(found.rowcount)
    return released


def forget_expired(session: Session, now: datetime) -> int:
    """Delete what has been set aside for too long; returns how many rows."""
    found: Any = session.execute(delete(GateReservation).where(col(GateReservation.expires_at) <= now))
    return int(found.rowcount)


def has_expired(session: Session, now: datetime) -> bool:
    """Whether there is anything to forget."""
    found = select(GateReservation.id).where(GateReservation.expires_at <= now).limit(1)
    return session.exec(found).first() is not None


def grace(session: Session, key: str) -> GateGrace | None:
    """A person's grace of a period, by its blinded key."""
    return session.get(GateGrace, key)


def begin_grace(session: Session, row: GateGrace) -> None:
    """Note that it was begun."""
    session.add(row)
    session.flush()


def open_pauses(session: Session, owner: str) -> Sequence[GatePause]:
    """The pauses of a person or a team that nobody has ended; some may be over."""
    found = select(GatePause).where(GatePause.owner == owner, col(GatePause.ended_at).is_(None))
    return session.exec(found.order_by(col(GatePause.id))).all()


def add_pause(session: Session, row: GatePause) -> None:
    """Store a pause."""
    session.add(row)
    session.flush()


def last_asked(session: Session) -> datetime | None:
    """When the gate was last asked, to the minute."""
    return session.exec(select(func.max(ApiToken.last_used_at)).where(ApiToken.scope == "gate")).one()


def has_token(session: Session) -> bool:
    """Whether anybody could ask the gate."""
    found = select(ApiToken.id).where(ApiToken.scope == "gate", col(ApiToken.revoked_at).is_(None)).limit(1)
    return session.exec(found).first() is not None


def note_asked(session: Session, token_id: int, at: datetime) -> None:
    """Note that a token was used."""
    session.execute(update(ApiToken).where(col(ApiToken.id) == token_id).values(last_used_at=at))
