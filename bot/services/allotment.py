"""What a person is owed for each budget period, and the granting of it: exactly once, never not at all.

What is owed is worked out from terms, policy and rates, and compared with what has been posted. So it does not matter
when somebody looks, how often, or what was down meanwhile: whoever looks first grants what is missing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from bot.rules.allotment import NoRate, TermsFact, owed, terms_on
from bot.rules.period import Period
from bot.rules.policy import Policy, PolicyDocument, resolve
from bot.services import account as accounts
from bot.services import person, policy, rate
from bot.services.account import Book, Movement, id_of
from bot.services.settlement import settle_open
from bot.services.verb import Tx
from db import ledger as query
from db import roster
from db.tables.ledger import Account
from db.tables.roster import Person

_BACKDATED = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Due:
    """What a person is owed for a period that is open; None where no rate converts their pay yet."""

    period: Period
    account: Account | None
    nanos: int | None = field(repr=False)
    no_rate: str | None = None


def ensure_periods(tx: Tx, person_id: int) -> Account:
    """Grant a person everything that is owed and missing, and return their account of the current period.

    Every period counts from the person's first day on, also those during which nobody looked. What is owed and what
    was posted may differ in either direction, by a raise, a leaver's date, a rate or a policy; while the period is open
    the difference is posted as an adjustment. What has expired by now is posted too. Doing it again posts nothing.
    """
    # Before anything is read: what another transaction has granted by later terms would be taken back by earlier ones.
    roster.hold(tx.session, person_id)
    current = accounts.account_for(tx, person_id, tx.now)
    wanted = [due for due in survey(tx, person_id).dues if due.nanos is not None or due.account is not None]
    made = [due.account or accounts.account_of_period(tx, person_id, due.period) for due in wanted]
    held = {id_of(row): row for row in query.lock(tx.session, [id_of(row) for row in (*made, current)])}
    for due, row in zip(wanted, made, strict=True):
        # Somebody may have closed it before we held it.
        if held[id_of(row)].closed_at is None:
            _bring_up(tx, held[id_of(row)], due)
    return held[id_of(current)]


def _bring_up(tx: Tx, account: Account, due: Due) -> None:
    if due.nanos is not None:
        book = accounts.read_book(tx, account)
        missing = due.nanos - book.allotment
        if missing or not book.is_allotted:
            _grant(tx, book, due.period, missing)
    settle_open(tx, account)


def _grant(tx: Tx, book: Book, period: Period, missing: int) -> None:
    allotted = [entry for entry in book.from_issued if entry.row.kind == "allotment"]
    issued = accounts.company_account(tx, accounts.ISSUED)
    if not allotted:
        key = f"allotment:{accounts.person_of(book.account)}:{period.label}"
        first = Movement("allotment", key, "terms", period.start, priority=accounts.GRANT_PRIORITY)
        accounts.post(tx, first, book.account, issued, missing)
        return
    number = sum(entry.row.kind == "adjustment" for entry in book.from_issued) + 1
    key = f"adjustment:{id_of(book.account)}:{number}"
    when = min(max(tx.now, period.start), period.end - timedelta(microseconds=1))
    change = Movement("adjustment", key, "terms", when, grant_id=id_of(allotted[0].row))
    accounts.post(tx, change, book.account, issued, missing)


@dataclass(frozen=True, slots=True)
class Survey:
    """A person, their terms and accounts, and what they are owed for every open period, oldest first."""

    one: Person
    terms: Sequence[TermsFact]
    accounts: Mapping[str | None, Account]
    dues: Sequence[Due]


def survey(tx: Tx, person_id: int) -> Survey:
    """What a person is owed for every period that is not closed, from their first day to now. Raises LookupError."""
    one = roster.person_as_is(tx.session, person_id)
    if one is None:
        raise LookupError(f"There is no person {person_id}.")
    terms = person.terms_of(tx, person_id)
    known = {row.period: row for row in query.accounts_of(tx.session, person_id)}
    found = [
        _due(tx, one.email, terms, period, known.get(period.label))
        for period in _periods(tx, terms)
        if period.label not in known or known[period.label].closed_at is None
    ]
    return Survey(one, terms, known, found)


def is_behind(tx: Tx, found: Survey, read: Mapping[int, Book]) -> bool:
    """Whether `ensure_periods` would post anything. Reads only; `read` are the books that were read already, by id."""
    for due in found.dues:
        if due.account is None:
            if due.nanos is not None:
                return True
            continue
        book = read.get(id_of(due.account)) or accounts.read_book(tx, due.account)
        if due.nanos is not None and (due.nanos != book.allotment or not book.is_allotted):
            return True
        if accounts.differences(tx, book):
            return True
    return False


def _due(tx: Tx, email: str, terms: Sequence[TermsFact], period: Period, account: Account | None) -> Due:
    try:
        return Due(period, account, _owed(tx, email, terms, period))
    except NoRate as error:
        return Due(period, account, None, error.currency)


def _periods(tx: Tx, terms: Sequence[TermsFact]) -> Iterator[Period]:
    """From the first day of the terms to now, but no further back than a year before the company started here.

    An outage can only lie after that start. Terms that begin earlier say since when somebody is employed; a year of
    them is enough for past usage, brought in at the start, to show against a budget.
    """
    if not terms:
        return
    calendar = policy.calendar(tx)
    current = calendar.at(tx.now)
    first_on = min(each.effective_from for each in terms)
    earliest = calendar.at(policy.started_at(tx) - _BACKDATED)
    period = current
    found: list[Period] = []
    while period.last_on >= first_on and period.start >= earliest.start:
        found.append(period)
        period = calendar.previous(period)
    yield from reversed(found)


def _owed(tx: Tx, email: str, terms: Sequence[TermsFact], period: Period) -> int:
    """The allotment of a period in nano-dollars: each day by the terms and the policy of that day. Raises NoRate."""
    versions = policy.documents(tx)
    days = [policy.day_of(tx, effective_from) for effective_from, _ in versions]
    pieces = [*terms, *_cut(terms, days)]
    needs_rates = any(each.currency != "USD" and each.base_nanos for each in terms)
    rates = rate.rates_for(tx, period) if needs_rates else {}
    return owed(period, pieces, _policy_for(versions, days, email), rates)


def _cut(terms: Sequence[TermsFact], days: Sequence[date]) -> Iterator[TermsFact]:
    """Terms begun anew on each day on which a policy comes into force, so that no piece spans two policies."""
    for day in days:
        held = terms_on(terms, day)
        if held is not None:
            # The lowest revision: terms that begin on that very day come before it.
            yield replace(held, effective_from=day, revision=-1)


def _policy_for(
    versions: Sequence[tuple[datetime, PolicyDocument]], days: Sequence[date], email: str
) -> Callable[[TermsFact], Policy]:
    chosen: Mapping[date, PolicyDocument] = {day: document for day, (_, document) in zip(days, versions, strict=True)}

    def policy_for(held: TermsFact) -> Policy:
        begun = [day for day in chosen if day <= held.effective_from]
        document = chosen[max(begun)] if begun else versions[0][1]
        return resolve(document, email=email, team=held.team, country=held.country)

    return policy_for
