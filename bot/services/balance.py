"""Where a person stands: what is left and for how long, how it went, and why it is that number.

A look reads a fixed handful of rows however much usage there is. Only where something is owed and not granted yet does
it write, and then it looks again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from bot.rules.forecast import DAYS_LOOKED_AT, RunOut, run_out
from bot.rules.ledger import Standing, burn_order
from bot.rules.period import Period
from bot.services import account as accounts
from bot.services import allotment, gate, person, policy
from bot.services.account import Book, Entry, id_of
from bot.services.allotment import Survey
from bot.services.top_up_people import deciders_of
from bot.services.verb import Company, Tx, look, verb
from db import ledger as query
from db import top_up as top_ups
from db.roster import Scope
from db.tables.ledger import Account

HISTORY_DAYS = 14
_MIX_DAYS = 30
_ONE_DAY = timedelta(days=1)
_NOTHING = Standing(0, 0, 0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Balance:
    """Where a person stands in the current period. Money is in nano-dollars; shares are exact fractions."""

    person_id: int
    name: str
    timezone: str | None
    period: Period
    granted: int = field(repr=False)
    spent: int = field(repr=False)
    available: int = field(repr=False)
    allotment: int = field(repr=False)
    top_ups: int = field(repr=False)
    carried_in: int = field(repr=False)
    expired: int = field(repr=False)
    tokens_left: int | None
    mix_from: str | None  # you, your team, the company
    run_out: RunOut | None
    biggest_driver: tuple[str, int, Fraction] | None  # an agent, or a model where no agent is named
    pending: tuple[int, str, datetime] | None  # amount, who decides, since when
    enforcement_mode: str
    completeness: list[tuple[str, datetime]]
    unpriced_events: int
    has_allotment: bool
    no_rate_currency: str | None


@dataclass(frozen=True, slots=True)
class Day:
    """A UTC day's usage; of its tokens those that have a price say what a token costs."""

    on: date
    nanos: int
    tokens: int
    priced_tokens: int


@dataclass(frozen=True, slots=True)
class WhyEntry:
    """One movement behind the balance. `nanos` is signed: what comes in is positive.

    `burns` numbers the grants in the order in which usage takes them, from 1; `left` is what is left of a grant.
    """

    on: date
    what: str
    nanos: int = field(repr=False)
    burns: int | None = None
    left: int | None = field(default=None, repr=False)


def balance(company: Company, person_id: int) -> Balance:
    """Where a person stands now. What is owed and missing is granted first. Raises LookupError for nobody."""
    is_behind, found = _balance(company, person_id)
    if not is_behind:
        return found
    _ensure(company, person_id)
    return _balance(company, person_id)[1]


def history(company: Company, person_id: int) -> list[Day]:
    """A person's usage of the last fourteen UTC days, today included, oldest first; idle days are zeros."""
    return _history(company, person_id)


def why(company: Company, person_id: int) -> list[WhyEntry]:
    """Every movement of the current period in order: grants, changes, expiry, carrying over, and usage by day."""
    return _why(company, person_id)


@verb("ledger.ensure")
def _ensure(tx: Tx, person_id: int) -> None:
    allotment.ensure_periods(tx, person_id)


@look
def _balance(tx: Tx, person_id: int) -> tuple[bool, Balance]:
    """Where a person stands by what has been granted, and whether something is owed that has not been."""
    found = allotment.survey(tx, person_id)
    period = policy.calendar(tx).at(tx.now)
    account = found.accounts.get(period.label)
    if account is None:
        return allotment.is_behind(tx, found, {}), _drawn(tx, found, period, None, [])
    drivers = query.drivers(tx.session, id_of(account))
    book = accounts.read_book(tx, account, sum(nanos for _, _, nanos, _ in drivers))
    return allotment.is_behind(tx, found, {id_of(account): book}), _drawn(tx, found, period, book, drivers)


def _drawn(
    tx: Tx, found: Survey, period: Period, book: Book | None, drivers: Sequence[tuple[str, str, int, int]]
) -> Balance:
    person_id, standing = found.one.id or 0, book.standing if book else _NOTHING
    days = _days(tx, list(found.accounts.values()), tx.now.date() - _ONE_DAY * (_MIX_DAYS - 1), tx.now.date())
    tokens_left, mix_from = _tokens(tx, person_id, standing.available, days)
    return Balance(
        person_id=person_id,
        name=found.one.name,
        timezone=found.one.timezone,
        period=period,
        granted=standing.granted,
        spent=standing.spent,
        available=standing.available,
        allotment=book.allotment if book else 0,
        top_ups=standing.granted - book.allotment if book else 0,
        carried_in=standing.carried_in,
        expired=standing.expired,
        tokens_left=tokens_left,
        mix_from=mix_from,
        run_out=_run_out(tx, standing.available, days, period),
        biggest_driver=_biggest(drivers, standing.spent),
        pending=_pending(tx, person_id),
        enforcement_mode=gate.mode_in_effect(tx, policy.policy_for(tx, _scope(tx, found)).enforcement_mode),
        completeness=[(row.source, row.newest_event_at) for row in query.sources(tx.session)],
        unpriced_events=sum(unpriced for *_, unpriced in drivers),
        has_allotment=book is not None and book.allotment > 0,
        no_rate_currency=next((due.no_rate for due in found.dues if due.period == period), None),
    )


def _scope(tx: Tx, found: Survey) -> Scope:
    """What policy may be scoped by today; of somebody who is still to come, as on their first day."""
    today = policy.today(tx)
    begun = [each for each in found.terms if each.effective_from <= today] or list(found.terms[:1])
    return Scope(found.one.email, begun[-1].team, begun[-1].country) if begun else Scope(found.one.email)


def _tokens(tx: Tx, person_id: int, available: int, days: Sequence[Day]) -> tuple[int | None, str | None]:
    """What is left in tokens: at the person's own mix where they have one, which their days tell."""
    if available <= 0:
        return None, None
    tokens, nanos = sum(day.priced_tokens for day in days), sum(day.nanos for day in days)
    mix = (Fraction(nanos, tokens), "you") if tokens > 0 and nanos > 0 else mix_of(tx, person_id)
    return (int(available / mix[0]), mix[1]) if mix else (None, None)


def mix_of(tx: Tx, person_id: int) -> tuple[Fraction, str] | None:
    """Nano-dollars a token in the last thirty days, and whose: the person's, else the team's, else the company's."""
    since = tx.now.date() - timedelta(days=_MIX_DAYS - 1)
    whose: Sequence[tuple[str, Callable[[], list[int] | None]]] = (
        ("you", lambda: [person_id]),
        ("your team", lambda: person.teammates(tx, person_id)),
        ("the company", lambda: None),
    )
    for name, people in whose:
        tokens, nanos = query.mix(tx.session, since, people())
        if nanos > 0 and tokens > 0:
            return Fraction(nanos, tokens), name
    return None


def _run_out(tx: Tx, available: int, days: Sequence[Day], period: Period) -> RunOut | None:
    whole_days = [day.nanos for day in days if day.on < tx.now.date()]
    return run_out(available, whole_days[-DAYS_LOOKED_AT:], tx.now, period.end)


def _days(tx: Tx, rows: Sequence[Account], first: date, last: date) -> list[Day]:
    found = query.days(tx.session, [id_of(row) for row in rows], first, last)
    spans = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return [Day(day, *found.get(day, (0, 0, 0))) for day in spans]


def _biggest(drivers: Sequence[tuple[str, str, int, int]], spent: int) -> tuple[str, int, Fraction] | None:
    sums: dict[str, int] = {}
    for model, agent, nanos, _unpriced in drivers:
        # A swarm's workers are named swarm/worker, and what drives the spend is the swarm.
        driver = agent.partition("/")[0] or agent or model
        sums[driver] = sums.get(driver, 0) + nanos
    name = max(sorted(sums), key=lambda one: sums[one], default=None)
    if name is None or sums[name] <= 0 or spent <= 0:
        return None
    return name, sums[name], Fraction(sums[name], spent)


def _pending(tx: Tx, person_id: int) -> tuple[int, str, datetime] | None:
    row = top_ups.pending_of(tx.session, person_id)
    if row is None:
        return None
    deciders = [one.name for one in deciders_of(tx, row)]
    return row.asked_nanos, " or ".join(deciders) or "finance", row.created_at


@look
def _history(tx: Tx, person_id: int) -> list[Day]:
    today = tx.now.date()
    rows = query.accounts_of(tx.session, person_id)
    return _days(tx, rows, today - timedelta(days=HISTORY_DAYS - 1), today)


@look
def _why(tx: Tx, person_id: int) -> list[WhyEntry]:
    period = policy.calendar(tx).at(tx.now)
    account = query.account_by_key(tx.session, accounts.account_key(person_id, period))
    if account is None:
        return []
    book = accounts.read_book(tx, account)
    entries = [*_movements(tx, book), *_usage(tx, account, period)]
    return sorted(entries, key=lambda entry: entry.on)


def _movements(tx: Tx, book: Book) -> Iterator[WhyEntry]:
    left = accounts.settlement(tx, book).left
    in_order = burn_order(book.grants(), accounts.end_of(book.account))
    order = {grant.id: number for number, grant in enumerate(in_order, 1)}
    neighbours: Mapping[int, Account] = query.accounts_by_id(
        tx.session, [side for entry in book.entries for side in (entry.row.from_account_id, entry.row.to_account_id)]
    )
    for entry in book.entries:
        is_grant = entry.row.grant_id is None or entry in book.carried_in
        yield WhyEntry(
            on=policy.day_of(tx, entry.row.occurred_at),
            what=_what(entry, neighbours, book.account),
            nanos=entry.nanos,
            burns=order.get(entry.grant_id) if is_grant else None,
            left=left.get(entry.grant_id) if is_grant else None,
        )


_WORDS = {
    "allotment": "Allotment",
    "top_up": "Top-up",
    "adjustment": "Allotment adjusted: pay, policy or rate changed",
    "reversal": "Reversal",
}


def _what(entry: Entry, neighbours: Mapping[int, Account], account: Account) -> str:
    row = entry.row
    if row.kind == "expiry":
        return "Expired" if entry.nanos < 0 else "Taken back from expiry by late usage"
    if row.kind == "carry":
        other = neighbours[row.from_account_id if row.to_account_id == account.id else row.to_account_id]
        way = "in from" if accounts.start_of(other) < accounts.start_of(account) else "over to"
        return f"Carried {way} {other.period}"
    return _WORDS[row.kind]


def _usage(tx: Tx, account: Account, period: Period) -> Iterator[WhyEntry]:
    found = query.days(tx.session, [id_of(account)], period.start.date(), period.end.date())
    for day, (nanos, _tokens, _priced) in sorted(found.items()):
        if nanos:
            yield WhyEntry(day, "Usage", -nanos)
