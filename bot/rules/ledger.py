"""The ledger: how spend burns grants, what expires or is carried when, and the identity that always holds.

All amounts are nano-dollars.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

_SATURDAY = 5
_WORKING_DAYS_TO_CLOSE = 3


class NotConserved(Exception):
    """The ledger does not add up."""


@dataclass(frozen=True, slots=True)
class Grant:
    """Budget that somebody was given: what was granted of it, corrections included, and when it may be burnt.

    Without `expires_at` it ends with its period.
    """

    id: int
    amount: int = field(repr=False)
    priority: int
    granted_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an account stands. Overspend is a negative `available`.

    Raises NotConserved unless granted + carried in = available + spent + expired + carried out.
    """

    granted: int = field(repr=False)
    carried_in: int = field(repr=False)
    spent: int = field(repr=False)
    expired: int = field(repr=False)
    carried_out: int = field(repr=False)
    available: int = field(repr=False)

    def __post_init__(self) -> None:
        """Hold the identity."""
        gone = self.spent + self.expired + self.carried_out
        if self.granted + self.carried_in != self.available + gone:
            raise NotConserved(NotConserved.__doc__)


@dataclass(frozen=True, slots=True)
class Settlement:
    """What of each grant has expired, is carried to the next period, and is left; in burn order."""

    expired: Mapping[int, int] = field(repr=False)
    carried: Mapping[int, int] = field(repr=False)
    left: Mapping[int, int] = field(repr=False)


def settle(
    grants: Iterable[Grant],
    spent_before: Callable[[datetime | None], int],
    *,
    now: datetime,
    closing: bool,
    period_end: datetime,
) -> Settlement:
    """What should have expired and been carried of each grant by now.

    Spend burns the grants that can be burnt at its time in the order of priority, then earliest end, then earliest
    grant. What none of them covers stays due, and a later grant covers it: so usage that comes late eats what would
    have expired before it becomes overspend. `spent_before` gives the sum of an account's usage before an instant, and
    all of it for None; it is asked only about instants at which a grant within the period begins or ends. `closing`
    ends the period: what ends with it expires, and what lives longer is carried.
    """
    order = burn_order(grants, period_end)
    left = {grant.id: max(0, grant.amount) for grant in order}
    short = [grant for grant in order if grant.expires_at is not None and grant.expires_at < period_end]
    expired: dict[int, int] = {}
    due = counted = 0
    bounds = {at for grant in short for at in (grant.granted_at, grant.expires_at) if at and (closing or at <= now)}
    for at in sorted(bounds):
        so_far = spent_before(at)
        alive = [grant for grant in order if grant.id not in expired and grant.granted_at < at]
        due, counted = _burn(alive, left, due + so_far - counted), so_far
        for grant in short:
            if grant.expires_at == at:
                expired[grant.id], left[grant.id] = left[grant.id], 0
    _burn([grant for grant in order if grant.id not in expired], left, due + spent_before(None) - counted)
    carried: dict[int, int] = {}
    if closing:
        for grant in order:
            lives_on = grant.expires_at is not None and grant.expires_at > period_end
            goes_to = carried if lives_on else expired
            goes_to[grant.id] = goes_to.get(grant.id, 0) + left[grant.id]
            left[grant.id] = 0
    return Settlement(expired, carried, left)


def burn_order(grants: Iterable[Grant], period_end: datetime) -> list[Grant]:
    """The order in which spend takes grants: priority, then earliest end, then earliest grant."""
    return sorted(grants, key=lambda one: (one.priority, one.expires_at or period_end, one.granted_at, one.id))


def _burn(alive: Sequence[Grant], left: dict[int, int], due: int) -> int:
    """Take what is due from the grants in turn; returns what they do not cover."""
    for grant in alive:
        taken = max(0, min(left[grant.id], due))
        left[grant.id] -= taken
        due -= taken
    return due


def closes_on(last_on: date) -> date:
    """The day on which a period whose last day is given may close: the third working day after it, Monday to Friday."""
    day, seen = last_on, 0
    while seen < _WORKING_DAYS_TO_CLOSE:
        day += timedelta(days=1)
        seen += day.weekday() < _SATURDAY
    return day
