"""Policy: its versions, what holds for somebody at an instant, the company's zone, calendar and start."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from bot.rules.period import Calendar, zone_named
from bot.rules.policy import BadPolicy, Policy, PolicyDocument, parse_policy, resolve
from bot.services import audit
from bot.services.verb import Tx, verb
from db import ledger as accounts
from db import policy as query
from db import roster
from db.roster import Scope
from db.seal import COMPANY
from db.tables.policy import PolicyVersion

_SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)
_START = "start"
_MEMO = "policy versions"
COMPANY_ACCOUNTS = ("issued", "spent", "expired", "unattributed")
_Version = tuple[datetime, str, int]


# Versions never change, so each is read once. Every question goes through all of them in order, and a cache that holds
# fewer than there are would, in that order, never hold the next one: the company's 129th version would slow everything.
@cache
def _parsed(body: str, zone_name: str) -> PolicyDocument:
    return parse_policy(body, zone=zone_named(zone_name))


@cache
def _months(body: str, zone_name: str) -> int:
    return resolve(_parsed(body, zone_name)).period_months


@lru_cache(maxsize=128)
def _calendar(versions: tuple[_Version, ...]) -> Calendar:
    return Calendar.from_versions(versions)


@lru_cache(maxsize=128)
def _zone_changes(versions: tuple[_Version, ...]) -> tuple[tuple[datetime, str], ...]:
    """(from when, zone): a version's zone counts from the first period that begins at or after the version."""
    changes = [(_SINCE_EVER, versions[0][1])]
    for number, (effective_from, name, _months) in enumerate(versions[1:], start=1):
        calendar = _calendar(versions[:number])
        current = calendar.at(effective_from)
        begins = current.start if current.start == effective_from else current.end
        changes.append((begins, name))
    return tuple(changes)


@dataclass(frozen=True, slots=True)
class _Opened:
    """A version with its text."""

    effective_from: datetime
    timezone: str
    body: str = field(repr=False)
    recorded_at: datetime


def _rows(tx: Tx) -> Sequence[_Opened]:
    """Every version, opened once in a transaction, because nearly every question comes by here."""
    rows: Sequence[_Opened] | None = tx.session.info.get(_MEMO)
    if rows is None:
        rows = tx.session.info[_MEMO] = [_opened(tx, row) for row in query.versions(tx.session)]
    return rows


def _opened(tx: Tx, row: Any) -> _Opened:
    body = tx.vault.open(COMPANY, row.body, f"policy_version:{row.key}")
    return _Opened(row.effective_from, row.timezone, body, row.recorded_at)


def read_versions(tx: Tx) -> Sequence[Any]:
    """Every version, opened, for `use_versions`: whoever is asked very often need not open them each time."""
    return _rows(tx)


def use_versions(tx: Tx, versions: Sequence[Any] | None) -> None:
    """Take these versions in this transaction, or for None read them anew.

    Versions never change; the caller has to notice when there are more.
    """
    tx.session.info[_MEMO] = versions


def documents(tx: Tx) -> list[tuple[datetime, PolicyDocument]]:
    """(effective_from, document) of every version, in the order in which they come into force."""
    return [(row.effective_from, _parsed(row.body, row.timezone)) for row in _rows(tx)]


def calendar(tx: Tx) -> Calendar:
    """The company's budget periods."""
    return _calendar(_versions(_rows(tx)))


def zone(tx: Tx) -> ZoneInfo:
    """The company's zone now."""
    versions = _versions(_rows(tx))
    begun = [name for begins, name in _zone_changes(versions) if begins <= tx.now]
    return zone_named(begun[-1] if begun else versions[0][1])


def _versions(rows: Sequence[_Opened]) -> tuple[_Version, ...]:
    return tuple((row.effective_from, row.timezone, _months(row.body, row.timezone)) for row in rows)


def today(tx: Tx) -> date:
    """The company's day."""
    return day_of(tx, tx.now)


def day_of(tx: Tx, instant: datetime) -> date:
    """The company's day of an instant, in the zone of now; never outside the instant's period."""
    period = calendar(tx).at(instant)
    return min(max(instant.astimezone(zone(tx)).date(), period.first_on), period.last_on)


def company_policy(tx: Tx) -> Policy:
    """What holds for the company now."""
    return resolve(_in_force(documents(tx), tx.now))


def policy_of(tx: Tx, person_id: int, at: datetime | None = None) -> Policy:
    """What holds for a person, now or at another instant."""
    instant = at or tx.now
    return policy_for(tx, roster.scope_on(tx.session, person_id, day_of(tx, instant)), instant)


def policy_for(tx: Tx, scope: Scope, at: datetime | None = None) -> Policy:
    """What holds for whoever has this e-mail address, team and country."""
    document = _in_force(documents(tx), at or tx.now)
    return resolve(document, email=scope.email, team=scope.team, country=scope.country)


def _in_force(versions: Sequence[tuple[datetime, PolicyDocument]], instant: datetime) -> PolicyDocument:
    """The latest version that has begun; before the first one, the first."""
    begun = [document for effective_from, document in versions if effective_from <= instant]
    return begun[-1] if begun else versions[0][1]


@verb("policy.import")
def import_policy(tx: Tx, text: str, *, by: str) -> datetime:
    """Store a new version and return from when it is in force. Raises BadPolicy with every mistake there is.

    Without `effective_from` it counts from now; or from the current period's first day as long as nobody has an
    account, because the company is then still being set up. Without `timezone` the zone stays. The same text again
    changes nothing. A zone or a length of periods that would change a period that has accounts is refused.
    """
    document = parse_policy(text, zone=zone(tx))
    versions = _rows(tx)
    effective_from = document.effective_from or _default_start(tx)
    before = [row for row in versions if row.effective_from <= effective_from]
    last = before[-1] if before else versions[0]
    if last.body == text and (document.effective_from or last.effective_from) == last.effective_from:
        return last.effective_from
    made = _Opened(effective_from, document.timezone or last.timezone, text, tx.now)
    _refuse_other_periods(tx, made)
    version = _add(tx, made, by)
    audit.record(tx, by, "policy.import", f"policy:{version}", {"effective_from": effective_from.isoformat()})
    return effective_from


def _refuse_other_periods(tx: Tx, made: _Opened) -> None:
    """An account is of one period. Were the days of a granted month made a quarter, they would be granted again."""
    latest = query.latest_period_start(tx.session)
    if latest is None:
        return
    after = _versions(sorted([*_rows(tx), made], key=lambda each: each.effective_from))
    if _calendar(after).begun_by(latest) != calendar(tx).begun_by(latest):
        sentence = (
            "The zone and the length of periods cannot change for periods that people have accounts for, which is up to"
            f" {calendar(tx).at(latest).label}: leave effective_from out, and they count from the next period on."
        )
        raise BadPolicy([sentence])


def _add(tx: Tx, made: _Opened, by: str) -> int | None:
    key = uuid4().hex
    row = PolicyVersion(
        key=key,
        effective_from=made.effective_from,
        timezone=made.timezone,
        body=tx.vault.seal(COMPANY, made.body, f"policy_version:{key}"),
        recorded_by=by,
        recorded_at=made.recorded_at,
    )
    query.add(tx.session, row)
    tx.session.info.pop(_MEMO, None)
    return row.id


def _default_start(tx: Tx) -> datetime:
    return tx.now if query.any_person_account(tx.session) else calendar(tx).at(tx.now).start


@verb("company.start")
def start_company(tx: Tx, timezone: str) -> None:
    """Make the company's accounts, its data key and the first version of its policy: the defaults, in this zone.

    Does nothing where they exist. Raises BadTimezone.
    """
    name = zone_named(timezone).key
    # The accounts come first: of two that start the company at once, their keys turn the second away.
    accounts.make_company_accounts(tx.session, COMPANY_ACCOUNTS)
    tx.vault.blind(_START)
    if _rows(tx):
        return
    # The first version lies before every other one, whatever `effective_from` those may say.
    first = _add(tx, _Opened(_SINCE_EVER, name, "", tx.now), _START)
    audit.record(tx, _START, "company.start", f"policy:{first}", {"timezone": name})


def started_at(tx: Tx) -> datetime:
    """When the company was started here."""
    return min(row.recorded_at for row in _rows(tx))
