"""Queries of requests for top-ups, of where their cards stand, and of the replies in their threads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, exists, func, or_, update
from sqlalchemy.engine import CursorResult
from sqlmodel import Session, col, select

from db.tables.ledger import Account
from db.tables.top_up import ThreadReply, TopUp, TopUpCard

_PENDING = "pending"


def lock_account(session: Session, account_id: int) -> None:
    """Hold a person's account until the transaction ends, so that two requests of theirs are made one after the other.

    On SQLite a writer is alone anyway.
    """
    session.exec(select(Account.id).where(Account.id == account_id).with_for_update()).one()


def by_id(session: Session, top_up_id: int) -> TopUp | None:
    """The request, as the database has it now."""
    found = select(TopUp).where(TopUp.id == top_up_id).execution_options(populate_existing=True)
    return session.exec(found).first()


def by_request_key(session: Session, request_key: str) -> TopUp | None:
    """The request that this click, command or form has made already."""
    return session.exec(select(TopUp).where(TopUp.request_key == request_key)).first()


def pending_of(session: Session, person_id: int) -> TopUp | None:
    """The one request of a person that waits."""
    found = select(TopUp).where(TopUp.person_id == person_id, TopUp.status == _PENDING)
    return session.exec(found.execution_options(populate_existing=True)).first()


def approved_in(session: Session, account_id: int) -> int:
    """What was approved so far in a person's period, in nano-dollars."""
    total = select(func.coalesce(func.sum(TopUp.approved_nanos), 0)).where(
        TopUp.account_id == account_id, TopUp.status == "approved"
    )
    return int(session.exec(total).one() or 0)


def add(session: Session, row: TopUp) -> TopUp:
    """Store a request; it has an id afterwards."""
    session.add(row)
    session.flush()
    return row


def settle(session: Session, top_up_id: int, values: dict[str, Any]) -> bool:
    """Give a pending request its final status; False when somebody else was first. This decides who won."""
    statement = update(TopUp).where(col(TopUp.id) == top_up_id, col(TopUp.status) == _PENDING).values(**values)
    return _changed(session, statement)


def overdue(session: Session, now: datetime) -> Sequence[int]:
    """Ids of pending requests whose time, or whose period, is over."""
    found = (
        select(TopUp.id)
        .join(Account, col(Account.id) == TopUp.account_id)
        .where(TopUp.status == _PENDING, or_(col(TopUp.expires_at) <= now, col(Account.period_end) <= now))
        .order_by(col(TopUp.id))
    )
    return [top_up_id for top_up_id in session.exec(found) if top_up_id is not None]


def latest_of(session: Session, person_id: int, limit: int, *, besides: int | None = None) -> Sequence[TopUp]:
    """A person's newest requests, newest first."""
    found = select(TopUp).where(TopUp.person_id == person_id).order_by(col(TopUp.id).desc()).limit(limit)
    if besides is not None:
        found = found.where(TopUp.id != besides)
    return session.exec(found).all()


def account(session: Session, account_id: int) -> Account:
    """The account of a request."""
    return session.exec(select(Account).where(Account.id == account_id)).one()


def add_card(session: Session, uid: str, top_up_id: int) -> None:
    """Remember that the message with this uid is a card of the request."""
    session.add(TopUpCard(uid=uid, top_up_id=top_up_id))
    session.flush()


def card_uids(session: Session, top_up_id: int) -> Sequence[str]:
    """The messages that are cards of the request."""
    found = select(TopUpCard.uid).where(TopUpCard.top_up_id == top_up_id).order_by(TopUpCard.uid)
    return session.exec(found).all()


def place_card(session: Session, uid: str, channel: str, ts: str) -> bool:
    """Note where a card stands; False when the message is no card."""
    return _changed(session, update(TopUpCard).where(col(TopUpCard.uid) == uid).values(channel=channel, ts=ts))


def by_card(session: Session, channel: str, ts: str) -> int | None:
    """The id of the request whose card stands there."""
    return session.exec(select(TopUpCard.top_up_id).where(TopUpCard.channel == channel, TopUpCard.ts == ts)).first()


def place_of(session: Session, top_up_id: int) -> TopUpCard | None:
    """A card of the request that has been posted."""
    found = select(TopUpCard).where(TopUpCard.top_up_id == top_up_id, col(TopUpCard.ts).is_not(None))
    return session.exec(found.order_by(TopUpCard.uid).limit(1)).first()


def has_unplaced_card(session: Session) -> bool:
    """Whether some card of a pending request is on its way and nobody knows yet where it stands."""
    unplaced = exists().where(
        col(TopUpCard.ts).is_(None), col(TopUpCard.top_up_id) == col(TopUp.id), col(TopUp.status) == _PENDING
    )
    return bool(session.exec(select(unplaced)).one())


def reply_at(session: Session, channel: str, ts: str) -> ThreadReply | None:
    """The stored reply of that place and time."""
    return session.exec(select(ThreadReply).where(ThreadReply.channel == channel, ThreadReply.ts == ts)).first()


def add_reply(session: Session, row: ThreadReply) -> ThreadReply:
    """Store a reply; it has an id afterwards."""
    session.add(row)
    session.flush()
    return row


def reply_by_id(session: Session, reply_id: int) -> ThreadReply | None:
    """A stored reply, as the database has it now."""
    found = select(ThreadReply).where(ThreadReply.id == reply_id).execution_options(populate_existing=True)
    return session.exec(found).first()


def waiting_replies(session: Session) -> Sequence[int]:
    """Ids of replies that nobody has dealt with, in the order in which they came."""
    found = select(ThreadReply.id).where(col(ThreadReply.handled_at).is_(None)).order_by(col(ThreadReply.id))
    return [reply_id for reply_id in session.exec(found) if reply_id is not None]


def take_reply(session: Session, reply_id: int, now: datetime) -> bool:
    """Mark a reply as dealt with and clear what it said; False when somebody else was first."""
    statement = (
        update(ThreadReply)
        .where(col(ThreadReply.id) == reply_id, col(ThreadReply.handled_at).is_(None))
        .values(handled_at=now, body=None)
    )
    return _changed(session, statement)


def forget_replies(session: Session, before: datetime) -> int:
    """Delete replies that were dealt with before then; they only stand to tell a repeated event."""
    done: CursorResult[Any] = session.exec(delete(ThreadReply).where(col(ThreadReply.handled_at) < before))
    return int(done.rowcount)


def _changed(session: Session, statement: Any) -> bool:
    done: CursorResult[Any] = session.exec(statement.execution_options(synchronize_session=False))
    return bool(done.rowcount)
