"""People of the roster as the other services ask for them: who they are, what holds for them today, who decides."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from bot.rules.allotment import TermsFact
from bot.services import policy
from bot.services.verb import Tx, look
from db import roster as query
from db.seal import person_owner
from db.tables.roster import Person, Terms

FINANCE = "finance"
ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class PersonCard:
    """A person as surfaces know them. `roles` are finance and admin, as of today."""

    id: int
    name: str
    email: str
    timezone: str | None
    roles: frozenset[str]
    slack_user_id: str | None


def person(tx: Tx, person_id: int) -> Person:
    """The person with this id. Raises LookupError when there is none."""
    found = query.person(tx.session, person_id)
    if found is None:
        raise LookupError(f"There is no person {person_id}.")
    return found


def terms_of(tx: Tx, person_id: int) -> list[TermsFact]:
    """A person's terms in order, with their pay opened."""
    return [_fact(tx, row, row.team_name) for row in query.terms_of(tx.session, person_id)]


def _fact(tx: Tx, row: Terms, team: str) -> TermsFact:
    return TermsFact(
        effective_from=row.effective_from,
        ends_on=row.ends_on,
        revision=row.revision,
        team=team,
        country=row.country,
        currency=row.currency,
        base_nanos=pay_of(tx, row)["base"],
        pay_band=row.pay_band,
    )


def pay_key(person_id: int, effective_from: object, revision: int) -> str:
    """What the sealed pay of a row of terms is bound to."""
    return f"terms:{person_id}:{effective_from}:{revision}"


def pay_of(tx: Tx, row: Terms) -> dict[str, int | None]:
    """The pay of a row of terms: base, bonus and equity a year, in nano-units of its currency."""
    bound_to = pay_key(row.person_id, row.effective_from, row.revision)
    opened: dict[str, int | None] = tx.vault.open(person_owner(row.person_id), row.pay, bound_to)
    return opened


def _terms_today(tx: Tx, person_id: int) -> Terms | None:
    """The terms of today, None for who is not employed today."""
    today = policy.today(tx)
    row = query.terms_on(tx.session, person_id, today)
    return row if row is not None and _is_employed(row, today) else None


def _is_employed(row: Terms, today: date) -> bool:
    return row.ends_on is None or row.ends_on >= today


def is_active(tx: Tx, person_id: int) -> bool:
    """Whether a person is employed today."""
    return _terms_today(tx, person_id) is not None


def roles_of(tx: Tx, person_id: int) -> set[str]:
    """A person's roles today: finance, admin. Who is not employed has none."""
    row = _terms_today(tx, person_id)
    return _roles(row) if row else set()


def _roles(row: Terms) -> set[str]:
    return {role for role in row.roles.split(",") if role}


def team_name_of(tx: Tx, person_id: int) -> str | None:
    """The name of a person's team today."""
    row = _terms_today(tx, person_id)
    return query.team_name(tx.session, row.team_id) if row else None


def teammates(tx: Tx, person_id: int) -> list[int]:
    """Ids of everybody in a person's team today, the person included."""
    mine = _terms_today(tx, person_id)
    # A look waits for this, so it must not read the terms of the whole company.
    return list(query.team_on(tx.session, mine.team_id, policy.today(tx))) if mine else [person_id]


def manager_of(tx: Tx, person_id: int) -> Person | None:
    """A person's manager today: employed, and never the person."""
    row = _terms_today(tx, person_id)
    if row is None or row.manager_email is None:
        return None
    manager = query.person_by_email(tx.session, row.manager_email)
    if manager is None or manager.id is None or manager.id == person_id or not is_active(tx, manager.id):
        return None
    return manager


def finance_people(tx: Tx) -> list[Person]:
    """Everybody with the role finance today, by id."""
    return _with_role(tx, FINANCE)


def _with_role(tx: Tx, role: str) -> list[Person]:
    ids = [one for one in query.ever_had_role(tx.session, role) if role in roles_of(tx, one)]
    return list(query.people_with_ids(tx.session, ids))


def active_people(tx: Tx) -> list[Person]:
    """Everybody employed today, by id."""
    employed = _terms_of_everybody(tx)
    return [one for one in query.people(tx.session) if one.id in employed]


def _terms_of_everybody(tx: Tx) -> dict[int, Terms]:
    today = policy.today(tx)
    rows = query.everybodys_terms_on(tx.session, today)
    return {person_id: row for person_id, row in rows.items() if _is_employed(row, today)}


def dead_ends(tx: Tx, ids: Collection[int]) -> Iterator[str]:
    """Sentences for these of the people: for whom nobody could decide a top-up, or none above the manager's limit."""
    people = {one.id: one for one in active_people(tx)}
    terms = _terms_of_everybody(tx)
    by_email = {one.email: person_id for person_id, one in people.items()}
    finance = {person_id for person_id, row in terms.items() if FINANCE in _roles(row)}
    if ids and not finance:
        yield "Nobody has the role finance, so nobody can decide a top-up above the manager's limit."
    for person_id, one in people.items():
        if person_id is None or person_id not in ids:
            continue
        manager = by_email.get(terms[person_id].manager_email or "")
        has_manager = manager is not None and manager != person_id
        has_finance = bool(finance - {person_id})
        if not has_manager and not has_finance:
            yield f"Nobody could decide a top-up for {one.name}: no manager, and {_no_finance(finance)}."
        elif finance and not has_finance:
            yield f"Nobody could decide a top-up above the manager's limit for {one.name}: {_no_finance(finance)}."


def _no_finance(finance: set[int]) -> str:
    return "nobody else has the role finance" if finance else "nobody has the role finance"


def manager_warnings(tx: Tx) -> list[str]:
    """Sentences that name each person whose manager is not in the roster, has left, or is the person."""
    people = {one.id: one for one in active_people(tx)}
    terms = _terms_of_everybody(tx)
    here = {one.email for one in people.values()}
    return [
        sentence
        for person_id, row in terms.items()
        if (sentence := _manager_warning(people[person_id], row.manager_email, here))
    ]


def _manager_warning(one: Person, manager_email: str | None, here: set[str]) -> str:
    if manager_email is None:
        return ""
    if manager_email == one.email:
        return f"{one.name} is their own manager, so finance decides their top-ups."
    if manager_email not in here:
        return f"{one.name}'s manager {manager_email} is not in the roster, so finance decides their top-ups."
    return ""


def _card(tx: Tx, one: Person | None) -> PersonCard | None:
    if one is None or one.id is None:
        return None
    roles = frozenset(roles_of(tx, one.id))
    return PersonCard(one.id, one.name, one.email, one.timezone, roles, one.slack_user_id)


def person_of_slack_id(tx: Tx, slack_user_id: str) -> Person | None:
    """The person with this Slack user id."""
    found: Person | None = query.person_by_slack_id(tx.session, slack_user_id)
    return found


@look
def person_by_id(tx: Tx, person_id: int) -> PersonCard | None:
    """The person with this id."""
    return _card(tx, query.person(tx.session, person_id))


@look
def person_by_slack_id(tx: Tx, slack_user_id: str) -> PersonCard | None:
    """The person with this Slack user id."""
    return _card(tx, query.person_by_slack_id(tx.session, slack_user_id))


@look
def person_by_email(tx: Tx, email: str) -> PersonCard | None:
    """The person with this address, whatever its case."""
    return _card(tx, query.person_by_email(tx.session, email))


@look
def unresolved(tx: Tx) -> list[PersonCard]:
    """Everybody employed today whose Slack user is not known yet, by id."""
    employed: Mapping[int, Terms] = _terms_of_everybody(tx)
    return [
        PersonCard(one.id, one.name, one.email, one.timezone, frozenset(_roles(employed[one.id])), None)
        for one in query.people_without_slack_id(tx.session)
        if one.id is not None and one.id in employed
    ]


@look
def whom_to_ask(tx: Tx) -> list[str]:
    """Names of those who can add somebody to the roster: admins, or else finance."""
    return [one.name for one in _with_role(tx, ADMIN) or _with_role(tx, FINANCE)]
