"""The audit log: who changed what, each row chained to the one before it."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from bot.services.verb import Tx
from db import audit
from db.tables.audit import Audit


def record(tx: Tx, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None) -> None:
    """Add a row in this transaction.

    `actor` is `command line`, `schedule` or `person:<id>`; `detail` never holds pay, names or addresses.
    """
    previous = audit.last_hash(tx.session)
    text = json.dumps(detail, sort_keys=True, separators=(",", ":")) if detail else ""
    row = Audit(at=tx.now, actor=actor, action=action, subject=subject, detail=text, previous_hash=previous, hash="")
    row.hash = _hash(row)
    audit.add(tx.session, row)


def broken_links(tx: Tx) -> list[str]:
    """Sentences that name each place where the chain does not hold; empty when it does."""
    problems = []
    expected = audit.first_hash()
    for row in audit.rows(tx.session):
        if row.previous_hash != expected:
            problems.append(f"Audit row {row.id} does not follow the row before it: a row is missing or was changed.")
        if row.hash != _hash(row):
            problems.append(f"Audit row {row.id} was changed after it was written.")
        expected = row.hash
    return problems


def _hash(row: Audit) -> str:
    parts = [row.previous_hash, row.at.isoformat(), row.actor, row.action, row.subject, row.detail]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
