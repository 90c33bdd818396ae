"""The roster: bringing people in from a file, all of them or none, and remembering who they are in Slack.

What other services ask of the roster is in `person` and `rate`, and is given on from here.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from bot.rules.errors import Refused
from bot.rules.roster import BadPeopleFile, PersonRow, parse_people
from bot.services import audit, policy, usage
from bot.services.outbox import try_parked_again
from bot.services.person import (
    PersonCard,
    active_people,
    finance_people,
    is_active,
    manager_of,
    manager_warnings,
    pay_key,
    pay_of,
    person,
    person_by_email,
    person_by_id,
    person_by_slack_id,
    person_of_slack_id,
    roles_of,
    team_name_of,
    terms_of,
    unresolved,
    whom_to_ask,
)
from bot.services.rate import currencies_without_rate, import_rates, rates_for
from bot.services.top_up_people import approver_warnings, dead_ends
from bot.services.verb import Tx, verb
from db import roster as query
from db.seal import Sealed, person_owner
from db.tables.roster import Identity, IdentityLink, Person, Team, Terms

__all__ = [
    "ImportReport",
    "PersonCard",
    "SlackIdTaken",
    "active_people",
    "approver_warnings",
    "currencies_without_rate",
    "dead_ends",
    "finance_people",
    "import_people",
    "import_rates",
    "is_active",
    "learn_slack_id",
    "manager_of",
    "person",
    "person_by_email",
    "person_by_id",
    "person_by_slack_id",
    "person_of_slack_id",
    "rates_for",
    "roles_of",
    "team_name_of",
    "terms_of",
    "unresolved",
    "whom_to_ask",
]

_EMAIL = "email"


class SlackIdTaken(Refused):
    """The roster knows that Slack user as somebody else already."""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """How many people were new, changed or as before, and what finance or an admin should look at."""

    new: int
    changed: int
    unchanged: int
    warnings: list[str] = field(default_factory=list)


@verb("people.import")
def import_people(tx: Tx, text: str, *, by: str) -> ImportReport:
    """Bring in the people of a CSV file, all or none. Raises BadPeopleFile with every mistake there is.

    Who is new counts from `effective_from`, or from the current period's first day. A change counts from
    `effective_from`, or from today; of somebody who has left, from the day after their last. A row that says what
    holds already changes nothing, and an empty Slack id or time zone leaves the known one.
    """
    rows = parse_people(text)
    roll = _Roll(tx)
    roll.refuse_taken_slack_ids(rows)
    outcomes = [roll.take(row) for row in rows]
    tx.session.flush()
    report = ImportReport(
        outcomes.count("new"),
        outcomes.count("changed"),
        outcomes.count("unchanged"),
        [*manager_warnings(tx), *dead_ends(tx), *_missing_rates(tx)],
    )
    if report.new or report.changed:
        audit.record(tx, by, "people.import", "roster", {"new": report.new, "changed": report.changed})
    return report


def _missing_rates(tx: Tx) -> Iterator[str]:
    for currency in currencies_without_rate(tx):
        yield f"There is no rate for {currency} yet, so nobody paid in it gets an allotment. Import rates."


class _Roll:
    """The roster as it is before an import, and what each row makes of it."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._today = policy.today(tx)
        self._period = policy.calendar(tx).at(tx.now)
        self._people = {one.email: one for one in query.people(tx.session)}
        self._terms = query.all_terms(tx.session)
        self._teams = query.teams(tx.session)

    def refuse_taken_slack_ids(self, rows: Iterable[PersonRow]) -> None:
        """Raise BadPeopleFile for each Slack id that would be two people's once the file is in."""
        rows = list(rows)
        after = {one.email: one.slack_user_id for one in self._people.values()}
        after |= {row.email: row.slack_user_id for row in rows if row.slack_user_id}
        holders: dict[str | None, list[str]] = {}
        for email, slack_id in after.items():
            holders.setdefault(slack_id, []).append(email)
        errors = [
            f"line {row.line}: slack_user_id is {other}'s already."
            for row in rows
            if row.slack_user_id
            for other in holders[row.slack_user_id]
            if other != row.email
        ]
        if errors:
            raise BadPeopleFile(errors)
        self._clear_moved_slack_ids(rows)

    def _clear_moved_slack_ids(self, rows: Iterable[PersonRow]) -> None:
        # Two people who swap their ids would each meet the other's under the unique key.
        for row in rows:
            known = self._people.get(row.email)
            if known and row.slack_user_id and known.slack_user_id not in {None, row.slack_user_id}:
                known.slack_user_id = None
        self._tx.session.flush()

    def take(self, row: PersonRow) -> str:
        """Store what a row says that is not so already; says new, changed or unchanged."""
        known = self._people.get(row.email)
        if known is None:
            self._add(row)
            return "new"
        changed = _update(known, row)
        if changed and row.slack_user_id:
            try_parked_again(self._tx, _id(known))
        return "changed" if self._change_terms(known, row) or changed else "unchanged"

    def _add(self, row: PersonRow) -> None:
        made = Person(
            email=row.email,
            name=row.name,
            slack_user_id=row.slack_user_id,
            timezone=row.timezone,
            recorded_at=self._tx.now,
        )
        query.add(self._tx.session, made)
        self._add_terms(made, row, row.effective_from or self._period.first_on, 0)
        self._link(made)

    def _link(self, made: Person) -> None:
        """Let the person's address lead to them, and with it whatever usage it had before."""
        session = self._tx.session
        found = query.identity(session, _EMAIL, made.email)
        if found is None:
            found = Identity(kind=_EMAIL, value=made.email)
            query.add(session, found)
        person_id, identity_id = _id(made), found.id or 0
        newest = query.newest_link(session, identity_id)
        revision = newest.revision + 1 if newest else 0
        query.add(
            session,
            IdentityLink(identity_id=identity_id, revision=revision, person_id=person_id, linked_at=self._tx.now),
        )
        usage.attribute(self._tx, identity_id, person_id)

    def _change_terms(self, known: Person, row: PersonRow) -> bool:
        before = self._terms.get(_id(known), [])
        effective_from = row.effective_from or self._change_from(row, before)
        held = _holding(before, effective_from)
        changed = held is None or self._said(row) != self._stored(held)
        if changed:
            self._add_terms(known, row, effective_from, _next_revision(before, effective_from))
        if row.ends_on is not None:
            ended = [self._end(later, row.ends_on, before) for later in _after(before, effective_from)]
            changed = changed or any(ended)
        return changed

    def _change_from(self, row: PersonRow, before: list[Terms]) -> date:
        """Today; of somebody who has left by then, the day after their last; never before their first day."""
        since = min(self._today, row.ends_on + timedelta(days=1)) if row.ends_on else self._today
        first = before[0].effective_from if before else since
        return max(since, first)

    def _end(self, later: Terms, ends_on: date, before: list[Terms]) -> bool:
        """Let terms that begin later end too: who has left is not employed by a raise that was planned."""
        if later.ends_on == ends_on:
            return False
        revision = _next_revision(before, later.effective_from)
        copy = {name: getattr(later, name) for name in Terms.model_fields if name != "id"}
        pay = self._sealed(later.person_id, later.effective_from, revision, pay_of(self._tx, later))
        copy |= {"revision": revision, "pay": pay, "ends_on": ends_on, "recorded_at": self._tx.now}
        query.add(self._tx.session, Terms(**copy))
        return True

    def _said(self, row: PersonRow) -> dict[str, Any]:
        return {
            "team_id": self._team(row.team),
            "manager_email": row.manager_email,
            "roles": ",".join(sorted(row.roles)),
            "currency": row.currency,
            "pay_band": row.pay_band,
            "country": row.country,
            "legal_entity": row.legal_entity,
            "cost_center": row.cost_center,
            "level": row.level,
            "ends_on": row.ends_on,
            "pay": {"base": row.base_nanos, "bonus": row.bonus_nanos, "equity": row.equity_nanos},
        }

    def _stored(self, held: Terms) -> dict[str, Any]:
        said = {name: getattr(held, name) for name in Terms.model_fields}
        return {name: said[name] for name in _SAID} | {"pay": pay_of(self._tx, held)}

    def _add_terms(self, one: Person, row: PersonRow, effective_from: date, revision: int) -> None:
        said = self._said(row)
        said["pay"] = self._sealed(_id(one), effective_from, revision, said["pay"])
        query.add(
            self._tx.session,
            Terms(
                person_id=_id(one),
                effective_from=effective_from,
                revision=revision,
                recorded_at=self._tx.now,
                **said,
            ),
        )

    def _sealed(self, person_id: int, effective_from: date, revision: int, pay: dict[str, int | None]) -> Sealed:
        return self._tx.vault.seal(person_owner(person_id), pay, pay_key(person_id, effective_from, revision))

    def _team(self, name: str) -> int:
        if name not in self._teams:
            made = Team(name=name)
            query.add(self._tx.session, made)
            self._teams[name] = made.id or 0
        return self._teams[name]


_SAID = ("team_id", "manager_email", "roles", "currency", "pay_band", "country", "legal_entity", "cost_center", "level",
         "ends_on")  # fmt: skip


def _id(one: Person) -> int:
    if one.id is None:
        raise AssertionError("A stored person has an id.")
    return one.id


def _update(known: Person, row: PersonRow) -> bool:
    """Bring a person's name, Slack id and time zone up to date; whether anything was different."""
    said = {"name": row.name, "slack_user_id": row.slack_user_id, "timezone": row.timezone}
    different = {name: value for name, value in said.items() if value is not None and getattr(known, name) != value}
    for name, value in different.items():
        setattr(known, name, value)
    return bool(different)


def _holding(before: list[Terms], day: date) -> Terms | None:
    """The terms that hold on a day, whether or not they have ended by then."""
    begun = [row for row in before if row.effective_from <= day]
    return begun[-1] if begun else None


def _after(before: list[Terms], day: date) -> list[Terms]:
    """The terms that begin after a day: the newest revision of each."""
    return list({row.effective_from: row for row in before if row.effective_from > day}.values())


def _next_revision(before: list[Terms], effective_from: date) -> int:
    return max((row.revision for row in before if row.effective_from == effective_from), default=-1) + 1


@verb("people.learn_slack_id")
def learn_slack_id(tx: Tx, person_id: int, slack_user_id: str) -> None:
    """Remember a person's Slack user. Raises SlackIdTaken when it is somebody else's, or theirs is another."""
    known, holder = person(tx, person_id), query.person_by_slack_id(tx.session, slack_user_id)
    if holder is not None and holder.id != person_id:
        raise SlackIdTaken
    if known.slack_user_id not in {None, slack_user_id}:
        raise SlackIdTaken("The roster knows that person under another Slack user already.")
    if known.slack_user_id is None:
        known.slack_user_id = slack_user_id
        try_parked_again(tx, person_id)
