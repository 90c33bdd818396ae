"""Queries of requests for top-ups, of where their cards stand, and of the replies in their threads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, func, or_, update
from sqlalchemy.engine import CursorResult
from sqlmodel import Session, col, select

from db.tables.ledger import Account
from db.tables.top_up import ThreadReply, TopUp, TopUpCard, TopUpQuestion, TopUpStep

_PENDING = "pending"
# Every look at a balance asks for it, and to write it anew takes longer than to answer it.
_PENDING_OF = (
    select(TopUp)
    .where(TopUp.person_id == bindparam("person_id"), TopUp.status == _PENDING)
    .execution_options(populate_existing=True)
)


def lock_account(session: Session, account_id: int) -> None:
    """Hold a person's account until the transaction ends, so that two requests of theirs are made one after the other.

    On SQLite a writer is alone anyway.
    """
    session.exec(select(Account.id).where(Account.id == account_id).with_for_update()).one()


def by_id(session: Session, top_up_id: int) -> TopUp | None:
    """The request, as the database has it now."""
    found = select(TopUp).where(TopUp.id == top_up_id).execution_options(populate_existing=True)
    return session.exec(found).first()


def hold(session: Session, top_up_id: int) -> TopUp | None:
    """The request, held until the transaction ends, so that its steps and what is said of it come one after the other.

    On SQLite a writer is alone anyway.
    """
    found = select(TopUp).where(TopUp.id == top_up_id).with_for_update(key_share=True)
    return session.exec(found.execution_options(populate_existing=True)).first()


def by_request_key(session: Session, request_key: str) -> TopUp | None:
    """The request that this click, command or form has made already."""
    return session.exec(select(TopUp).where(TopUp.request_key == request_key)).first()


def pending_of(session: Session, person_id: int) -> TopUp | None:
    """The one request of a person that waits."""
    return session.exec(_PENDING_OF, params={"person_id": person_id}).first()


def all_pending(session: Session) -> Sequence[TopUp]:
    """Every request that waits, oldest first."""
    return session.exec(select(TopUp).where(TopUp.status == _PENDING).order_by(col(TopUp.id))).all()


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


def settle(session: Session, row: TopUp, values: dict[str, Any]) -> bool:
    """Change a pending request that is still of this version; False when somebody else was first. This decides who won.

    Every status but pending is final.
    """
    is_as_read = (col(TopUp.id) == row.id, col(TopUp.status) == _PENDING, col(TopUp.version) == row.version)
    return _changed(session, update(TopUp).where(*is_as_read).values(**values))


def add_steps(session: Session, rows: Sequence[TopUpStep]) -> None:
    """Store the steps of a version."""
    session.add_all(rows)
    session.flush()


def steps_of(session: Session, row: TopUp) -> Sequence[TopUpStep]:
    """The steps of the request's present version, in order."""
    found = select(TopUpStep).where(TopUpStep.top_up_id == row.id, TopUpStep.version == row.version)
    return session.exec(found.order_by(col(TopUpStep.position)).execution_options(populate_existing=True)).all()


def decide_step(session: Session, step: TopUpStep, values: dict[str, Any]) -> bool:
    """Decide a step that nobody has decided; False when somebody else was first."""
    is_this = (
        col(TopUpStep.top_up_id) == step.top_up_id,
        col(TopUpStep.version) == step.version,
        col(TopUpStep.position) == step.position,
        col(TopUpStep.decided_by).is_(None),
    )
    return _changed(session, update(TopUpStep).where(*is_this).values(**values))


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
    """Note where a card or a question stands; False when the message is neither."""
    place = {"channel": channel, "ts": ts}
    if _changed(session, update(TopUpCard).where(col(TopUpCard.uid) == uid).values(**place)):
        return True
    return _changed(session, update(TopUpQuestion).where(col(TopUpQuestion.uid) == uid).values(**place))


def add_question(session: Session, row: TopUpQuestion) -> None:
    """Remember that a message is the question of a version in a card's thread."""
    session.add(row)
    session.flush()


def questions_of(session: Session, card_uid: str) -> Sequence[TopUpQuestion]:
    """The questions in a card's thread, in the order in which they were asked."""
    found = select(TopUpQuestion).where(TopUpQuestion.card_uid == card_uid)
    return session.exec(found.order_by(col(TopUpQuestion.version), col(TopUpQuestion.position))).all()


def questions_at(session: Session, channel: str, thread_ts: str) -> Sequence[TopUpQuestion]:
    """The questions in the thread of the card that stands there, in the order in which they were asked."""
    card = select(TopUpCard.uid).where(TopUpCard.channel == channel, TopUpCard.ts == thread_ts)
    uid = session.exec(card).first()
    return questions_of(session, uid) if uid is not None else []


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
