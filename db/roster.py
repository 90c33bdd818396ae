"""Queries of the roster: people, teams, dated terms, identities, currency rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import and_, bindparam, exists, or_
from sqlalchemy import select as plain_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from db import data_key
from db.plain import columns_of, rows
from db.seal import person_owner
from db.tables.roster import FxRate, Identity, IdentityLink, Person, Team, Terms

_PERSON, _TERMS, _TEAM = columns_of(Person), columns_of(Terms), columns_of(Team)
_IN_ORDER = (_TERMS.effective_from, _TERMS.revision)
_OF_PERSON = _TERMS.person_id == bindparam("person_id")
_KEY = data_key.wrapped_of(bindparam("owner")).label("wrapped")
_WITH_TEAM = plain_select(_TERMS, _TEAM.name.label("team_name"), _KEY).where(_TEAM.id == _TERMS.team_id)
_TERMS_OF = _WITH_TEAM.where(_OF_PERSON).order_by(*_IN_ORDER)
_TERMS_ON = (
    plain_select(_TERMS)
    .where(_OF_PERSON, _TERMS.effective_from <= bindparam("day"))
    .order_by(*(column.desc() for column in _IN_ORDER))
    .limit(1)
)
_SCOPES_OF = (
    plain_select(_TERMS.effective_from, _PERSON.email, _TEAM.name, _TERMS.country)
    .where(_TEAM.id == _TERMS.team_id, _PERSON.id == _TERMS.person_id, _OF_PERSON)
    .order_by(*_IN_ORDER)
)
_RATE = columns_of(FxRate)
_RATES = (
    plain_select(_RATE)
    .where(_RATE.on_date.between(bindparam("first"), bindparam("last")))
    .order_by(_RATE.on_date, _RATE.currency)
)
_BY_SLACK_ID = plain_select(_PERSON).where(_PERSON.slack_user_id == bindparam("slack_user_id"))
_BY_ID = plain_select(_PERSON).where(_PERSON.id == bindparam("person_id"))


@dataclass(frozen=True, slots=True)
class Scope:
    """What policy may be scoped by."""

    email: str | None = None
    team: str | None = None
    country: str | None = None


def scope_on(session: Session, person_id: int, day: date) -> Scope:
    """A person's e-mail address, team and country on a day; before their first day, those of that day."""
    found = rows(session, _SCOPES_OF, person_id=person_id)
    if not found:
        return Scope()
    first = found[0][0]
    _, email, team, country = [row for row in found if row[0] <= max(day, first)][-1]
    return Scope(email, team, country)


def person(session: Session, person_id: int) -> Person | None:
    """The person with this id."""
    return session.get(Person, person_id)


def person_as_is(session: Session, person_id: int) -> Any:
    """The person with this id, as a row that cannot be changed; None when there is none."""
    return next(iter(rows(session, _BY_ID, person_id=person_id)), None)


def hold(session: Session, person_id: int) -> None:
    """Hold a person until the transaction ends, so that what is worked out for them is worked out one after the other.

    On SQLite a writer is alone anyway.
    """
    session.exec(select(Person.id).where(Person.id == person_id).with_for_update(key_share=True)).first()


def person_by_email(session: Session, email: str) -> Person | None:
    """The person with this address, whatever its case."""
    return session.exec(select(Person).where(Person.email == email.strip().lower())).first()


def person_by_slack_id(session: Session, slack_user_id: str) -> Any:
    """The person with this Slack user id, as a row that cannot be changed; None when there is none."""
    return next(iter(rows(session, _BY_SLACK_ID, slack_user_id=slack_user_id)), None)


def people(session: Session) -> Sequence[Person]:
    """Everybody who has ever been in the roster, by id."""
    return session.exec(select(Person).order_by(col(Person.id))).all()


def people_with_ids(session: Session, ids: Sequence[int]) -> Sequence[Person]:
    """These people, by id."""
    return session.exec(select(Person).where(col(Person.id).in_(ids)).order_by(col(Person.id))).all()


def people_without_slack_id(session: Session) -> Sequence[Person]:
    """People whose Slack user is not known yet, by id."""
    return session.exec(select(Person).where(col(Person.slack_user_id).is_(None)).order_by(col(Person.id))).all()


def teams(session: Session) -> dict[str, int]:
    """Every team's id by its name."""
    return {team.name: team.id for team in session.exec(select(Team)) if team.id is not None}


def team_name(session: Session, team_id: int) -> str:
    """A team's name."""
    return session.exec(select(Team.name).where(Team.id == team_id)).one()


def terms_of(session: Session, person_id: int) -> Sequence[Any]:
    """A person's terms, each with its `team_name`, in the order in which they come to hold."""
    owner = person_owner(person_id)
    found = rows(session, _TERMS_OF, person_id=person_id, owner=owner)
    if found:
        data_key.read_with(session, owner, found[0].wrapped)
    return found


def terms_on(session: Session, person_id: int, day: date) -> Any:
    """The terms that hold for a person on a day, even after their last day of employment; None before their first."""
    return next(iter(rows(session, _TERMS_ON, person_id=person_id, day=day)), None)


def everybodys_terms_on(session: Session, day: date) -> dict[int, Terms]:
    """The same for everybody, by person."""
    found = (
        select(Terms)
        .where(Terms.effective_from <= day)
        .order_by(col(Terms.person_id), col(Terms.effective_from), col(Terms.revision))
    )
    return {row.person_id: row for row in session.exec(found)}


def team_on(session: Session, team_id: int, day: date) -> Sequence[int]:
    """Ids of everybody who is employed in a team on a day."""
    later = aliased(Terms)
    is_of_earlier = or_(
        col(later.effective_from) > col(Terms.effective_from),
        and_(col(later.effective_from) == col(Terms.effective_from), col(later.revision) > col(Terms.revision)),
    )
    superseded = exists().where(
        col(later.person_id) == col(Terms.person_id), col(later.effective_from) <= day, is_of_earlier
    )
    found = select(Terms.person_id).where(
        Terms.team_id == team_id,
        Terms.effective_from <= day,
        or_(col(Terms.ends_on).is_(None), col(Terms.ends_on) >= day),
        ~superseded,
    )
    return session.exec(found.order_by(col(Terms.person_id))).all()


def all_terms(session: Session) -> dict[int, list[Terms]]:
    """Every person's terms, in the order in which they come to hold."""
    found = select(Terms).order_by(col(Terms.person_id), col(Terms.effective_from), col(Terms.revision))
    by_person: dict[int, list[Terms]] = {}
    for row in session.exec(found):
        by_person.setdefault(row.person_id, []).append(row)
    return by_person


def ever_had_role(session: Session, role: str) -> Sequence[int]:
    """Ids of people who have had a role in any of their terms."""
    found = select(Terms.person_id).where(col(Terms.roles).contains(role)).distinct().order_by(col(Terms.person_id))
    return session.exec(found).all()


def identity(session: Session, kind: str, value: str) -> Identity | None:
    """The identity by which a source knows somebody."""
    return session.exec(select(Identity).where(Identity.kind == kind, Identity.value == value)).first()


def newest_link(session: Session, identity_id: int) -> IdentityLink | None:
    """Whom an identity leads to now."""
    found = select(IdentityLink).where(IdentityLink.identity_id == identity_id)
    return session.exec(found.order_by(col(IdentityLink.revision).desc()).limit(1)).first()


def rates(session: Session, first: date, last: date) -> Sequence[Any]:
    """The currency rates of these days, oldest first."""
    return rows(session, _RATES, first=first, last=last)


def rate(session: Session, currency: str, on_date: date) -> FxRate | None:
    """The rate of one day."""
    return session.get(FxRate, (currency, on_date))


def add(session: Session, row: Person | Team | Terms | Identity | IdentityLink | FxRate) -> None:
    """Store a row; it has an id afterwards."""
    session.add(row)
    session.flush()
