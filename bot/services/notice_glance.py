"""A glance at many people at once, for the notices: whose spend is so plainly below their salary that nothing is owed.

It reads a handful of statements for all of them, and says nothing of whoever is not a plain case: they are looked at
one by one. What it says of the others is exact.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.rules.allotment import least_salary
from bot.rules.period import Period
from bot.rules.policy import Policy
from bot.services import policy
from bot.services.person import pay_key
from bot.services.verb import Tx
from db import data_key
from db import notice as query
from db.notice import Spender
from db.roster import Scope
from db.seal import Sealed, SealError, person_owner


@dataclass(frozen=True, slots=True)
class Glimpse:
    """Somebody's policy and their budget in nano-dollars. Their spend is below every line of their salary."""

    policy: Policy
    budget: int = field(repr=False)


def below_salary(tx: Tx, spenders: Sequence[Spender]) -> dict[int, Glimpse]:
    """By account: those who have one salary in dollars for the whole period, and spent too little to be near it."""
    data_key.read_ahead(tx.session, {person_owner(one.person_id) for one in spenders})
    terms = _only_terms(tx, spenders)
    policies = _Policies(tx)
    periods = {label: policy.calendar(tx).labelled(label) for label in {one.label for one in spenders}}
    found: dict[int, Policy] = {}
    for one in spenders:
        row = terms.get(one.person_id)
        if row is not None and _is_below(tx, one.spent or 0, row, held := policies.of(row), periods[one.label]):
            found[one.account_id] = held
    return {account: Glimpse(found[account], budget) for account, budget in _budgets(tx, found).items()}


def _only_terms(tx: Tx, spenders: Sequence[Spender]) -> dict[int, Any]:
    """The terms of those who have only ever had one."""
    by_person: dict[int, list[Any]] = {}
    for row in query.plain_terms(tx.session, {one.person_id for one in spenders}):
        by_person.setdefault(row.person_id, []).append(row)
    return {person: rows[0] for person, rows in by_person.items() if len(rows) == 1}


def _is_below(tx: Tx, spent: int, row: Any, held: Policy, period: Period) -> bool:
    # Days are dates here and texts there; written out they are the same.
    if row.currency != "USD" or row.ends_on is not None or str(row.effective_from) > str(period.first_on):
        return False
    bound_to = pay_key(row.person_id, row.effective_from, row.revision)
    try:
        base = tx.vault.open(person_owner(row.person_id), Sealed(row.pay), bound_to)["base"]
    except SealError:
        return False  # whoever looks at them alone counts the failure
    near = held.salary_near
    return bool(base) and spent * near.denominator < near.numerator * least_salary(period, base)


class _Policies:
    """What holds for people today, worked out once for all who share a scope."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._named = {name.casefold() for _, document in policy.documents(tx) for name in document.people}
        self._known: dict[tuple[str | None, str, str | None], Policy] = {}

    def of(self, row: Any) -> Policy:
        """What holds for whoever has these terms."""
        scope = (row.email if row.email in self._named else None, row.team, row.country)
        known = self._known.get(scope)
        if known is None:
            known = self._known[scope] = policy.policy_for(self._tx, Scope(*scope))
        return known


def _budgets(tx: Tx, accounts: Mapping[int, Policy]) -> dict[int, int]:
    """What each account was given and still has or has spent; one without a grant of its own is not there."""
    sums: dict[int, int] = {}
    granted: set[int] = set()
    for row in query.plain_transfers(tx.session, accounts):
        amount = int(tx.vault.open(row.owner, Sealed(row.amount), f"transfer:{row.key}"))
        sums[row.account_id] = sums.get(row.account_id, 0) + row.sign * amount
        if row.kind == "allotment":
            granted.add(row.account_id)
    return {account: sums[account] for account in granted}


def chunks(tx: Tx, labels: Sequence[str], size: int) -> Iterator[list[Spender]]:
    """Everybody who spent in these periods, some at a time."""
    after = 0
    while rows := query.spenders(tx.session, labels, after, size):
        yield [row for row in rows if row.spent is not None]
        after = rows[-1].account_id
