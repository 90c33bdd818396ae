"""Usage: facts from sources, stored once each, priced, and charged to whom they lead to."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.rules.period import Period
from bot.rules.usage import UsageFact
from bot.services import ledger, policy
from bot.services.account import accounts_for
from bot.services.price import is_doubtful, list_price
from bot.services.verb import Company, Tx, look, verb
from db import gate
from db import usage as query
from db.tables.usage import SourceState
from db.usage import Found, IdentityKey

BATCH = 4000
"""Facts in one transaction: few enough that nobody waits 200 ms for it, and enough to be worth one."""

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


PricedFact = tuple[UsageFact, int | None, str, str]
"""A fact, what it costs (None: nobody knows), where the price is from, and the rates as JSON."""


def record(company: Company, facts: Sequence[UsageFact]) -> Recorded:
    """Store a batch of facts that `check_fact` has passed, all or none, in one transaction; each counts once, forever.

    Of two with the same (source, id) the first is kept, whatever the second says. Keep a batch near BATCH.
    """
    return _record(company, price_all(facts))


def price_all(facts: Iterable[UsageFact]) -> list[PricedFact]:
    """Put a price to each fact; done before the transaction, so that the database waits for nobody's arithmetic."""
    return [
        _at_list_price(fact) if fact.cost_nanos is None else (fact, fact.cost_nanos, _FROM_SOURCE, "") for fact in facts
    ]


def _at_list_price(fact: UsageFact) -> PricedFact:
    price = list_price(fact.provider, fact.model, fact.tokens, fact.occurred_at)
    return (fact, None, "", "") if price is None else (fact, *price)


@verb("usage.record")
def _record(tx: Tx, priced: Sequence[PricedFact]) -> Recorded:
    return record_in(tx, priced)


def record_in(tx: Tx, priced: Sequence[PricedFact]) -> Recorded:
    """Store priced facts within a transaction."""
    if not priced:
        return Recorded()
    facts = [fact for fact, *_ in priced]
    keys = [(fact.identity_kind, fact.identity_value) for fact in facts]
    _advance_sources(tx, facts)
    unattributed = unattributed_account(tx)
    found = _identities(tx, set(keys), unattributed)
    charged = _charged(tx, facts, keys, _whose(tx, found, unattributed))
    closed = query.lock_accounts(tx.session, set(charged))
    identities = [found[key].identity_id if key in found else None for key in keys]
    landed = query.insert_new(tx.session, _rows(tx, priced, identities, charged))
    # In this transaction, so that a call is set aside or spent at every moment, never both and never neither.
    gate.release(tx.session, [fact.call_key for fact in facts if fact.call_key])
    touched = frozenset(one.account_id for one in landed)
    if touched & closed:
        ledger.settle_accounts(tx, sorted(touched & closed))
    new = sum(one.events for one in landed)
    return Recorded(
        new=new,
        repeated=len(priced) - new,
        unattributed=sum(one.events for one in landed if one.account_id == unattributed),
        unpriced=sum(one.unpriced for one in landed),
        informational=sum(one.informational for one in landed),
        accounts=touched,
        doubtful=sum(is_doubtful(fact.cost_nanos, fact.tokens) for fact in facts if fact.cost_nanos),
    )


def _advance_sources(tx: Tx, facts: Sequence[UsageFact]) -> None:
    """A source's row is locked first: two batches of one source never wait for each other's events both ways."""
    newest: dict[str, datetime] = {}
    for fact in facts:
        if fact.occurred_at > newest.setdefault(fact.source, fact.occurred_at):
            newest[fact.source] = fact.occurred_at
    for source in sorted(newest):
        # A clock ahead of ours must not make a source look complete into the future.
        query.advance_source(tx.session, source, min(newest[source], tx.now), tx.now)


def _identities(tx: Tx, keys: set[IdentityKey], unattributed: int) -> dict[IdentityKey, Found]:
    """Identities by key; those that are new are stored, those that lead to nobody looked at again under the lock.

    Whoever links an identity moves its past usage under that same lock, so none can fall between.
    """
    wanted = {key for key in keys if key[1] is not None}
    found = query.find_identities(tx.session, wanted)
    if wanted - found.keys():
        query.add_identities(tx.session, wanted - found.keys())
    unsure = wanted - {key for key, one in found.items() if one.person_id or one.team_id}
    if unsure or len(wanted) < len(keys):
        query.lock_accounts(tx.session, [unattributed])
        found |= query.find_identities(tx.session, unsure)
    return found


def _whose(tx: Tx, found: Mapping[IdentityKey, Found], unattributed: int) -> "_Whose":
    people = {key: one.person_id for key, one in found.items() if one.person_id is not None}
    teams = {key: _team_account(tx, one.team_id) for key, one in found.items() if one.team_id is not None}
    return _Whose(people, teams, unattributed)


@dataclass(frozen=True, slots=True)
class _Whose:
    """Whom identities lead to: person ids, the accounts of teams, and for all others the account of nobody yet."""

    people: Mapping[IdentityKey, int]
    teams: Mapping[IdentityKey, int]
    unattributed: int

    def accounts(self, tx: Tx, keys: Iterable[IdentityKey], period: Period) -> dict[IdentityKey, int]:
        """The account of each in a period; people's that do not exist are made, all at once."""
        accounts = accounts_for(tx, {self.people[key] for key in keys if key in self.people}, period)
        return {
            key: accounts[self.people[key]] if key in self.people else self.teams.get(key, self.unattributed)
            for key in keys
        }


def _charged(tx: Tx, facts: Sequence[UsageFact], keys: Sequence[IdentityKey], whose: _Whose) -> list[int]:
    """The account of each fact, in their order. A batch lies in one or two periods, so the last one is tried first."""
    calendar = policy.calendar(tx)
    periods: dict[datetime, tuple[Period, set[IdentityKey]]] = {}
    starts: list[datetime] = []
    period: Period | None = None
    for fact, key in zip(facts, keys, strict=True):
        if period is None or not period.start <= fact.occurred_at < period.end:
            period = calendar.at(fact.occurred_at)
            here = periods.setdefault(period.start, (period, set()))[1]
        here.add(key)
        starts.append(period.start)
    accounts = {start: whose.accounts(tx, here, period) for start, (period, here) in periods.items()}
    return [accounts[start][key] for start, key in zip(starts, keys, strict=True)]


def _rows(
    tx: Tx, priced: Sequence[PricedFact], identities: Sequence[int | None], charged: Sequence[int]
) -> Iterator[query.EventRow]:
    """As the database stores them."""
    instant_of = query.instant_of(tx.session)
    recorded_at = instant_of(tx.now)
    for (fact, cost_nanos, price_source, price_rates), identity_id, account_id in zip(
        priced, identities, charged, strict=True
    ):
        tokens = fact.tokens
        yield (
            fact.source,
            fact.external_id,
            account_id,
            identity_id,
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
            cost_nanos,
            fact.basis,
            price_source,
            price_rates,
            fact.informational,
        )


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


def _targets(tx: Tx, move: query.Move, person_id: int, span: tuple[datetime, datetime]) -> list[tuple[int, Period]]:
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
