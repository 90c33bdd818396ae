"""Notices: tells people when their AI spend reaches a line of their budget or of their salary, once for each line.

What has been announced is sealed and changed by compare-and-set, in one transaction with the messages that say it. So
of two processes one tells, and a crash leaves either both or neither.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from bot.rules import notice as rule
from bot.rules.allotment import NoRate, salary
from bot.rules.audience import Audience, Fact
from bot.rules.notice import Announced
from bot.rules.period import Period
from bot.rules.policy import Policy
from bot.services import gate, ledger, policy, roster
from bot.services.notice_glance import Glimpse, below_salary
from bot.services.outbox import Message, Target, is_owed, owe
from bot.services.round import Round, each
from bot.services.verb import Company, Tx, look, verb
from db import notice as query
from db.notice import Spender
from db.seal import COMPANY, Sealed, SealError
from db.tables.ledger import Account
from db.tables.roster import Person

_CHUNK = 500
_STATE_BYTES = 512  # the same for every kind, or the length would tell notices of the salary from those of the budget
_MEMO = "room of a notice's state"
_UID_BYTES = 40  # of one message in a state: finance people are told each
_RACES = 5  # one is lost only to somebody who told something, and a state has few things to tell


@dataclass(frozen=True, slots=True)
class _Kept:
    """A stored state: what was announced, how often, and the messages that told it last."""

    announced: Announced
    count: int = 0
    uids: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Figures:
    """One person's figures of a period, in nano-dollars."""

    person: Person
    period: Period
    policy: Policy
    spend: int
    budget: int
    salary: int | None
    no_rate: str | None
    is_granted: bool

    @property
    def budget_line(self) -> Fraction:
        return rule.budget_line(self.spend, self.budget, self.policy.notices_budget)

    @property
    def salary_step(self) -> int:
        return rule.salary_step(self.spend, self.salary or 0, self.policy.salary_near)


def tell_people(company: Company) -> Round:
    """Evaluate everybody who spent in this period or the one before it, and tell those who have reached a line.

    Reads in chunks without holding anything, and opens a transaction only for a person with something new. One
    person's failure is counted and does not stop the rest.
    """
    total = Round()
    after: int | None = 0
    while after is not None:
        chunk = _changes(company, after)
        if chunk.uncovered:
            _cover(company, chunk.uncovered)
        total += each(chunk.no_rates, lambda missing: _tell_no_rate(company, *missing))
        total += each(chunk.changed, lambda account_id: until_settled(lambda: _tell_person(company, account_id)))
        total += Round(failed=len(chunk.errors), errors=frozenset(chunk.errors))
        after = chunk.last
    return total


@dataclass(frozen=True, slots=True)
class _Chunk:
    changed: Sequence[int]
    no_rates: Sequence[tuple[str, str]]
    errors: Sequence[str]
    uncovered: Sequence[str]
    last: int | None


@look
def _changes(tx: Tx, after: int) -> _Chunk:
    """The accounts of the next chunk with something new to tell."""
    rows = query.spenders(tx.session, [period.label for period in open_periods(tx)], after, _CHUNK)
    spenders = [row for row in rows if row.spent is not None]
    keys = [state_key(tx, kind, one.person_id, one.label) for one in spenders for kind in ("budget", "salary")]
    known = query.states(tx.session, keys)
    glimpses = _glimpses(tx, spenders)
    changed, no_rates, errors = [], set(), []
    for one, budget_key, salary_key in zip(spenders, keys[::2], keys[1::2], strict=True):
        try:
            glimpse = glimpses.get(one.account_id)
            if glimpse is not None and open_state(tx, salary_key, known.get(salary_key)) is None:
                if _has_new_line(one, glimpse, open_state(tx, budget_key, known.get(budget_key))):
                    changed.append(one.account_id)
                continue
            figures = figures_of(tx, one.account_id)
        except Exception as error:  # noqa: BLE001 - the same as in `_tell`
            errors.append(type(error).__name__)
            continue
        if figures.no_rate is not None:
            no_rates.add((figures.no_rate, one.label))
        # Whose period has not been granted yet is evaluated with the grant, in the transaction that posts it.
        if not figures.is_granted or any(_is_new(tx, known, step) for step in _steps(tx, figures)):
            changed.append(one.account_id)
    # In the order of the blinded keys, so that not even the order of the rows says whose they are.
    uncovered = sorted(key for key in keys if key not in known)
    return _Chunk(changed, sorted(no_rates), errors, uncovered, rows[-1].account_id if len(rows) == _CHUNK else None)


def _glimpses(tx: Tx, spenders: Sequence[Spender]) -> Mapping[int, Glimpse]:
    try:
        return below_salary(tx, spenders)
    except SealError:
        return {}  # one transfer's must not keep the rest from being told, so everybody is looked at alone


def _has_new_line(one: Spender, glimpse: Glimpse, kept: _Kept | None) -> bool:
    """Whether somebody who is far from their salary has reached a line of their budget, or their budget has moved."""
    spent, budget, lines = one.spent or 0, glimpse.budget, glimpse.policy.notices_budget
    if kept is None:
        return budget > 0 and any(spent * line.denominator >= line.numerator * budget for line in lines)
    return _advances(kept, budget, rule.budget_line(spent, budget, lines))


@verb("notice.cover")
def _cover(tx: Tx, keys: Sequence[str]) -> None:
    """Store a state of nothing announced for everybody who spends: rows only of those who were told could be counted.

    Nobody without the key can tell such a state from one that says something.
    """
    room = _room(tx)
    query.cover(
        tx.session, {key: tx.vault.seal(COMPANY, _NOTHING_ANNOUNCED, f"notice:{key}", least_bytes=room) for key in keys}
    )


_NOTHING_ANNOUNCED: dict[str, Any] = {}


def _room(tx: Tx) -> int:
    """How long a state is at least: room for the messages to the person and to everybody in finance; read once."""
    known: int | None = tx.session.info.get(_MEMO)
    if known is None:
        told = 1 + len(roster.finance_people(tx))
        known = tx.session.info[_MEMO] = max(_STATE_BYTES, _STATE_BYTES // 2 + _UID_BYTES * told)
    return known


def open_periods(tx: Tx) -> list[Period]:
    """The current period and the one before it, whose usage may still arrive."""
    calendar = policy.calendar(tx)
    current = calendar.at(tx.now)
    return [calendar.previous(current), current]


def figures_of(tx: Tx, account_id: int) -> _Figures:
    """A person's figures in the period of their account."""
    account = query.account(tx.session, account_id)
    if account is None or account.person_id is None or account.period is None:
        raise AssertionError("A spender's account is a person's.")
    period = policy.calendar(tx).labelled(account.period)
    standing = ledger.standing(tx, account)
    person = roster.person(tx, account.person_id)
    found = policy.policy_of(tx, account.person_id)
    earned, no_rate = _salary(tx, account, period, found)
    # While a period is open only grants with an end of their own have expired, and they are no budget any more.
    budget = standing.available + standing.spent
    return _Figures(person, period, found, standing.spent, budget, earned, no_rate, bool(standing.granted))


def _salary(tx: Tx, account: Account, period: Period, found: Policy) -> tuple[int | None, str | None]:
    """The period's base salary in nano-dollars, or the currency that has no rate young enough."""
    if account.person_id is None:
        raise AssertionError("A spender's account is a person's.")
    terms = roster.terms_of(tx, account.person_id)
    try:
        return salary(period, terms, roster.rates_for(tx, period), found.pay_bands), None
    except NoRate as error:
        return None, error.currency


@dataclass(frozen=True, slots=True)
class _Step:
    """One line that may have been reached: of the budget, or of the salary."""

    kind: str
    key: str
    base: int
    reached: Fraction


def _steps(tx: Tx, figures: _Figures) -> Iterator[_Step]:
    person, label = _id(figures.person), figures.period.label
    yield _Step("budget", state_key(tx, "budget", person, label), figures.budget, figures.budget_line)
    if figures.salary is not None:
        step = Fraction(figures.salary_step)
        yield _Step("salary", state_key(tx, "salary", person, label), figures.salary, step)


def _is_new(tx: Tx, known: Mapping[str, Sealed], step: _Step) -> bool:
    return _advances(open_state(tx, step.key, known.get(step.key)), step.base, step.reached)


def _advances(kept: _Kept | None, base: int, reached: Fraction) -> bool:
    after, line = rule.advance(kept.announced if kept else None, base, reached)
    # Before the first line is announced there is nothing to remember.
    return line is not None or (kept is not None and after != kept.announced)


@verb("notice.person")
def _tell_person(tx: Tx, account_id: int) -> int:
    """Evaluate one person in a transaction; returns 1 when something was told."""
    account = query.account(tx.session, account_id)
    if account is not None and account.person_id is not None:
        ledger.ensure_periods(tx, account.person_id)
    figures = figures_of(tx, account_id)
    told = [line for step in _steps(tx, figures) if (line := _advance(tx, figures, step)) is not None]
    return int(bool(told))


def _advance(tx: Tx, figures: _Figures, step: _Step) -> Fraction | None:
    before = query.state(tx.session, step.key)
    kept = open_state(tx, step.key, before)
    announced, line = rule.advance(kept.announced if kept else None, step.base, step.reached)
    if line is None and (kept is None or announced == kept.announced):
        return None
    count = (kept.count if kept else 0) + (line is not None)
    uids = kept.uids if kept else ()
    if line is not None:
        owed = _budget_messages if step.kind == "budget" else _salary_messages
        uids = tuple(owe(tx, message) for message in owed(tx, figures, line, count))
    if not query.change(tx.session, step.key, before, _sealed(tx, step.key, _Kept(announced, count, uids))):
        raise StateMoved
    return line


class StateMoved(Exception):
    """Somebody else told the same at the same moment; the whole transaction is undone, and theirs stands."""


def until_settled(work: Callable[[], int]) -> int:
    """Do the work, and again when somebody else was first: it then finds what they told, and tells only the rest."""
    for _attempt in range(_RACES - 1):
        try:
            return work()
        except StateMoved:
            continue
    return work()


def state_key(tx: Tx, kind: str, person_id: int, label: str) -> str:
    """The blinded key under which a person's state of a period is kept; `kind` is budget or salary."""
    return tx.vault.blind(f"notice:{kind}:{person_id}:{label}")


def _sealed(tx: Tx, key: str, kept: _Kept) -> Sealed:
    announced = kept.announced
    plain = {"highest": str(announced.highest), "base": announced.base, "count": kept.count, "uids": kept.uids}
    return tx.vault.seal(COMPANY, plain, f"notice:{key}", least_bytes=_room(tx))


def open_state(tx: Tx, key: str, sealed: Sealed | None) -> _Kept | None:
    """A person's state; None when nothing has been announced."""
    if sealed is None:
        return None
    plain = tx.vault.open(COMPANY, sealed, f"notice:{key}")
    if plain == _NOTHING_ANNOUNCED:
        return None
    return _Kept(Announced(Fraction(plain["highest"]), plain["base"]), plain["count"], tuple(plain["uids"]))


def _budget_messages(tx: Tx, figures: _Figures, line: Fraction, count: int) -> Iterator[Message]:
    if not roster.is_active(tx, _id(figures.person)):
        return
    budget = {
        "line": str(line),
        "spent_nanos": figures.spend,
        "budget_nanos": figures.budget,
        "enforcement": gate.mode_in_effect(tx, figures.policy.enforcement_mode),
    }
    yield Message(
        key=f"notice.budget:{_id(figures.person)}:{figures.period.label}:{count}",
        kind="notice.budget",
        target=Target(person_id=_id(figures.person)),
        audience=Audience.PERSON,
        facts={Fact.PERIOD: period_fact(tx, figures.period), Fact.BUDGET: budget},
        secret=True,
    )


def _salary_messages(tx: Tx, figures: _Figures, line: Fraction, count: int) -> Iterator[Message]:
    person = _id(figures.person)
    finance = [card for card in roster.finance_people(tx) if card.id != person]
    active = roster.is_active(tx, person)
    pay = {
        "step": int(line),
        "near": str(figures.policy.salary_near),
        "spent_nanos": figures.spend,
        "salary_nanos": figures.salary,
        "finance_told": bool(finance),
        "person_told": active,
        "channel": channel_mode(tx, figures.policy),
    }
    facts = {Fact.PERIOD: period_fact(tx, figures.period), Fact.PAY: pay}
    stem = f"{person}:{figures.period.label}:{count}"
    if active:
        mine = Target(person_id=person)
        yield Message(f"notice.salary:{stem}", "notice.salary", mine, Audience.PERSON, facts, secret=True)
    about = {**facts, Fact.NAME: {"name": figures.person.name, "slack_id": figures.person.slack_user_id}}
    for card in finance:
        key = f"notice.salary_finance:{stem}:{card.id}"
        yield Message(key, "notice.salary_finance", Target(person_id=card.id), Audience.FINANCE, about, secret=True)


def channel_mode(tx: Tx, own: Policy) -> str:
    """What the alerts channel is told of somebody for whom this policy holds: off, counts or names."""
    if tx.channels.alerts is None:
        return "off"
    company = policy.company_policy(tx).salary_in_channels
    return rule.channel_mode(company, own.salary_in_channels, may_be_named=own.named_notices)


def period_fact(tx: Tx, period: Period) -> dict[str, Any]:
    """A period as views take it."""
    over = period.end <= tx.now
    return {"label": period.label, "first_on": period.first_on.isoformat(), "end": period.end.isoformat(), "over": over}


def _id(person: Person) -> int:
    if person.id is None:
        raise AssertionError("A stored person has an id.")
    return person.id


@verb("notice.no_rate")
def _tell_no_rate(tx: Tx, currency: str, label: str) -> int:
    """Tell finance, once per period, why people paid in a currency get no salary notice; returns how many are told."""
    facts = {
        Fact.PERIOD: period_fact(tx, policy.calendar(tx).labelled(label)),
        Fact.COMPLETENESS: {"currency": currency, "days": rule.STALE_RATE_DAYS},
    }
    untold = [
        (key, Target(person_id=card.id))
        for card in roster.finance_people(tx)
        if not is_owed(tx, key := f"notice.no_rate:{currency}:{label}:{card.id}")
    ]
    for key, target in untold:
        owe(tx, Message(key, "notice.no_rate", target, Audience.FINANCE, facts))
    return len(untold)
