import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.clock import FixedClock
from bot.rules.audience import Audience, Fact
from bot.services.delivery import (
    Ambiguous,
    Body,
    Delivery,
    Permanent,
    Post,
    Receipt,
    Retry,
    Timing,
    Unreachable,
    Wait,
    deliver_due,
    deliver_until_quiet,
    pending,
    post_office,
    receipt_of,
)
from bot.services.outbox import Message, Target, owe
from bot.services.policy import start_company
from bot.services.roster import import_people, learn_slack_id, person_by_email
from bot.services.verb import Company, Tx, look, verb
from bot.services.vitals import vitals
from db.session import Database
from db.tables.outbox import LanePace, Outbox
from tests.story.town import PEOPLE

TIMING = Timing()


@dataclass
class FakeSlack:
    """A Slack in memory: what stands in it, and what goes wrong with the next posts, before or after they count."""

    posted: list[tuple[str, Body]] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)
    before: list[Exception] = field(default_factory=list)
    after: list[Exception] = field(default_factory=list)

    def post(self, uid: str, body: Body) -> Receipt:
        if self.before:
            raise self.before.pop(0)
        if body.edits and body.parent is not None:
            self.changed.append(uid)
            return body.parent
        self.posted.append((uid, body))
        if self.after:
            raise self.after.pop(0)
        return Receipt("C1", str(len(self.posted)))

    def find(self, uid: str, body: Body) -> Receipt | None:
        self.looked.append(uid)
        found = [number for number, (other, _body) in enumerate(self.posted, 1) if other == uid]
        return Receipt(body.channel or "D1", str(found[0])) if found else None

    @property
    def said(self) -> list[str]:
        return [str(body.facts[Fact.REQUESTED]["text"]) for _uid, body in self.posted]


@pytest.fixture
def company(database: Database, clock: FixedClock) -> Company:
    return Company(database, clock)


@pytest.fixture
def slack() -> FakeSlack:
    return FakeSlack()


@verb("test.owe")
def say(tx: Tx, text: str, channel: str = "C1", parent: str | None = None, edits: bool = False, after: tuple[str, ...] = ()) -> str:  # fmt: skip  # noqa: E501
    facts = {Fact.REQUESTED: {"text": text}}
    return owe(tx, Message(text, "test", Target(channel=channel), Audience.CHANNEL, facts, parent, edits, after))


@look
def row(tx: Tx, uid: str) -> Outbox:
    return tx.session.exec(select(Outbox).where(Outbox.uid == uid)).one()


@look
def where(tx: Tx, uid: str) -> Receipt | None:
    return receipt_of(tx, uid)


@look
def paces(tx: Tx) -> int:
    return len(tx.session.exec(select(LanePace)).all())


def later(clock: FixedClock, seconds: float) -> None:
    clock.at += timedelta(seconds=seconds)


def deliver(company: Company, slack: FakeSlack, clock: FixedClock, seconds: float = 0.0) -> int:
    later(clock, seconds)
    return deliver_due(company, slack, clock=clock)


def test_one_lane_keeps_order_and_pace(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    for text in "abc":
        say(company, text)
    assert deliver(company, slack, clock) == 1
    assert deliver(company, slack, clock, 0.9) == 0
    assert deliver(company, slack, clock, 0.2) == 1
    assert deliver(company, slack, clock, 1.1) == 1
    assert slack.said == ["a", "b", "c"]
    assert pending(company) == 0


def test_lanes_do_not_wait_for_each_other(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    for channel in ("C1", "C2", "C3"):
        say(company, channel, channel)
    assert deliver(company, slack, clock) == 3


def test_the_same_key_is_owed_once(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    assert say(company, "a") == say(company, "a")
    deliver(company, slack, clock)
    assert say(company, "a") == slack.posted[0][0]
    assert deliver(company, slack, clock, 2) == 0


def test_a_sent_message_leaves_nothing_but_its_receipt(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    uid = say(company, "a")
    deliver(company, slack, clock)
    sent = row(company, uid)
    assert sent.status == "sent"
    assert (sent.body, sent.lane, sent.position, sent.not_before, sent.leased_until) == (None,) * 5
    assert where(company, uid) == Receipt("C1", "1")
    deliver(company, slack, clock, 2)
    assert paces(company) == 0


def test_a_reply_waits_for_its_parent_and_learns_where_it_stands(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    slack.before = [Retry("no_connection")]
    parent = say(company, "a", "C1")
    say(company, "b", "C2", parent)
    deliver(company, slack, clock)
    assert slack.said == []
    deliver(company, slack, clock, 5)
    deliver(company, slack, clock, 5)
    assert slack.said == ["a", "b"]
    assert slack.posted[1][1].parent == Receipt("C1", "1")


def test_what_belongs_to_a_parked_message_is_parked(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    slack.before = [Permanent("msg_too_long")]
    parent = say(company, "a")
    child = say(company, "b", "C2", parent)
    deliver(company, slack, clock)
    deliver(company, slack, clock, 2)
    assert (row(company, parent).status, row(company, parent).error) == ("parked", "msg_too_long")
    assert row(company, child).status == "parked"
    assert pending(company) == 0
    assert row(company, parent).not_before is None
    assert vitals(company).outbox_oldest_seconds == 0


def test_after_means_sent_or_parked(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    slack.before = [Permanent("user_disabled"), Retry("no_connection")]
    first, second = say(company, "a", "D1"), say(company, "b", "D2")
    say(company, "c", "C1", after=(first, second))
    deliver(company, slack, clock)
    deliver(company, slack, clock)
    assert slack.said == []
    deliver(company, slack, clock, 5)
    deliver(company, slack, clock)
    assert slack.said == ["b", "c"]


def test_nobody_waits_for_whom_nothing_reaches(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    slack.before = [Unreachable("messages_tab_disabled")]
    first = say(company, "a", "D1")
    say(company, "b", "C1", after=(first,))
    say(company, "digest", "C1")
    deliver(company, slack, clock)
    deliver(company, slack, clock)
    deliver(company, slack, clock, 1.1)
    assert slack.said == ["b", "digest"]
    deliver(company, slack, clock, 5)
    assert slack.said == ["b", "digest", "a"]  # and it is not given up


def test_an_edit_changes_its_parent_and_is_never_looked_for(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    parent = say(company, "a")
    edit = say(company, "b", "C1", parent, edits=True)
    deliver(company, slack, clock)
    slack.before = [Ambiguous("internal_error")]
    deliver(company, slack, clock, 2)
    deliver(company, slack, clock, 5)
    assert (slack.changed, slack.looked) == ([edit], [])
    assert where(company, edit) == Receipt("C1", "1")


def test_slacks_wait_is_obeyed_by_the_whole_lane_and_costs_no_look(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    slack.before = [Wait(30)]
    say(company, "a")
    say(company, "b")
    deliver(company, slack, clock)
    assert deliver(company, slack, clock, 29) == 0
    assert deliver(company, slack, clock, 2) == 1
    assert (slack.said, slack.looked) == (["a"], [])


def test_a_lost_answer_is_looked_for_before_anything_is_sent_again(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    slack.after = [Ambiguous("http_500")]
    uid = say(company, "a")
    deliver(company, slack, clock)
    assert row(company, uid).error == "http_500"
    deliver(company, slack, clock, 5)
    assert (slack.said, slack.looked) == (["a"], [uid])
    assert row(company, uid).status == "sent"


def test_a_failure_nobody_thought_of_counts_as_a_lost_answer(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    slack.after = [RuntimeError("with the text of the message in it")]
    uid = say(company, "a")
    deliver(company, slack, clock)
    assert row(company, uid).error == "RuntimeError"
    deliver(company, slack, clock, 5)
    assert slack.said == ["a"]


def test_pauses_double_up_to_a_cap_and_nothing_is_dropped(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    slack.before = [Retry("not_in_channel")] * 12
    uid = say(company, "a")
    pauses = []
    for _attempt in range(12):
        assert deliver(company, slack, clock) == 1
        until = row(company, uid).not_before
        assert until is not None
        pauses.append((until - clock.at).total_seconds())
        clock.at = until
    assert pauses == [2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]
    deliver(company, slack, clock)
    assert slack.said == ["a"]


def test_a_parked_message_holds_nobody_up(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    slack.before = [Permanent("invalid_arguments")]
    say(company, "a")
    say(company, "b")
    deliver(company, slack, clock)
    deliver(company, slack, clock, 2)
    assert slack.said == ["b"]


@verb("test.tell")
def tell(tx: Tx, person_id: int, text: str) -> None:
    facts = {Fact.REQUESTED: {"text": text}}
    owe(tx, Message(text, "test", Target(person_id=person_id), Audience.PERSON, facts))


def test_what_was_parked_goes_once_slack_knows_the_person(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    start_company(company, "UTC")
    import_people(company, PEOPLE, by="test")
    slack.before = [Permanent("Slack knows nobody with the person's e-mail address")]
    tell(company, 1, "for ada")
    deliver(company, slack, clock)
    learn_slack_id(company, 2, "U0GRACE")
    assert deliver(company, slack, clock) == 0
    learn_slack_id(company, 1, "U0ADA")
    deliver(company, slack, clock, 2)
    assert slack.said == ["for ada"]


@verb("test.tell_finance")
def tell_finance(tx: Tx, person_id: int) -> str:
    facts = {Fact.REQUESTED: {"text": "somebody's pay"}}
    return owe(tx, Message("pay", "test", Target(person_id=person_id), Audience.FINANCE, facts))


def test_who_lost_the_role_before_delivery_is_not_told_anybodys_pay(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    start_company(company, "UTC")
    import_people(company, PEOPLE, by="test")
    fin = person_by_email(company, "fin@example.com")
    assert fin is not None
    assert "finance" in fin.roles
    uid = tell_finance(company, fin.id)
    import_people(company, without_finance(PEOPLE), by="test")
    deliver(company, slack, clock)
    assert slack.said == []
    assert row(company, uid).error == "whom it is for has not the role finance any more"


def without_finance(people: str) -> str:
    head, *rows = people.splitlines()
    (fin,) = [row for row in rows if row.startswith("fin@")]
    return "\n".join([head, fin.replace("finance", "")])


class Killed(BaseException):
    """Stands for a kill: nothing may catch it."""


def dying_at(company: Company, point: str) -> Company:
    def crash(name: str) -> None:
        if name == point:
            raise Killed

    company.database._crash = crash
    return company


@pytest.mark.parametrize(
    "point",
    ["delivery.claim.before_commit", "delivery.claim.after_commit", "delivery.before_post", "delivery.after_post",
     "delivery.sent.before_commit", "delivery.sent.after_commit"],
)  # fmt: skip
def test_killed_anywhere_it_is_posted_once(company: Company, slack: FakeSlack, clock: FixedClock, point: str) -> None:
    uid = say(company, "a")
    with pytest.raises(Killed):
        deliver(dying_at(company, point), slack, clock)
    dying_at(company, "nowhere")
    deliver(company, slack, clock, TIMING.lease + 1)
    deliver(company, slack, clock, TIMING.lease + 1)
    assert slack.said == ["a"]
    assert row(company, uid).status == "sent"


def test_what_is_on_its_way_is_left_alone(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    say(company, "a")
    say(company, "b")
    with pytest.raises(Killed):
        deliver(dying_at(company, "delivery.before_post"), slack, clock)
    dying_at(company, "nowhere")
    assert deliver(company, slack, clock, TIMING.lease - 1) == 0
    assert deliver(company, slack, clock, 2) == 1


def test_whoever_looked_longer_than_its_lease_posts_nothing(
    company: Company, slack: FakeSlack, clock: FixedClock
) -> None:
    uid = say(company, "a")
    slack.before = [Ambiguous("hang")]
    deliver(company, slack, clock)

    class Slow(FakeSlack):
        def find(self, uid: str, body: Body) -> Receipt | None:
            later(clock, TIMING.lease + 1)
            deliver(company, slack, clock)  # another sender comes meanwhile
            return super().find(uid, body)

    slow = Slow()
    later(clock, 5)
    deliver(company, slow, clock)
    assert (slow.said, slack.said) == ([], ["a"])
    assert row(company, uid).status == "sent"


@verb("test.spoil")
def spoil(tx: Tx, uid: str, other: str) -> None:
    rows = {one.uid: one for one in tx.session.exec(select(Outbox))}
    rows[uid].body = rows[other].body


def test_a_message_that_cannot_be_opened_is_parked(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    bad, good = say(company, "a"), say(company, "b")
    spoil(company, bad, good)
    deliver(company, slack, clock)
    deliver(company, slack, clock, 2)
    assert row(company, bad).error == "it cannot be read"
    assert slack.said == ["b"]


def test_two_senders_at_once_send_each_message_once_and_in_order(company: Company, slack: FakeSlack) -> None:
    for number in range(40):
        say(company, f"{number:02}", f"C{number % 4}")
    offices = [office(company, slack), office(company, slack)]
    start = threading.Barrier(2)

    def run(one: Post) -> None:
        start.wait()
        while pending(company):
            one.deliver(3)

    threads = [threading.Thread(target=run, args=(one,)) for one in offices]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(slack.said) == Counter(f"{number:02}" for number in range(40))
    for lane in range(4):
        mine = [body.facts[Fact.REQUESTED]["text"] for _uid, body in slack.posted if body.channel == f"C{lane}"]
        assert mine == sorted(mine)


def office(company: Company, slack: FakeSlack) -> Post:
    return post_office(company, slack, Timing(gap=0.0))


def until(check: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _turn in range(400):
        if check():
            return
        waiting.wait(0.05)
    raise AssertionError("it did not come to that")


def test_the_threads_wake_by_a_nudge_and_stop(company: Company, slack: FakeSlack) -> None:
    delivery = Delivery(company, slack, timing=Timing(poll=60))
    delivery.start()
    assert delivery.is_alive()
    say(company, "a")
    delivery.nudge()
    until(lambda: slack.said == ["a"])
    delivery.stop()
    assert not delivery.is_alive()


def test_stopping_before_the_start_is_no_error(company: Company, slack: FakeSlack) -> None:
    delivery = Delivery(company, slack)
    delivery.stop()
    assert not delivery.is_alive()


def test_the_command_line_is_told_how_many_are_still_owed(company: Company, slack: FakeSlack) -> None:
    say(company, "a", "C1")
    say(company, "b", "C2")
    slack.before = [Wait(3600)]
    assert deliver_until_quiet(company, slack, patience=0.5) == 1
    assert slack.said == ["b"]


def test_a_body_shows_nothing_of_itself(company: Company, slack: FakeSlack, clock: FixedClock) -> None:
    say(company, "secret")
    deliver(company, slack, clock)
    assert "secret" not in repr(slack.posted[0][1])
