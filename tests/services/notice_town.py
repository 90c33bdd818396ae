"""People with pay who spend, and what has been owed to whom: for the tests of notices and of the digest."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select

from bot.rules.usage import Tokens, UsageFact
from bot.services.roster import import_people, person_by_email
from bot.services.usage import record
from bot.services.verb import Company, Tx, look
from db.seal import COMPANY
from db.tables.outbox import Outbox

USD = 1_000_000_000
HEADER = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,effective_from"


@dataclass(frozen=True)
class Owed:
    """A message of the outbox, opened."""

    kind: str
    channel: str | None
    person_id: int | None
    facts: dict[str, Any]
    after: tuple[str, ...]
    edits: bool
    parent_uid: str | None
    uid: str


@look
def owed(tx: Tx) -> list[Owed]:
    """Everything ever owed, in order; nothing has been sent."""
    rows = tx.session.exec(select(Outbox).where(Outbox.status == "pending").order_by(col(Outbox.position))).all()
    return [_owed(tx, row) for row in rows]


def _owed(tx: Tx, row: Outbox) -> Owed:
    assert row.body is not None
    body = tx.vault.open(COMPANY, row.body, f"outbox:{row.uid}")
    after = tuple(row.after.split(",")) if row.after else ()
    return Owed(
        body["kind"], body["channel"], body["person_id"], body["facts"], after, body["edits"], row.parent_uid, row.uid
    )


@dataclass
class Town:
    """A company whose people are called by the first part of their e-mail address."""

    company: Company
    numbers: Any = field(default_factory=itertools.count)
    seen: int = 0

    def hire(self, *people: tuple[str, int], team: str = "Engines", role: str = "", currency: str = "USD") -> None:
        rest = f"{currency},2026-01-01"
        rows = [f"{name}@example.com,{name.title()},{team},,{role},{pay},,,{rest}" for name, pay in people]
        import_people(self.company, "\n".join([HEADER, *rows]), by="test")

    def id(self, name: str) -> int:
        card = person_by_email(self.company, f"{name}@example.com")
        assert card is not None
        return card.id

    def spend(self, name: str | None, usd: float, *, at: datetime | None = None, model: str = "model-a") -> None:
        fact = UsageFact(
            source="test",
            external_id=f"e{next(self.numbers)}",
            occurred_at=at or self.company.clock.now(),
            identity_kind="email",
            identity_value=f"{name}@example.com" if name else None,
            provider="anthropic",
            model=model,
            agent="",
            session_id="",
            tokens=Tokens(input=100, cache_read=300, output=10),
            cost_nanos=round(usd * USD),
            basis="metered",
        )
        record(self.company, [fact])

    def news(self, *kinds: str) -> list[Owed]:
        """What has been owed since the last call, of these kinds or of all."""
        everything = owed(self.company)
        new, self.seen = everything[self.seen :], len(everything)
        return [one for one in new if not kinds or one.kind in kinds]
