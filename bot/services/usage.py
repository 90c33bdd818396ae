"""Usage: facts from sources, stored once each, priced, and charged to whom they lead to."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.rules.period import Period
from bot.rules.usage import UsageFact
from bot.services import ledger, policy
from bot.services.price import is_doubtful, list_price
from bot.services.verb import Company, Tx, look, verb
from db import usage as query
from db.tables.usage import SourceState
from db.usage import Found, IdentityKey

BATCH = 2000
"""Facts in one transaction: few enough that a listener never waits long for it."""

_FROM_SOURCE = "source"


class NoCompanyAccounts(Exception):
    """The company's accounts are missing; `python -m bot db upgrade` makes them."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What came of a batch. All but `repeated` counts only what was new; `accounts` are those it landed on.

    `doubtful` are new or repeated facts whose source says a cost far above any price.
    """

    new: int = 0
    repeated: int = 0
    unattributed: int = 0
    unpriced: int = 0
    informational: int = 0
    accounts: frozenset[int] = field(default_factory=frozenset)
    doubtful: int = 0

    def __add__(self, other: "Recorded") -> "Recorded":
        """Of two batches."""
        return Recorded(
            self.new + other.new,
            self.repeated + other.repeated,
            self.unattributed + other.unattributed,
            self.unpriced + other.unpriced,
            self.informational + other.informational,
            self.accounts | other.accounts,
            self.doubtful + other.doubtful,
        )


@dataclass(frozen=True, slots=True)
class PricedFact:
    """A fact and what it costs: what its source says, else the list price, else nothing known."""

    fact: UsageFact
    cost_nanos: int | None
    price_source: str = ""
    price_rates: str = ""


def record(company: Company, facts: Sequence[UsageFact]) -> Recorded:
    """Store a batch of facts that `check_fact` has passed, all or none, in one transaction; each counts once, forever.

    Of two with the same (source, id) the first is kept, whatever the second says. Keep a batch near BATCH.
    """
    return _record(company, price_all(facts))


def price_all(facts: Iterable[UsageFact]) -> list[PricedFact]:
    """Put a price to each fact; done before the transaction, so that the database waits for nobody's arithmetic."""
    return [_priced(fact) for fact in facts]


def _priced(fact: UsageFact) -> PricedFact:
    if fact.cost_nanos is not None:
        return PricedFact(fact, fact.cost_nanos, _FROM_SOURCE)
    price = list_price(fact.provider, fact.model, fact.tokens, fact.occurred_at)
    return PricedFact(fact, None) if price is None else PricedFact(fact, price.cost_nanos, price.source, price.rates)


@verb("usage.record")
def _record(tx: Tx, priced: Sequence[PricedFact]) -> Recorded:
    return record_in(tx, priced)


def record_in(tx: Tx, priced: Sequence[PricedFact]) -> Recorded:
    """Store priced facts within a transaction."""
    if not priced:
        return Recorded()
    _advance_sources(tx, priced)
    charge = _Charge(tx, priced)
    closed = query.lock_accounts(tx.session, charge.account_ids)
    landed = query.insert_new(tx.session, charge.rows())
    touched = frozenset(found.account_id for found in landed)
    if touched & closed:
        ledger.settle_accounts(tx, sorted(touched & closed))
    new = sum(found.events for found in landed)
    return Recorded(
        new=new,
        repeated=len(priced) - new,
        unattributed=sum(found.events for found in landed if found.account_id == charge.unattributed),
        unpriced=sum(found.unpriced for found in landed),
        informational=sum(found.informational for found in landed),
        accounts=touched,
        doubtful=sum(_is_doubtful(one) for one in priced),
    )


def _is_doubtful(priced: PricedFact) -> bool:
    cost = priced.fact.cost_nanos
    return cost is not None and is_doubtful(cost, priced.fact.tokens)


def _advance_sources(tx: Tx, priced: Sequence[PricedFact]) -> None:
    """A source's row is locked first: two batches of one source never wait for each other's events both ways."""
    newest: dict[str, datetime] = {}
    for one in priced:
        source, at = one.fact.source, one.fact.occurred_at
        if source not in newest or at > newest[source]:
            newest[source] = at
    for source in sorted(newest):
        # A clock ahead of ours must not make a source look complete into the future.
        query.advance_source(tx.session, source, min(newest[source], tx.now), tx.now)


class _Charge:
    """Whom each fact of a batch leads to, and so which account it is charged to."""

    def __init__(self, tx: Tx, priced: Sequence[PricedFact]) -> None:
        self._tx = tx
        self._priced = priced
        self.unattributed = unattributed_account(tx)
        self._found = self._identities()
        people = {found.person_id for found in self._found.values() if found.person_id is not None}
        self._accounts = _Accounts(tx, people)
        self._charged = [self._account(one.fact) for one in priced]
        self.account_ids = frozenset(self._charged)

    def _identities(self) -> dict[IdentityKey, Found]:
        """Identities by key; those that are new are stored, those that lead to nobody looked at again under the lock.

        Whoever links an identity moves its past usage under that same lock, so none can fall between.
        """
        session = self._tx.session
        keys = {(one.fact.identity_kind, one.fact.identity_value) for one in self._priced}
        wanted = {(kind, value) for kind, value in keys if value is not None}
        found = query.find_identities(session, wanted)
        if wanted - found.keys():
            query.add_identities(session, wanted - found.keys())
        unsure = wanted - {key for key, one in found.items() if one.person_id or one.team_id}
        if unsure or len(wanted) < len(keys):
            query.lock_accounts(session, [self.unattributed])
            found |= query.find_identities(session, unsure)
        return found

    def _account(self, fact: UsageFact) -> int:
        value = fact.identity_value
        found = None if value is None else self._found[fact.identity_kind, value]
        if found is None:
            return self.unattributed
        if found.person_id is not None:
            return self._accounts.of_person(found.person_id, fact.occurred_at)
        return self.unattributed if found.team_id is None else self._accounts.of_team(found.team_id)

    def rows(self) -> list[query.EventRow]:
        """As the database stores them."""
        instant_of = query.instant_of(self._tx.session)
        recorded_at = instant_of(self._tx.now)
        return [
            self._row(one, account_id, instant_of, recorded_at)
            for one, account_id in zip(self._priced, self._charged, strict=True)
        ]

    def _row(
        self, priced: PricedFact, account_id: int, instant_of: Callable[[datetime], Any], recorded_at: Any
    ) -> query.EventRow:
        fact, tokens = priced.fact, priced.fact.tokens
        value = fact.identity_value
        return (
            fact.source,
            fact.external_id,
            account_id,
            None if value is None else self._found[fact.identity_kind, value].identity_id,
            instant_of(fact.occurred_at),
            recorded_at,
            fact.provider,
            fact.model,
            fact.agent,
            fact.session_id,
            tokens.input,
            tokens.cache_read,
            tokens.cache_write_5m,
            tokens.cache_write_1h,
            tokens.output,
            tokens.reasoning,
            priced.cost_nanos,
            fact.basis,
            priced.price_source,
            priced.price_rates,
            fact.informational,
        )


class _Accounts:
    """Account ids, each looked up once for a batch. A batch lies in one or two periods, so the last is tried first."""

    def __init__(self, tx: Tx, people: Iterable[int]) -> None:
        self._tx = tx
        self._everybody = sorted(people)
        self._calendar = policy.calendar(tx)
        self._teams: dict[int, int] = {}
        self._by_period: dict[datetime, dict[int, int]] = {}
        self._period: Period | None = None
        self._people: dict[int, int] = {}

    def of_person(self, person_id: int, instant: datetime) -> int:
        """Of the person's period in which the instant lies; made if there is none yet."""
        period = self._period
        if period is None or not period.start <= instant < period.end:
            period = self._turn_to(instant)
        account_id = self._people.get(person_id)
        if account_id is None:
            account_id = self._people[person_id] = _there(ledger.account_for(self._tx, person_id, period.start).id)
        return account_id

    def _turn_to(self, instant: datetime) -> Period:
        self._period = period = self._calendar.at(instant)
        if period.start not in self._by_period:
            self._by_period[period.start] = query.accounts_of(self._tx.session, self._everybody, period.start)
        self._people = self._by_period[period.start]
        return period

    def of_team(self, team_id: int) -> int:
        """Of the team; made if there is none yet."""
        if team_id not in self._teams:
            self._teams[team_id] = _team_account(self._tx, team_id)
        return self._teams[team_id]


def unattributed_account(tx: Tx) -> int:
    """The id of the account of usage that leads to nobody yet."""
    found = query.account_id(tx.session, query.UNATTRIBUTED)
    if found is None:
        raise NoCompanyAccounts(NoCompanyAccounts.__doc__)
    return found


def _team_account(tx: Tx, team_id: int) -> int:
    query.add_team_account(tx.session, team_id)
    return _there(query.account_id(tx.session, f"team:{team_id}"))


def _there(account_id: int | None) -> int:
    if account_id is None:
        raise AssertionError("An account that was just stored has an id.")
    return account_id


def attribute(tx: Tx, identity_id: int, person_id: int) -> int:
    """Move an identity's unattributed usage to a person; returns how many events moved.

    Nothing is changed or deleted: each event gets two more rows of the same instant, its opposite where it was and a
    copy on the account of the person's period. Call it in the transaction that links the identity. Doing it again
    moves nothing.
    """
    source = unattributed_account(tx)
    query.lock_accounts(tx.session, [source])
    span = query.unattributed_span(tx.session, identity_id, source)
    if span is None:
        return 0
    targets = _targets(tx, query.Move(identity_id, source, tx.now), person_id, span)
    closed = query.lock_accounts(tx.session, [account for account, _ in targets])
    before = query.newest_event_id(tx.session)
    move = query.Move(identity_id, source, tx.now)
    for account, period in targets:
        query.copy_in(tx.session, move, account, period.start, period.end)
    moved = query.copy_out(tx.session, move)
    query.roll_up_moved(tx.session, identity_id, before)
    if closed:
        ledger.settle_accounts(tx, sorted(closed))
    return moved


def _targets(
    tx: Tx, move: query.Move, person_id: int, span: tuple[datetime, datetime]
) -> list[tuple[int, Period]]:
    """The person's accounts for the periods of a span in which there is something to move."""
    calendar = policy.calendar(tx)
    first, last = span
    period = calendar.at(first)
    targets = []
    while period.start <= last:
        if query.has_to_move(tx.session, move.identity_id, move.account_id, period.start, period.end):
            targets.append((_there(ledger.account_for(tx, person_id, period.start).id), period))
        period = calendar.next(period)
    return targets


def rebuild_rollups(tx: Tx) -> None:
    """Make every rollup again from the events: a cache that was lost changes no answer."""
    query.rebuild_rollups(tx.session)


def wrong_rollups(tx: Tx) -> int:
    """How many rollups do not agree with their events; 0 is the promise."""
    return query.count_wrong_rollups(tx.session)


@dataclass(frozen=True, slots=True)
class UsageState:
    """How complete a source is: its newest event, and when it was last heard of."""

    source: str
    newest_event_at: datetime
    read_at: datetime


@look
def usage_states(tx: Tx) -> list[UsageState]:
    """How complete each source is, for the "as of" beside every figure."""
    return [_state(row) for row in query.source_states(tx.session)]


def _state(row: SourceState) -> UsageState:
    return UsageState(row.source, row.newest_event_at, row.read_at)
