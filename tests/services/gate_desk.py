"""Somebody who asks the gate before calls, and sends the usage of calls that were made."""

from dataclasses import dataclass
from typing import Any

from bot.gateways.guardrail import Call
from bot.rules.gate import Refused
from bot.rules.usage import call_key
from bot.services.gate import Gate
from bot.services.policy import import_policy
from bot.services.token import create_token
from bot.services.usage import record
from bot.services.verb import Company
from tests.services.usage_facts import fact, rows

USD = 1_000_000_000
KEY_HASH = "hash-of-a-key"


def policy(mode: str, *, budget: int = 100, more: str = "") -> str:
    return f'[allotment]\nkind = "fixed"\namount_usd = {budget}\n[enforcement]\nmode = "{mode}"\n{more}'


@dataclass(frozen=True)
class Desk:
    """A company whose calls pass the gate."""

    company: Company
    gate: Gate
    token: str

    def ask(self, call_id: str = "c1", email: str = "ada@example.com", **changes: Any) -> Refused | None:
        """None when the call may be made."""
        call = Call(email=email, call_key=call_key(KEY_HASH, call_id), **changes)
        verdict = self.gate.decide(self.token, call)
        return verdict if isinstance(verdict, Refused) else None

    def allows(self, call_id: str = "c1", email: str = "ada@example.com", **changes: Any) -> bool:
        return self.ask(call_id, email, **changes) is None

    def spend(self, call_id: str, nanos: int, email: str = "ada@example.com") -> None:
        """The usage of a call arrives."""
        now = self.company.clock.now()
        event = fact(f"event-{call_id}", email, cost_nanos=nanos, occurred_at=now, call_key=call_key(KEY_HASH, call_id))
        record(self.company, [event])

    def spend_evenly(self, calls: int, nanos: int) -> None:
        """The usage of so many calls that the gate was not asked about."""
        now = self.company.clock.now()
        key = f"even-{now.isoformat()}"
        record(self.company, [fact(f"{key}-{n}", cost_nanos=nanos, occurred_at=now) for n in range(calls)])

    def reserved(self) -> list[int]:
        """What is set aside, oldest first."""
        return [nanos for (nanos,) in rows(self.company, "SELECT nanos FROM gate_reservation ORDER BY id")]


def open_desk(company: Company, text: str) -> Desk:
    """A gate and its token, with this policy."""
    import_policy(company, text, by="test")
    return Desk(company, Gate(company), create_token(company, "litellm-gate", "gate", by="test"))
