"""What is owed to Slack: stored in the transaction that makes it owed, delivered by `delivery`."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.rules.audience import Audience, Fact, Visible
from bot.services.verb import Tx, verb
from db import outbox
from db.seal import COMPANY
from db.tables.outbox import Outbox


@dataclass(frozen=True, slots=True)
class Target:
    """Where a message goes: a channel by id, or the DM of a person by our id."""

    channel: str | None = None
    person_id: int | None = None

    @property
    def lane(self) -> str:
        """Messages of one lane keep their order."""
        return f"channel:{self.channel}" if self.channel else f"person:{self.person_id}"


@dataclass(frozen=True, slots=True)
class Message:
    """One message that is owed.

    `key` is the effect's own: owing it twice is owing it once. `kind` names the view that draws it. `facts` are for
    `audience` and are checked against the table here, before anything is stored. `parent_uid` with `edits` changes that
    earlier message; without, it is answered in its thread. `after` names messages that must have gone first. A `secret`
    one is one whose very row gives pay away, because whether it is owed follows from pay: the row is deleted once it is
    sent, unless it has a seat, and no metric counts it. So whoever owes it must know by other means that it was owed.
    """

    key: str
    kind: str
    target: Target
    audience: Audience
    facts: Mapping[Fact, Mapping[str, Any]]
    parent_uid: str | None = None
    edits: bool = False
    after: tuple[str, ...] = field(default=())
    secret: bool = False


_BODY_BYTES = 4096  # for every kind, or the length of what waits would tell notices from digests
_NOWHERE = {"channel": "", "ts": ""}


def owe(tx: Tx, message: Message) -> str:
    """Store a message to be delivered; returns its uid. The same key again returns the first one's and stores nothing.

    Raises NotForThisAudience when a fact is not for the audience.
    """
    Visible(message.audience, message.facts)
    key = tx.vault.blind(f"outbox:{message.key}")
    known = outbox.row_of(tx.session, key)
    if known is not None and not _is_seat(tx, known):
        return known.uid
    uid = known.uid if known is not None else uuid.uuid4().hex
    body = {
        "owed_at": tx.now.isoformat(),
        "secret": message.secret,
        "seated": known is not None,
        "kind": message.kind,
        "channel": message.target.channel,
        "person_id": message.target.person_id,
        "audience": message.audience.name,
        "facts": {fact.name: dict(values) for fact, values in message.facts.items()},
        "edits": message.edits,
    }
    lane, after = tx.vault.blind(message.target.lane), ",".join(message.after)
    sealed = tx.vault.seal(COMPANY, body, f"outbox:{uid}", least_bytes=_BODY_BYTES)
    if known is not None:
        outbox.fill(tx.session, known, lane, sealed, after)
    else:
        row = Outbox(uid=uid, key=key, lane=lane, body=sealed, parent_uid=message.parent_uid, after=after)
        outbox.add(tx.session, row)
    return uid


def keep_seat(tx: Tx, key: str) -> None:
    """Store the row of a secret message before anybody knows whether it will ever be owed.

    For one whose place in Slack must be known later, because others edit it or answer it. It looks as if it was sent.
    """
    blinded = tx.vault.blind(f"outbox:{key}")
    if outbox.uid_of(tx.session, blinded) is None:
        uid = uuid.uuid4().hex
        nowhere = tx.vault.seal(COMPANY, _NOWHERE, f"outbox.receipt:{uid}")
        outbox.add(tx.session, Outbox(uid=uid, key=blinded, status="sent", receipt=nowhere))


def _is_seat(tx: Tx, row: Outbox) -> bool:
    if row.status != "sent" or row.receipt is None:
        return False
    return bool(tx.vault.open(COMPANY, row.receipt, f"outbox.receipt:{row.uid}") == _NOWHERE)


def is_owed(tx: Tx, key: str) -> bool:
    """Whether a message with this key has been stored before, sent or not."""
    return owed_uid(tx, key) is not None


def owed_uid(tx: Tx, key: str) -> str | None:
    """The uid of the message with this key, sent or not; None when it was never owed."""
    return outbox.uid_of(tx.session, tx.vault.blind(f"outbox:{key}"))


@verb("outbox.tell")
def tell(tx: Tx, person_id: int, text: str, *, key: str) -> str:
    """Owe a person a private sentence, for when Slack gave no shorter way to answer them."""
    told = {"text": text}
    return owe(
        tx, Message(f"told:{key}", "answer.told", Target(person_id=person_id), Audience.PERSON, {Fact.BUDGET: told})
    )


def try_parked_again(tx: Tx, person_id: int) -> int:
    """Let messages that were parked because Slack did not know a person go after all; returns how many."""
    return outbox.unpark(tx.session, tx.vault.blind(Target(person_id=person_id).lane))
