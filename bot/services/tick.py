"""Ticks: the work that time makes due, by name. Each does what is due as of the company's clock, once.

What is owed is asked of the data, never of a record that a tick has run. So a tick may be late, run twice, run in two
processes at once or be killed, and leads to the same.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.rules.errors import Refused
from bot.services import (
    allotment,
    gate,
    gate_limit,
    ledger,
    notice,
    notice_sweep,
    policy,
    report,
    roster,
    top_up,
    top_up_reply,
)
from bot.services.round import Round, attempt, each
from bot.services.verb import Company, Tx, look, verb
from db import audit

_LOOKED_AT_ONCE = 200


class UnknownTick(Refused):
    """There is no such tick."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What became of a tick."""

    name: str
    round: Round

    @property
    def sentence(self) -> str:
        """For the operator: counts and the kinds of failures, nothing of anybody's figures."""
        done = f"{self.name}: {self.round.done} done"
        if not self.round.failed:
            return f"{done}."
        return f"{done}, {self.round.failed} failed ({', '.join(sorted(self.round.errors))})."


def run_tick(company: Company, name: str, *, scheduled: bool = False) -> Ran:
    """Run one tick. Its failures are counted, not raised. Raises UnknownTick for a name that is none.

    `scheduled` is for the schedule only: a sweep then keeps to its time of day.
    """
    if name not in TICKS:
        raise UnknownTick(f"There is no tick {name[:40]!r}. There are: {', '.join(TICKS)}.")
    started = company.clock.now()
    work = _SCHEDULED.get(name, TICKS[name]) if scheduled else TICKS[name]
    try:
        done = work(company)
    except Exception as error:  # noqa: BLE001 - the schedule goes on, and the operator is told
        done = Round(failed=1, errors=frozenset({type(error).__name__}))
    heartbeat = attempt(lambda: _ran(company, name, started))
    return Ran(name, done + Round(failed=heartbeat.failed, errors=heartbeat.errors))


def run_all(company: Company) -> list[Ran]:
    """Run every tick, in the order in which one's work leads to another's."""
    return [run_tick(company, name) for name in TICKS]


def run_ticks(company: Company, names: Iterable[str]) -> Iterator[str]:
    """Run these ticks and say of each what became of it."""
    for name in names:
        yield run_tick(company, name).sentence


@verb("tick.ran")
def _ran(tx: Tx, name: str, started: datetime) -> int:
    audit.job_started(tx.session, name, started)
    tx.session.flush()
    audit.job_finished(tx.session, name, tx.now)
    return 0


def _periods(company: Company) -> Round:
    """Grant what is owed for the current period early; every verb that touches a person would do it anyway."""
    total = Round()
    people = _people(company)
    for first in range(0, len(people), _LOOKED_AT_ONCE):
        behind = _behind(company, people[first : first + _LOOKED_AT_ONCE])
        total += each(behind, lambda person_id: _ensure(company, person_id))
    return total


@look
def _behind(tx: Tx, people: Sequence[int]) -> list[int]:
    """Those of the people to whom something is owed: a transaction for everybody would keep all others from writing."""
    return [person_id for person_id in people if _is_behind(tx, person_id)]


def _is_behind(tx: Tx, person_id: int) -> bool:
    try:
        found = allotment.survey(tx, person_id)
        has_begun = policy.calendar(tx).at(tx.now).label in found.accounts
        return not has_begun or allotment.is_behind(tx, found, {})
    except Exception:  # noqa: BLE001 - whose look fails is granted for alone, where the failure is counted
        return True


@look
def _people(tx: Tx) -> list[int]:
    return [person.id for person in roster.active_people(tx) if person.id is not None]


@verb("tick.period")
def _ensure(tx: Tx, person_id: int) -> int:
    ledger.ensure_periods(tx, person_id)
    return 1


def _close(company: Company) -> Round:
    return attempt(lambda: int(ledger.close_due(company) or 0))


def _top_ups(company: Company) -> Round:
    return attempt(lambda: int(top_up.expire_due(company) or 0))


def _replies(company: Company) -> Round:
    return attempt(lambda: int(top_up_reply.handle_replies(company) or 0))


def _gateways(company: Company) -> Round:
    return attempt(lambda: int(gate.forget_expired(company) or 0)) + gate_limit.write_due(company)


def _sweep(company: Company) -> Round:
    # People are told before the channel is, so whoever has just crossed a line counts today.
    return notice.tell_people(company) + attempt(lambda: notice_sweep.sweep(company, scheduled=False))


def _scheduled_sweep(company: Company) -> Round:
    if not notice_sweep.sweep_is_due(company):
        return Round()
    return notice.tell_people(company) + attempt(lambda: notice_sweep.sweep(company, scheduled=True))


def _digest(company: Company) -> Round:
    return attempt(lambda: report.post_digest(company) if report.digest_is_due(company) else 0)


TICKS: Mapping[str, Callable[[Company], Round]] = {
    "periods": _periods,
    "close": _close,
    "top_ups": _top_ups,
    "replies": _replies,
    "notices": notice.tell_people,
    "sweep": _sweep,
    "digest": _digest,
    "gateways": _gateways,
}
"""Every tick by its name, in the order in which they are run together."""

_SCHEDULED: Mapping[str, Callable[[Company], Round]] = {"sweep": _scheduled_sweep}
