"""Caps: how much may be promised in a period, to the company and to a team, in allotments and top-ups together.

Whoever would promise more holds the cap's room first, so two approvals at the same moment never share it. Allotments
are granted whatever the cap says, and where they go beyond it, finance is told.
"""

from collections.abc import Collection, Iterator

from bot.rules.errors import Refused
from bot.rules.policy import caps
from bot.rules.top_up import spell
from bot.services import account as accounts
from bot.services import allotment, ledger, person, policy
from bot.services.verb import Tx
from db import roster
from db import top_up_cap as query
from db.seal import person_owner
from db.tables.top_up import TopUp

COMPANY, TEAM = "company", "team"


class CapReached(Refused):
    """That would go beyond what may be promised in this period, so nothing was granted."""


def refuse_beyond(tx: Tx, person_id: int, period: str, nanos: int, by: int | None) -> None:
    """Raise CapReached when a top-up of this amount has no room under every cap that the person is under.

    The sentence names the cap. Its sum, and what is promised of it, are for finance only: together with what one knows
    of a team they can give an allotment away.
    """
    team = person.team_name_of(tx, person_id)
    for scope, cap in caps(policy.company_policy(tx), policy.policy_of(tx, person_id)).items():
        name = team if scope == TEAM else None
        query.hold(tx.session, _key(tx, name), period)
        promised = _promised(tx, name, person_id, period)
        if promised + nanos > cap:
            told = by is not None and person.FINANCE in person.roles_of(tx, by)
            raise CapReached(_sentence(name, nanos, (cap, promised) if told else None))


def _key(tx: Tx, team: str | None) -> str:
    return COMPANY if team is None else f"team:{roster.teams(tx.session)[team]}"


def _sentence(team: str | None, nanos: int, figures: tuple[int, int] | None) -> str:
    whose = "the company" if team is None else f"team {team}"
    told = ""
    if figures is not None:
        cap, promised = figures
        told = f" The cap is {spell(cap)}, and {spell(promised)} of it is promised."
    return (
        f"{spell(nanos)} more would go beyond the cap of {whose} for this period, so nothing was granted.{told}"
        " A smaller amount may fit, and an admin can raise the cap."
    )


def _promised(tx: Tx, team: str | None, person_id: int, period: str) -> int:
    people = None if team is None else set(person.teammates(tx, person_id))
    return _allotted(tx, people, period) + _approved(tx, people, period)


def _allotted(tx: Tx, people: Collection[int] | None, period: str) -> int:
    """What was allotted, and for whom nothing was yet, what is owed."""
    total, posted = 0, set()
    for row, transfer in query.allotments(tx.session, period):
        whose = accounts.person_of(row)
        if people is None or whose in people:
            posted.add(whose)
            nanos = accounts.amount_of(tx, transfer)
            total += nanos if transfer.to_account_id == row.id else -nanos
    everybody = {one.id for one in person.active_people(tx) if one.id is not None}
    missing = (everybody if people is None else everybody & set(people)) - posted
    return total + sum(_owed(tx, one, period) for one in sorted(missing))


def _owed(tx: Tx, person_id: int, period: str) -> int:
    return sum(due.nanos or 0 for due in allotment.survey(tx, person_id).dues if due.period.label == period)


def _approved(tx: Tx, people: Collection[int] | None, period: str) -> int:
    rows = [row for row in query.approved(tx.session, period) if people is None or row.person_id in people]
    return sum((row.approved_nanos or 0) - revoked_of(tx, row) for row in rows)


def revoked_of(tx: Tx, row: TopUp) -> int:
    """What of a request's grant was taken back, in nano-dollars."""
    if row.revoked is None:
        return 0
    return int(tx.vault.open(person_owner(row.person_id), row.revoked, f"top_up.revoked:{row.request_key}"))


def beyond(tx: Tx) -> Iterator[str]:
    """Sentences that name each cap beyond which budget is promised already in this period; for finance."""
    company, period = policy.company_policy(tx), ledger.calendar(tx).at(tx.now).label
    members: dict[str, int] = {}
    for one in person.active_people(tx):
        team = person.team_name_of(tx, one.id or 0)
        if team is not None:
            members.setdefault(team, one.id or 0)
    for team, person_id in members.items():
        cap = caps(company, policy.policy_of(tx, person_id)).get(TEAM)
        if cap is not None and _promised(tx, team, person_id, period) > cap:
            yield _exceeds(f"team {team}", period)
    if company.cap_nanos is not None and _promised(tx, None, 0, period) > company.cap_nanos:
        yield _exceeds("the company", period)


def _exceeds(whose: str, period: str) -> str:
    return f"Promised beyond budget: the allotments and top-ups of {whose} exceed its cap for {period}."
