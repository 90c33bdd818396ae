"""Who decides: the people of the roster as the steps of a request see them, at this moment."""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from bot.rules.money import NANOS
from bot.rules.policy import Policy
from bot.rules.top_up_step import People, Step, deciders, is_possible, named, named_in, read
from bot.rules.top_up_tier import FINANCE, ROLES, Tier
from bot.services import person, policy
from bot.services.verb import Tx, look
from db import delegation
from db import roster as query
from db import top_up as requests
from db.tables.roster import Person
from db.tables.top_up import TopUp, TopUpStep


def frozen(tx: Tx, tier: Tier) -> list[Step]:
    """The steps of a tier with named people by their ids, so that a new address changes nothing.

    Who is named and is not on the roster cannot decide; where that leaves nobody, finance does.
    """
    return [Step(_kinds(tx, kinds)) for kinds in tier.steps]


def _kinds(tx: Tx, kinds: Sequence[str]) -> tuple[str, ...]:
    found = [kind if kind in ROLES else _named(tx, kind) for kind in kinds]
    return tuple(kind for kind in found if kind) or (FINANCE,)


def _named(tx: Tx, email: str) -> str | None:
    one = query.person_by_email(tx.session, email)
    return named(one.id) if one is not None and one.id is not None else None


def steps_of(tx: Tx, row: TopUp) -> list[Step]:
    """The steps of a request's present version as they stand."""
    return [_step(step) for step in requests.steps_of(tx.session, row)]


def _step(row: TopUpStep) -> Step:
    decided = frozenset(one for one in (row.decided_by, row.on_behalf_of) if one is not None)
    return Step(read(row.kinds), decided, row.escalated_at is not None)


def people_of(tx: Tx, person_id: int, steps: Collection[Step]) -> People:
    """Who is what to a requester now."""
    manager = person.manager_of(tx, person_id)
    above = person.manager_of(tx, manager.id) if manager is not None and manager.id is not None else None
    names = {one for one in named_in(steps) if person.is_active(tx, one)}
    lending = names | {one.id for one in (manager, above) if one is not None and one.id is not None}
    acting = delegation.delegates(tx.session, lending, tx.now)
    return People(
        requester=person_id,
        manager=manager.id if manager else None,
        managers_manager=above.id if above else None,
        finance=frozenset(one.id for one in person.finance_people(tx) if one.id is not None),
        named=frozenset(names),
        delegates={whose: by for whose, by in acting.items() if person.is_active(tx, by)},
    )


def able(tx: Tx, row: TopUp) -> dict[int, int | None]:
    """Who may decide the request's present step now, each with whom they would do it for."""
    steps = steps_of(tx, row)
    return deciders(steps, people_of(tx, row.person_id, steps))


def deciders_of(tx: Tx, row: TopUp) -> list[Person]:
    """Those who may decide the request's present step now; first those who may in their own name."""
    found = able(tx, row)
    known = {one.id: one for one in query.people_with_ids(tx.session, list(found))}
    return [known[one] for one in sorted(found, key=lambda one: (found[one] is not None, one))]


def can_be_decided(tx: Tx, person_id: int, steps: Sequence[Step]) -> bool:
    """Whether there are enough different people now for all of these steps."""
    return is_possible(steps, people_of(tx, person_id, steps))


@look
def approver_warnings(tx: Tx, at: datetime | None = None) -> list[str]:
    """Sentences that name, by person and tier, everybody for whom nobody could decide a top-up.

    By the roster of today, and the policy of now or of another instant: of one that was just saved.
    """
    return list(dead_ends(tx, at))


def dead_ends(tx: Tx, at: datetime | None = None) -> Iterator[str]:
    """The same, in somebody's transaction. Who has no tiers of their own goes by the manager's limit."""
    everybody = person.active_people(tx)
    if not any(document.has_tiers for _, document in policy.documents(tx)):
        # Then nobody's own policy matters, and a large company's need not be read.
        yield from person.dead_ends(tx, {one.id for one in everybody if one.id is not None})
        return
    rules = {one.id: policy.policy_of(tx, one.id, at) for one in everybody if one.id is not None}
    yield from _strangers(tx, rules.values())
    default = {one for one, rule in rules.items() if not rule.top_up_tiers}
    yield from person.dead_ends(tx, default)
    for one in everybody:
        if one.id is not None and one.id not in default:
            yield from _ends_of(tx, one, one.id, rules[one.id])


def _strangers(tx: Tx, rules: Collection[Policy]) -> Iterator[str]:
    """Who is named as an approver and cannot be one."""
    names = {name for rule in rules for tier in rule.top_up_tiers for step in tier.steps for name in step}
    for email in sorted(names - set(ROLES)):
        one = query.person_by_email(tx.session, email)
        if one is None or one.id is None:
            yield f"The policy names {email} as an approver, who is not on the roster. Finance decides in their place."
        elif not person.is_active(tx, one.id):
            yield f"The policy names {email} as an approver, who has left. Finance decides in their place."


def _ends_of(tx: Tx, one: Person, person_id: int, rules: Policy) -> Iterator[str]:
    below = rules.auto_approve_nanos
    for tier in rules.tiers:
        if tier.up_to_nanos is not None and tier.up_to_nanos <= below:
            continue  # what is as small approves itself
        if not can_be_decided(tx, person_id, frozen(tx, tier)):
            yield f"Nobody could decide a top-up {_range(below, tier)} for {one.name}: {_why(tier)}."
        below = max(below, tier.up_to_nanos or 0)
    if rules.tiers[-1].up_to_nanos is not None:
        yield f"Nobody could decide a top-up above {_usd(below)} for {one.name}: no tier reaches further."


def _range(below: int, tier: Tier) -> str:
    return f"above {_usd(below)}" + (f" and up to {_usd(tier.up_to_nanos)}" if tier.up_to_nanos is not None else "")


def _why(tier: Tier) -> str:
    steps = ", then ".join(" or ".join(step) for step in tier.steps).replace("_", " ")
    return f"it needs {steps}, each a different person and none of them the one who asks"


def _usd(nanos: int) -> str:
    return f"${nanos // NANOS:,}"
