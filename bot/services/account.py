"""Accounts and the transfers between them: where a person's period stands, and the posting of one movement."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from bot.rules.ledger import Grant, Settlement, Standing, settle
from bot.rules.period import Period
from bot.services import policy
from bot.services.gate_owed import owe_limits
from bot.services.verb import Tx
from db import ledger as query
from db.seal import Sealed, person_owner
from db.tables.ledger import Account, Transfer

GRANT_PRIORITY = 10
"""Every grant's, so that what ends first burns first."""

ISSUED, EXPIRED = "issued", "expired"
DIFFERENCES = frozenset({"adjustment", "expiry", "carry"})
"""Kinds of transfers that bring something to what it should be.

Which way the difference goes follows from pay: whether a policy was a gain for somebody, whether late usage ate budget
that had expired. So these go one way always, adjustments into a person's account and the others out of it, and the
sealed amount says how much: nothing, or less than nothing, as well. Every other kind moves a positive amount.
"""
MAY_BE_NOTHING = DIFFERENCES | {"allotment"}
"""An allotment of nothing is posted as well: without it a dump would tell whose pay is nothing."""

_MEMO = "company accounts"
_DIGITS = 20  # of a sealed amount: one length for all, or the length of the ciphertext would tell its magnitude


@dataclass(frozen=True, slots=True)
class Entry:
    """A transfer with its amount opened, as one account sees it: positive comes in, negative goes out."""

    row: Transfer
    nanos: int = field(repr=False)

    @property
    def grant_id(self) -> int:
        """The grant that it makes, or changes."""
        return self.row.grant_id or id_of(self.row)


@dataclass(frozen=True)
class Book:
    """Everything of one account: its entries by counterpart, and its spend."""

    account: Account
    spent: int = field(repr=False)
    from_issued: tuple[Entry, ...]
    to_expired: tuple[Entry, ...]
    carried_in: tuple[Entry, ...]
    carried_out: tuple[Entry, ...]

    @property
    def entries(self) -> list[Entry]:
        """All that moved something, in the order in which they were posted."""
        all_of_them = (*self.from_issued, *self.to_expired, *self.carried_in, *self.carried_out)
        return sorted((entry for entry in all_of_them if entry.nanos), key=lambda entry: id_of(entry.row))

    @property
    def standing(self) -> Standing:
        """Where the account stands. Raises NotConserved."""
        granted, carried_in = _sum(self.from_issued), _sum(self.carried_in)
        expired, carried_out = -_sum(self.to_expired), -_sum(self.carried_out)
        available = sum(entry.nanos for entry in self.entries) - self.spent
        return Standing(granted, carried_in, self.spent, expired, carried_out, available)

    @property
    def allotment(self) -> int:
        """The allotment as it was posted, adjustments included."""
        return sum(entry.nanos for entry in self.from_issued if entry.row.kind in {"allotment", "adjustment"})

    @property
    def is_allotted(self) -> bool:
        """Whether the allotment has been posted, be it nothing."""
        return any(entry.row.kind == "allotment" for entry in self.from_issued)

    def grants(self) -> list[Grant]:
        """What can be burnt; a grant that was carried in begins with the period."""
        found: dict[int, Grant] = {}
        for entry in self.from_issued:
            _add(found, entry, entry.row.occurred_at)
        for entry in self.carried_in:
            _add(found, entry, start_of(self.account))
        return list(found.values())

    def posted(self, entries: Iterable[Entry]) -> dict[int, int]:
        """What went out, by grant."""
        sums: dict[int, int] = {}
        for entry in entries:
            sums[entry.grant_id] = sums.get(entry.grant_id, 0) - entry.nanos
        return sums


def _add(found: dict[int, Grant], entry: Entry, begins: datetime) -> None:
    row, grant_id = entry.row, entry.grant_id
    known = found.get(grant_id)
    if known is None:
        found[grant_id] = Grant(grant_id, entry.nanos, row.priority or GRANT_PRIORITY, begins, row.expires_at)
    else:
        found[grant_id] = replace(known, amount=known.amount + entry.nanos)


def _sum(entries: Iterable[Entry]) -> int:
    return sum(entry.nanos for entry in entries)


def id_of(row: Account | Transfer) -> int:
    """A stored row's id."""
    if row.id is None:
        raise AssertionError("A stored row has an id.")
    return row.id


def start_of(account: Account) -> datetime:
    """When the period of a person's account begins."""
    if account.period_start is None:
        raise AssertionError("A person's account has a period.")
    return account.period_start


def end_of(account: Account) -> datetime:
    """When the period of a person's account ends."""
    if account.period_end is None:
        raise AssertionError("A person's account has a period.")
    return account.period_end


def person_of(account: Account) -> int:
    """Whose account it is."""
    if account.person_id is None:
        raise AssertionError("A person's account has a person.")
    return account.person_id


def company_account(tx: Tx, kind: str) -> int:
    """The id of one of the company's accounts; read once in a transaction."""
    known: dict[str, int] | None = tx.session.info.get(_MEMO)
    if known is None:
        known = tx.session.info[_MEMO] = query.company_accounts(tx.session)
    return known[kind]


def account_key(person_id: int, period: Period) -> str:
    """The unique key of a person's account."""
    return f"person:{person_id}:{period.label}"


def account_for(tx: Tx, person_id: int, instant: datetime) -> Account:
    """A person's account of the period in which an instant lies; made when there is none. Grants nothing."""
    return account_of_period(tx, person_id, policy.calendar(tx).at(instant))


def account_of_period(tx: Tx, person_id: int, period: Period) -> Account:
    """A person's account of a period; made when there is none."""
    key = account_key(person_id, period)
    found = query.account_by_key(tx.session, key)
    if found is not None:
        return found
    return query.add_account(tx.session, _new_account(person_id, period))


def accounts_for(tx: Tx, person_ids: Iterable[int], period: Period) -> dict[int, int]:
    """The ids of people's accounts of a period, by person; those that do not exist are made, all at once."""
    people = set(person_ids)
    found = query.account_ids(tx.session, people, period.start)
    made = [_new_account(person_id, period) for person_id in sorted(people - found.keys())]
    if made:
        query.add_accounts(tx.session, made)
        found |= {person_of(row): id_of(row) for row in made}
    return found


def _new_account(person_id: int, period: Period) -> Account:
    return Account(
        key=account_key(person_id, period),
        kind="person",
        person_id=person_id,
        period=period.label,
        period_start=period.start,
        period_end=period.end,
    )


def next_account(tx: Tx, account: Account) -> Account:
    """The account of the person's next period; made when there is none."""
    return account_for(tx, person_of(account), end_of(account))


def read_book(tx: Tx, account: Account, spent: int | None = None) -> Book:
    """Open everything of an account. Its spend is read if not given. Raises SealError for a misplaced amount."""
    account_id = id_of(account)
    opened = [_opened(tx, row, account_id) for row in query.transfers_of(tx.session, account_id)]
    others = [_other(entry.row, account_id) for entry in opened if entry.row.kind == "carry"]
    neighbours = query.accounts_by_id(tx.session, others) if others else {}
    by_side: dict[str, list[Entry]] = {ISSUED: [], EXPIRED: [], "in": [], "out": []}
    for entry in opened:
        by_side[_side(entry.row, account, neighbours)].append(entry)
    known = query.spent(tx.session, account_id) if spent is None else spent
    return Book(account, known, *(tuple(by_side[side]) for side in (ISSUED, EXPIRED, "in", "out")))


def _side(row: Transfer, account: Account, neighbours: Mapping[int, Account]) -> str:
    if row.kind == "carry":
        return "in" if start_of(neighbours[_other(row, id_of(account))]) < start_of(account) else "out"
    return EXPIRED if row.kind == "expiry" else ISSUED


def _other(row: Transfer, account_id: int) -> int:
    return row.from_account_id if row.to_account_id == account_id else row.to_account_id


def amount_of(tx: Tx, row: Transfer) -> int:
    """The amount of a transfer in nano-dollars. Raises SealError when it does not open with the transfer's key."""
    return open_amount(tx, row.key, row.owner, row.amount)


def open_amount(tx: Tx, key: str, owner: str, amount: Sealed) -> int:
    """The same of what was read of a transfer."""
    return int(tx.vault.open(owner, amount, f"transfer:{key}"))


def _opened(tx: Tx, row: Transfer, account_id: int) -> Entry:
    nanos = amount_of(tx, row)
    return Entry(row, nanos if row.to_account_id == account_id else -nanos)


@dataclass(frozen=True, slots=True)
class Movement:
    """What a transfer is for: its kind, its unique key, and what caused it; the terms on which a grant burns."""

    kind: str
    key: str
    cause: str
    occurred_at: datetime
    grant_id: int | None = None
    priority: int | None = None
    expires_at: datetime | None = None


def post(tx: Tx, movement: Movement, account: Account, other_id: int, nanos: int) -> Transfer:
    """Move an amount from the other account into this one; a negative one moves the opposite way.

    Zero is refused, but for the kinds that may be nothing. A difference always goes the way of its kind.
    """
    if nanos == 0 and movement.kind not in MAY_BE_NOTHING:
        raise ValueError("A transfer moves something.")
    owner = person_owner(person_of(account))
    comes_in = movement.kind == "adjustment" if movement.kind in DIFFERENCES else nanos >= 0
    source, target = (other_id, id_of(account)) if comes_in else (id_of(account), other_id)
    amount = nanos if comes_in else -nanos
    row = Transfer(
        key=movement.key,
        kind=movement.kind,
        from_account_id=source,
        to_account_id=target,
        owner=owner,
        amount=tx.vault.seal(owner, f"{amount:0{_DIGITS}d}", f"transfer:{movement.key}"),
        priority=movement.priority,
        expires_at=movement.expires_at,
        grant_id=movement.grant_id,
        cause=movement.cause,
        occurred_at=movement.occurred_at,
        recorded_at=tx.now,
    )
    query.add_transfer(tx.session, row)
    owe_limits(tx, account, movement.key)
    if movement.kind == "carry":
        owe_limits(tx, query.account(tx.session, other_id), movement.key)
    return row


def standing(tx: Tx, account: Account) -> Standing:
    """Where an account stands. Raises NotConserved."""
    return read_book(tx, account).standing


@dataclass(frozen=True, slots=True)
class Difference:
    """What has to be posted so that a grant's expiry or carry is what it should be; positive goes out.

    `basis` names what it was worked out from: grants, spend, and whether the period is closed.
    """

    kind: str
    grant_id: int
    nanos: int = field(repr=False)
    number: int
    basis: str


def settlement(tx: Tx, book: Book) -> Settlement:
    """What should have expired and been carried of the account's grants by now."""
    return _settlement(tx, book)[0]


def _settlement(tx: Tx, book: Book) -> tuple[Settlement, str]:
    """The same, and the name of what it was worked out from."""
    account = book.account
    closing = account.closed_at is not None
    asked: dict[str, int] = {}

    def spent_before(instant: datetime | None) -> int:
        if instant is None:
            nanos = book.spent
            if not closing:  # what is spent after a grant has ended, or before any has, changes nothing that has ended
                return nanos
        else:
            nanos = query.spent_before(tx.session, id_of(account), instant)
        asked[instant.isoformat() if instant else "all"] = nanos
        return nanos

    # What has expired stays expired, even if the clock is set back behind it.
    now = max([tx.now, *(entry.row.recorded_at for entry in book.to_expired)])
    found = settle(book.grants(), spent_before, now=now, closing=closing, period_end=end_of(account))
    grants = [id_of(entry.row) for entry in (*book.from_issued, *book.carried_in)]
    facts = json.dumps([closing, sorted(grants), sorted(asked.items())])
    return found, hashlib.sha256(facts.encode()).hexdigest()[:16]


def differences(tx: Tx, book: Book) -> list[Difference]:
    """What of expiry and carry has to be posted: of every grant that has ended, whenever the facts are new.

    A difference of nothing is posted as well. If only something were, a dump would tell by the rows that are there
    whether budget was left when the period closed, and whether late usage found any: beside spend, which stands plain,
    that narrows a salary down month by month. So whether a row is written follows from plain facts alone, and the
    basis says from which.
    """
    if book.account.closed_at is None and not _ever_ends_within(book):
        return []
    should, basis = _settlement(tx, book)
    sides = (("expiry", should.expired, book.to_expired), ("carry", should.carried, book.carried_out))
    return [found for kind, due, entries in sides for found in _new(book, kind, due, entries, basis)]


def _new(book: Book, kind: str, due: Mapping[int, int], entries: Sequence[Entry], basis: str) -> Iterable[Difference]:
    posted = book.posted(entries)
    for grant_id in dict.fromkeys([*due, *posted]):
        mine = [entry.row for entry in entries if entry.grant_id == grant_id]
        nanos = due.get(grant_id, 0) - posted.get(grant_id, 0)
        if nanos or not mine or not mine[-1].cause.endswith(f":{basis}"):
            yield Difference(kind, grant_id, nanos, len(mine), basis)


def _ever_ends_within(book: Book) -> bool:
    """Whether anything but the period's end can expire here: without it nobody needs to look at the usage."""
    return bool(book.to_expired) or any(entry.row.expires_at for entry in (*book.from_issued, *book.carried_in))
