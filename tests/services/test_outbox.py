"""Messages whose very row would give pay away: no trace of them is left, and no metric counts them."""

from sqlmodel import select

from bot.clock import FixedClock
from bot.rules.audience import Audience, Fact
from bot.services.delivery import Ambiguous, Receipt, post_office
from bot.services.outbox import Message, Target, keep_seat, owe
from bot.services.verb import Company, Tx, look, verb
from bot.services.vitals import vitals
from db.tables.outbox import Outbox
from tests.services.test_delivery import FakeSlack, company, deliver, later, slack, where

__all__ = ["company", "slack"]


@verb("test.owe_secret")
def whisper(tx: Tx, text: str, parent: str | None = None) -> str:
    facts = {Fact.REQUESTED: {"text": text}}
    target = Target(channel="C1")
    return owe(tx, Message(text, "test", target, Audience.CHANNEL, facts, parent, secret=True))


@verb("test.keep_seat")
def seat(tx: Tx, text: str) -> None:
    keep_seat(tx, text)


@look
def stored(tx: Tx) -> list[tuple[str, bool, int | None, int]]:
    rows = tx.session.exec(select(Outbox)).all()
    return sorted((one.status, one.receipt is not None, one.position, one.attempts) for one in rows)


def test_of_a_secret_message_no_row_is_left_and_nothing_was_counted(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    slack.after = [Ambiguous("http_500")]
    whisper(company, "a")
    outcomes: list[str] = []
    office = post_office(company, slack, watch=outcomes.append, clock=clock)
    later(clock, 60)
    assert (vitals(company).outbox_by_status, vitals(company).outbox_oldest_seconds) == ({"pending": 0, "parked": 0}, 0)
    office.deliver(10)
    later(clock, 5)
    office.deliver(10)
    assert (slack.said, stored(company), outcomes) == (["a"], [], [])


def test_a_seat_looks_like_a_message_that_was_sent_and_is_taken_once(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    for _again in range(2):
        seat(company, "a")
    empty = stored(company)
    assert len(empty) == 1
    assert deliver(company, slack, clock) == 0
    uid = whisper(company, "a")
    whisper(company, "b", uid)
    for _turn in range(3):
        deliver(company, slack, clock, 2)
    assert stored(company) == empty
    assert (slack.said, slack.posted[1][1].parent) == (["a", "b"], Receipt("C1", "1"))
    assert whisper(company, "a") == uid
    seat(company, "a")
    assert (stored(company), where(company, uid)) == (empty, Receipt("C1", "1"))
