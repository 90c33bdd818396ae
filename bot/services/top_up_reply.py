"""Typed replies in the threads of requests: kept before Slack is told that they arrived, then dealt with once each.

Only replies that begin like a decision are kept; other talk is nobody's business.
"""

from datetime import timedelta

from bot.rules.audience import Audience, Fact
from bot.rules.errors import Refused
from bot.rules.top_up_reply import Unclear, begins_like_a_decision, how_to_type, read_reply
from bot.services import roster
from bot.services.outbox import Message, Target, owe
from bot.services.top_up import AlreadyDecided, decide_in, pending_for, what_became, zone_of
from bot.services.verb import Company, Tx, look, verb
from db import top_up as query
from db.seal import COMPANY
from db.tables.top_up import ThreadReply

_KEEP = timedelta(days=2)  # Slack repeats an event for a day at most
_PATIENCE = timedelta(minutes=10)  # a card's place is noted within moments of its posting
_ACQUAINTANCE = timedelta(minutes=2)  # how long a reply waits for Slack to say who typed it
_WITH_FILE = "There is a file in your reply that I cannot read, so I did not take it for a decision."
_EDITED = "You edited your reply, and an edit never decides: somebody may have read what stood there before."


def reply_arrived(
    company: Company, *, channel: str, thread_ts: str, ts: str, slack_user_id: str, text: str, has_file: bool = False
) -> int | None:
    """Keep a reply that begins like a decision in a request's thread; None for anything else.

    The same reply again gives the same id. One that comes with a file decides nothing, and its author is told so.
    """
    if not begins_like_a_decision(text) or not _may_be_about_a_request(company, channel, thread_ts):
        return None
    return _keep(company, channel, thread_ts, ts, slack_user_id, text, has_file=has_file)


def edit_arrived(
    company: Company, *, channel: str, thread_ts: str, ts: str, edited_ts: str, slack_user_id: str, text: str
) -> int | None:
    """Keep an edit that makes a reply begin like a decision, so that its author is told that edits decide nothing."""
    if not begins_like_a_decision(text) or not _may_be_about_a_request(company, channel, thread_ts):
        return None
    return _keep(company, channel, thread_ts, f"{ts}/{edited_ts}", slack_user_id, text, is_edit=True)


@look
def _may_be_about_a_request(tx: Tx, channel: str, thread_ts: str) -> bool:
    if query.by_card(tx.session, channel, thread_ts) is not None:
        return True
    return query.has_unplaced_card(tx.session)


@verb("top_up.keep_reply")
def _keep(
    tx: Tx,
    channel: str,
    thread_ts: str,
    ts: str,
    slack_user_id: str,
    text: str,
    *,
    is_edit: bool = False,
    has_file: bool = False,
) -> int | None:
    known = query.reply_at(tx.session, channel, ts)
    if known is not None:
        return known.id
    said = {"user": slack_user_id, "text": text, "has_file": has_file}
    body = tx.vault.seal(COMPANY, said, f"thread_reply:{channel}:{ts}")
    row = ThreadReply(channel=channel, ts=ts, thread_ts=thread_ts, is_edit=is_edit, body=body, received_at=tx.now)
    return query.add_reply(tx.session, row).id


def handle_replies(company: Company) -> int:
    """Deal with every kept reply that can be dealt with now; returns how many."""
    handled = sum(handle_reply(company, reply_id, sure=False) for reply_id in _waiting(company))
    _forget(company)
    return handled


@look
def _waiting(tx: Tx) -> list[int]:
    return list(query.waiting_replies(tx.session))


@verb("top_up.forget_replies")
def _forget(tx: Tx) -> None:
    query.forget_replies(tx.session, tx.now - _KEEP)


@verb("top_up.reply")
def handle_reply(tx: Tx, reply_id: int, *, sure: bool = True) -> bool:
    """Deal with one kept reply: decide, or owe its author a private sentence. Done once, however often it is called.

    Somebody whose Slack id is unknown is told so when Slack has been asked who they are (`sure`), else after a while.
    False when it was dealt with before, or cannot be yet: nobody knows who typed it, or which request it is about.
    """
    row = query.reply_by_id(tx.session, reply_id)
    if row is None or row.body is None or row.handled_at is not None:
        return False
    said = tx.vault.open(COMPANY, row.body, f"thread_reply:{row.channel}:{row.ts}")
    top_up_id = query.by_card(tx.session, row.channel, row.thread_ts)
    if top_up_id is None:
        return tx.now - row.received_at > _PATIENCE and query.take_reply(tx.session, reply_id, tx.now)
    seen = 1 if row.is_edit else _version_seen(tx, row, top_up_id)
    if seen is None and tx.now - row.received_at <= _PATIENCE:
        return False
    found = roster.person_of_slack_id(tx, said["user"])
    author = found.id if found else None
    if author is None and not sure and tx.now - row.received_at < _ACQUAINTANCE:
        return False
    if not query.take_reply(tx.session, reply_id, tx.now):
        return False
    target = Target(channel=said["user"]) if author is None else Target(person_id=author)
    never = _EDITED if row.is_edit else _WITH_FILE if said.get("has_file") else None
    sentence = _act(tx, (top_up_id, seen or 0), author, said["text"], never)
    if sentence is not None:
        _owe_question(tx, row, target, said["text"], sentence)
    return True


def _version_seen(tx: Tx, reply: ThreadReply, top_up_id: int) -> int | None:
    """The version whose question stands before the reply in its thread, by Slack's own time.

    None while it is not known where the question of the present version stands: the reply may be an answer to it.
    """
    request = query.by_id(tx.session, top_up_id)
    questions = query.questions_at(tx.session, reply.channel, reply.thread_ts)
    unplaced = [question.version for question in questions if question.ts is None]
    if request is not None and request.version > 1 and request.version in unplaced:
        return None
    before = [one.version for one in questions if one.ts is not None and _instant(one.ts) < _instant(reply.ts)]
    return max(before, default=1)


def _instant(ts: str) -> tuple[int, ...]:
    return tuple(int(part) for part in ts.split("."))


def _act(tx: Tx, seen: tuple[int, int], author: int | None, text: str, never: str | None) -> str | None:
    """Decide if the reply decides; else the sentence for its author, or None where there is nothing to say.

    `seen` is the request and the version that it is an answer to; `never` says why this one cannot decide, whatever
    its text.
    """
    if author is None:
        return "I do not know you, so you cannot decide requests. Nothing was changed."
    try:
        row = pending_for(tx, seen[0], author, seen[1])
        typing = how_to_type(row.asked_nanos)
        if never:
            return f"{never} Nothing was changed; type it as a new reply: {typing}."
        on = tx.now.astimezone(zone_of(tx, author)).date()
        reply = read_reply(text, asked_nanos=row.asked_nanos, on=on)
        if reply is None or isinstance(reply, Unclear):
            return (
                f"{reply.why if reply else ''} Nothing was changed. Type one of these in the thread: {typing}.".strip()
            )
        return what_became(ended) if (ended := decide_in(tx, seen[0], author, reply, seen[1])).is_over else None
    except AlreadyDecided as refusal:
        return None if never == _EDITED else str(refusal)
    except Refused as refusal:
        return str(refusal)


def _owe_question(tx: Tx, row: ThreadReply, target: Target, text: str, sentence: str) -> None:
    facts = {Fact.REQUESTED: {"typed": text, "sentence": sentence}}
    key = f"top_up:reply:{row.channel}:{row.ts}"
    owe(tx, Message(key, "top_up.reply_question", target, Audience.APPROVER, facts))
