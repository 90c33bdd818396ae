"""Delivery: takes what is owed from the outbox and hands it to a sink, once each, in order, whatever breaks.

A message is leased before it is sent, and the attempt is counted when the lease is taken. So whoever comes to a second
attempt, in this process or after a kill, knows it, and looks in Slack for the message's uid before sending anything.
Times here are Slack's and the machine's, never those of a company's clock that `tick --at` or the demo has set.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from bot.clock import Clock, SystemClock
from bot.rules.audience import Audience, Fact, Visible
from bot.services import roster
from bot.services.person import FINANCE
from bot.services.verb import Company, Tx, look, verb
from db import outbox, top_up
from db.seal import COMPANY, SealError
from db.session import DatabaseBusy
from db.tables.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a message stands in Slack."""

    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Body:
    """What a message says and to whom, opened. `parent` is the message that it edits, or answers in its thread."""

    kind: str
    channel: str | None
    person_id: int | None
    audience: Audience
    facts: Mapping[Fact, Mapping[str, Any]]
    edits: bool
    parent: Receipt | None
    secret: bool = False
    seated: bool = False

    @property
    def visible(self) -> Visible:
        """The facts as a renderer takes them."""
        return Visible(self.audience, self.facts)

    def __repr__(self) -> str:
        """The kind only: the facts must not reach a log by way of an error."""
        return f"<Body {self.kind}>"


class MessageSink(Protocol):
    """Where messages go. Both methods raise Wait, Retry, Ambiguous or Permanent, and nothing else on purpose."""

    def post(self, uid: str, body: Body) -> Receipt:
        """Post the message with its uid in the metadata, or change its parent."""
        ...

    def find(self, uid: str, body: Body) -> Receipt | None:
        """Where the message with this uid stands, if an earlier attempt posted it; None also where nobody may look."""
        ...


class NotDelivered(Exception):
    """An attempt that did not succeed. The text is a code or a type's name, never a message's content."""


class Wait(NotDelivered):
    """Slack asks to be left alone for a while; certainly not sent."""

    def __init__(self, retry_after: float, reason: str = "ratelimited") -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Retry(NotDelivered):
    """Certainly not sent, and worth another attempt: no connection, a token that is being replaced, no invitation."""


class Unreachable(Retry):
    """Certainly not sent: the person's direct messages take nothing until somebody mends it. Nobody waits for it."""


class Ambiguous(NotDelivered):
    """Sent or not, nobody knows: the answer was lost, or Slack says that it failed on the way."""


class Permanent(NotDelivered):
    """Slack will never take this message."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The lease outlasts the slowest request by more than a minute, so that no second sender overlaps."""

    lease: float = 90.0
    gap: float = 1.0  # between two messages of one lane
    first_pause: float = 2.0  # before the second attempt; doubles
    longest_pause: float = 300.0
    poll: float = 0.25

    def pause(self, attempt: int) -> float:
        """How long to wait after this attempt."""
        return min(self.longest_pause, self.first_pause * float(1 << min(attempt - 1, 20)))


@dataclass(frozen=True, slots=True)
class _Claim:
    row_id: int
    uid: str
    lane: str
    attempt: int
    body: Body


Watch = Callable[[str], None]
"""Is told what became of each attempt: sent, found, wait, retry, ambiguous or parked. For metrics."""


def _unwatched(_outcome: str) -> None:
    pass


@dataclass(frozen=True)
class Post:
    """A company's outbox, a sink, and the manner of delivery."""

    company: Company
    sink: MessageSink
    timing: Timing
    calendar: Clock
    watch: Watch = _unwatched

    def deliver(self, limit: int, go_on: Callable[[], bool] = lambda: True) -> int:
        """Attempt up to `limit` messages that may go now; returns how many were attempted."""
        attempted = 0
        for row_id in _ready(self.company, limit):
            if not go_on():
                break
            claim = _claim(self.company, row_id, self.timing, self.calendar)
            if claim is not None:
                self._attempt(claim)
                attempted += 1
        return attempted

    def _attempt(self, claim: _Claim) -> None:
        self.company.database.crash_point("delivery.before_post")
        try:
            receipt = self._found(claim) or self._posted(claim)
        except NotDelivered as error:
            self._failed(claim, error)
        except Exception as error:  # noqa: BLE001 - whatever a sink does, the message stays owed and the loop goes on
            self._failed(claim, Ambiguous(type(error).__name__))
        else:
            self.company.database.crash_point("delivery.after_post")
            _sent(self.company, claim, receipt, self.timing)
            self._tell(claim, "sent")

    def _tell(self, claim: _Claim, outcome: str) -> None:
        # Metrics are open: the moment at which a secret message goes is for nobody to read there.
        if not claim.body.secret:
            self.watch(outcome)

    def _found(self, claim: _Claim) -> Receipt | None:
        # Changing a message twice gives the same message, so only posts are looked for.
        if claim.attempt == 1 or claim.body.edits:
            return None
        receipt = self.sink.find(claim.uid, claim.body)
        if receipt is not None:
            self._tell(claim, "found")
        # Looking may have taken long; a post that outlived its lease could meet another sender's.
        elif not _keep(self.company, claim, self.timing):
            raise Retry("lease_lost")
        return receipt

    def _posted(self, claim: _Claim) -> Receipt:
        return self.sink.post(claim.uid, claim.body)

    def _failed(self, claim: _Claim, error: NotDelivered) -> None:
        if isinstance(error, Permanent):
            _park(self.company, claim, str(error))
            self._tell(claim, "parked")
        else:
            _put_off(self.company, claim, error, self.timing)
            self._tell(claim, type(error).__name__.lower())


def deliver_due(company: Company, sink: MessageSink, limit: int = 100, *, clock: Clock | None = None) -> int:
    """Attempt what may go now, at most `limit` messages; returns how many were attempted."""
    return post_office(company, sink, clock=clock).deliver(limit)


def deliver_until_quiet(company: Company, sink: MessageSink, *, patience: float = 5.0) -> int:
    """Deliver until nothing is owed, or nothing could be attempted for `patience` seconds; returns how many are owed.

    What another process has leased, or what waits for long after failures, stays owed; `run` sends it in its time.
    """
    office = post_office(company, sink)
    give_up = time.monotonic() + patience
    while (left := pending(company)) and time.monotonic() < give_up:
        if office.deliver(100):
            give_up = time.monotonic() + patience
        else:
            time.sleep(office.timing.poll)
    return left


def post_office(
    company: Company,
    sink: MessageSink,
    timing: Timing | None = None,
    watch: Watch = _unwatched,
    clock: Clock | None = None,
) -> Post:
    """A Post for this company that keeps the machine's time and wakes nobody. Roles are those of the company's day."""
    mechanical = replace(company, clock=clock or SystemClock(), nudge=_no_nudge)
    return Post(mechanical, sink, timing or Timing(), company.clock, watch)


def _no_nudge() -> None:
    pass


@look
def pending(tx: Tx) -> int:
    """How many messages are owed and neither sent nor parked."""
    return outbox.count_pending(tx.session)


def receipt_of(tx: Tx, uid: str) -> Receipt | None:
    """Where a message stands in Slack; None while it has not been sent."""
    row = outbox.by_uid(tx.session, uid)
    return _open_receipt(tx, row) if row is not None else None


def _open_receipt(tx: Tx, row: Outbox) -> Receipt | None:
    if row.receipt is None:
        return None
    where = tx.vault.open(COMPANY, row.receipt, f"outbox.receipt:{row.uid}")
    return Receipt(where["channel"], where["ts"]) if where["channel"] else None


def _ready(company: Company, limit: int) -> list[int]:
    ids, tidy = _look(company, limit)
    if not ids and tidy:
        _tidy(company)
    return ids


@look
def _look(tx: Tx, limit: int) -> tuple[list[int], bool]:
    ids = outbox.ready(tx.session, tx.now, limit)
    return ids, not ids and outbox.has_past_paces(tx.session, tx.now)


@verb("delivery.tidy")
def _tidy(tx: Tx) -> None:
    outbox.forget_past_paces(tx.session, tx.now)


@verb("delivery.claim")
def _claim(tx: Tx, row_id: int, timing: Timing, calendar: Clock) -> _Claim | None:
    until = tx.now + timedelta(seconds=timing.lease)
    row = outbox.take(tx.session, row_id, tx.now, until=until, free_at=tx.now + timedelta(seconds=timing.gap))
    if row is None or row.lane is None:
        return None
    try:
        body = _opened(tx, row)
        _refuse_former_finance(replace(tx, now=calendar.now()), body)
        return _Claim(row_id, row.uid, row.lane, row.attempts, body)
    except Permanent as error:
        outbox.park(tx.session, row_id, row.attempts, str(error))
        return None


def _opened(tx: Tx, row: Outbox) -> Body:
    parent = receipt_of(tx, row.parent_uid) if row.parent_uid is not None else None
    if row.parent_uid is not None and parent is None:
        raise Permanent("the message that it belongs to was not sent")
    if row.body is None:
        raise Permanent("it has no content any more")
    try:
        return _body(tx.vault.open(COMPANY, row.body, f"outbox:{row.uid}"), parent)
    except (SealError, KeyError) as error:
        # One row that cannot be read must not keep every later one from being sent.
        raise Permanent("it cannot be read") from error


def _refuse_former_finance(tx: Tx, body: Body) -> None:
    """Somebody's pay is for whoever has the role when it is told, however long ago it was owed."""
    if body.audience is not Audience.FINANCE or body.person_id is None:
        return
    if FINANCE not in roster.roles_of(tx, body.person_id):
        raise Permanent("whom it is for has not the role finance any more")


def _body(stored: Mapping[str, Any], parent: Receipt | None) -> Body:
    return Body(
        kind=stored["kind"],
        channel=stored["channel"],
        person_id=stored["person_id"],
        audience=Audience[stored["audience"]],
        facts={Fact[name]: values for name, values in stored["facts"].items()},
        edits=stored["edits"],
        parent=parent,
        secret=stored["secret"],
        seated=stored["seated"],
    )


@verb("delivery.keep")
def _keep(tx: Tx, claim: _Claim, timing: Timing) -> bool:
    return outbox.keep(tx.session, claim.row_id, claim.attempt, tx.now + timedelta(seconds=timing.lease))


@verb("delivery.sent")
def _sent(tx: Tx, claim: _Claim, receipt: Receipt, timing: Timing) -> None:
    if not _note_sent(tx, claim, receipt):
        return
    if not claim.body.edits:
        top_up.place_card(tx.session, claim.uid, receipt.channel, receipt.ts)
    outbox.set_pace(tx.session, claim.lane, tx.now + timedelta(seconds=timing.gap))


def _note_sent(tx: Tx, claim: _Claim, receipt: Receipt) -> bool:
    if claim.body.secret and not claim.body.seated:
        return outbox.forget(tx.session, claim.row_id)
    sealed = tx.vault.seal(COMPANY, {"channel": receipt.channel, "ts": receipt.ts}, f"outbox.receipt:{claim.uid}")
    return outbox.mark_sent(tx.session, claim.row_id, sealed)


@verb("delivery.put_off")
def _put_off(tx: Tx, claim: _Claim, error: NotDelivered, timing: Timing) -> None:
    waits = isinstance(error, Wait)
    pause = timedelta(seconds=error.retry_after if isinstance(error, Wait) else timing.pause(claim.attempt))
    not_before = tx.now + pause
    said = f"{outbox.UNREACHABLE if isinstance(error, Unreachable) else ''}{error}"
    outbox.put_off(tx.session, claim.row_id, claim.attempt, not_before=not_before, counted=not waits, error=said)
    if waits:
        outbox.set_pace(tx.session, claim.lane, not_before)


@verb("delivery.park")
def _park(tx: Tx, claim: _Claim, reason: str) -> None:
    outbox.park(tx.session, claim.row_id, claim.attempt, reason)


class Delivery:
    """Threads that deliver: each wakes by a nudge or after a quarter of a second.

    Two of them, so that one request that hangs does not hold up every other channel.
    """

    def __init__(
        self,
        company: Company,
        sink: MessageSink,
        *,
        timing: Timing | None = None,
        watch: Watch = _unwatched,
        senders: int = 2,
    ) -> None:
        self._post = post_office(company, sink, timing, watch)
        self._wake = threading.Condition()
        self._nudges = 0
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, name=f"delivery-{number}", daemon=True) for number in range(senders)
        ]

    def start(self) -> None:
        """Begin to deliver."""
        for thread in self._threads:
            thread.start()

    def is_alive(self) -> bool:
        """Whether every sender runs."""
        return all(thread.is_alive() for thread in self._threads)

    def nudge(self) -> None:
        """Something may be owed: look now."""
        with self._wake:
            self._nudges += 1
            self._wake.notify_all()

    def stop(self, seconds: float = 15.0) -> None:
        """Finish the messages that are on their way and end; what is not finished by then stays leased and owed."""
        self._stopping.set()
        self.nudge()
        give_up = time.monotonic() + seconds
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(max(0.0, give_up - time.monotonic()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            seen = self._nudges
            if not self._round():
                self._sleep(seen)

    def _round(self) -> int:
        try:
            return self._post.deliver(10, lambda: not self._stopping.is_set())
        except DatabaseBusy:
            return 0
        except Exception:  # noqa: BLE001 - a database that restarts must not end the delivery; its messages stay owed
            self._post.watch("database")
            self._stopping.wait(1.0)
            return 0

    def _sleep(self, seen: int) -> None:
        with self._wake:
            if self._nudges == seen and not self._stopping.is_set():
                self._wake.wait(self._post.timing.poll)
