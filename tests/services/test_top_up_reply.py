"""Typed replies: kept before they are dealt with, dealt with once, and deciding only as a whole."""

from datetime import timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.top_up_reply import Approve
from bot.services import top_up, top_up_reply
from bot.services.verb import Company
from tests.services.top_up_town import GRANTED, USD, Town, make_town

CHANNEL = "C0APPROVE"
CARD = "1700000000.000001"


@pytest.fixture
def town(company: Company) -> Town:
    return make_town(company)


@pytest.fixture
def request_id(town: Town) -> int:
    """A request for $400 whose card has been posted."""
    request = top_up.ask(town.company, town["ada"], 400 * USD, "a larger context", "k1")
    assert town.post_cards() == [CARD]
    return request.id


def arrive(
    town: Town, text: str, who: str = "U0GRACE", ts: str = "1700000001.000001", thread: str = CARD
) -> int | None:
    return top_up_reply.reply_arrived(
        town.company, channel=CHANNEL, thread_ts=thread, ts=ts, slack_user_id=who, text=text
    )


def say(town: Town, text: str, who: str = "U0GRACE", ts: str = "1700000001.000001") -> None:
    reply_id = arrive(town, text, who, ts)
    assert reply_id is not None
    assert top_up_reply.handle_reply(town.company, reply_id)


def told(town: Town) -> list[tuple[int | None, str]]:
    return [(one.person_id, one.facts["REQUESTED"]["sentence"]) for one in town.owed("top_up.reply_question")]


def test_a_whole_sentence_decides(town: Town, request_id: int) -> None:
    say(town, "approve 300 until friday")
    row = town.row(request_id)
    assert (row.status, row.approved_nanos, row.asked_nanos) == ("approved", 300 * USD, 400 * USD)
    assert row.grant_expires_at is not None
    assert town.available("ada") == GRANTED + 300 * USD
    assert told(town) == []


@pytest.mark.parametrize("text", ["approve", "deny too early"])
def test_a_reply_with_a_file_decides_nothing_and_its_author_is_told(town: Town, request_id: int, text: str) -> None:
    reply_id = top_up_reply.reply_arrived(
        town.company, channel=CHANNEL, thread_ts=CARD, ts="1700000001.000001", slack_user_id="U0GRACE", text=text,
        has_file=True,
    )  # fmt: skip
    assert reply_id is not None
    assert top_up_reply.handle_reply(town.company, reply_id)
    assert town.row(request_id).status == "pending"
    ((_person, sentence),) = told(town)
    assert sentence.startswith("There is a file in your reply")


def test_denial_by_typing(town: Town, request_id: int) -> None:
    say(town, "deny too early")
    assert town.row(request_id).status == "denied"
    assert town.owed("top_up.outcome")[0].facts["REQUESTED"]["note"] == "too early"


@pytest.mark.parametrize("text", ["approved?", "approve once legal signs off", "Approve!!! no wait", "approve 401"])
def test_anything_else_is_asked_about_in_private(town: Town, request_id: int, text: str) -> None:
    say(town, text)
    assert town.row(request_id).status == "pending"
    ((person_id, sentence),) = told(town)
    assert person_id == town["grace"]
    assert "Nothing was changed" in sentence
    assert "`approve 200`" in sentence
    assert town.owed("top_up.reply_question")[0].facts["REQUESTED"]["typed"] == text


@pytest.mark.parametrize(("who", "says"), [("U0ADA", "nobody decides their own"), ("U0OLGA", "for Grace to decide")])
def test_others_are_told_in_private(town: Town, request_id: int, who: str, says: str) -> None:
    say(town, "approve", who)
    assert town.row(request_id).status == "pending"
    assert says in told(town)[0][1]


def test_a_stranger_is_told_by_their_slack_id(town: Town, request_id: int) -> None:
    say(town, "approve", "U0STRANGER")
    (message,) = town.owed("top_up.reply_question")
    assert (message.channel, message.person_id) == ("U0STRANGER", None)
    assert town.row(request_id).status == "pending"


def test_the_tick_waits_until_slack_has_said_who_it_was(town: Town, request_id: int, clock: FixedClock) -> None:
    arrive(town, "approve", "U0NEW")
    assert top_up_reply.handle_replies(town.company) == 0
    clock.at += timedelta(minutes=3)
    assert top_up_reply.handle_replies(town.company) == 1
    assert len(told(town)) == 1
    assert town.row(request_id).status == "pending"


def test_other_talk_and_other_threads_are_not_kept(town: Town, request_id: int) -> None:
    assert arrive(town, "thanks, looks good") is None
    assert arrive(town, "approve", thread="1699999999.000001") is None
    assert town.row(request_id).status == "pending"


def test_a_repeated_event_is_one_reply(town: Town, request_id: int) -> None:
    first, second = arrive(town, "approve 300"), arrive(town, "approve 300")
    assert first is not None
    assert first == second
    assert top_up_reply.handle_reply(town.company, first)
    assert not top_up_reply.handle_reply(town.company, first)
    assert arrive(town, "approve 300") == first
    assert top_up_reply.handle_replies(town.company) == 0
    assert (len(town.grants()), town.row(request_id).status) == (1, "approved")


def test_a_kept_reply_is_dealt_with_after_a_crash(town: Town, request_id: int) -> None:
    arrive(town, "approve")
    assert town.row(request_id).status == "pending"
    assert top_up_reply.handle_replies(town.company) == 1
    assert town.row(request_id).status == "approved"


def test_a_reply_may_be_faster_than_the_note_of_where_the_card_stands(town: Town) -> None:
    request = top_up.ask(town.company, town["ada"], 400 * USD, "a larger context", "k1")
    assert arrive(town, "approve") is not None
    assert top_up_reply.handle_replies(town.company) == 0
    town.post_cards()
    assert top_up_reply.handle_replies(town.company) == 1
    assert town.row(request.id).status == "approved"


def test_an_edit_never_decides_and_its_author_is_told(town: Town, request_id: int) -> None:
    reply_id = top_up_reply.edit_arrived(
        town.company,
        channel=CHANNEL,
        thread_ts=CARD,
        ts="1700000001.000001",
        edited_ts="1700000002.000000",
        slack_user_id="U0GRACE",
        text="approve 400",
    )
    assert reply_id is not None
    assert top_up_reply.handle_reply(town.company, reply_id)
    assert town.row(request_id).status == "pending"
    ((person_id, sentence),) = told(town)
    assert person_id == town["grace"]
    assert "an edit never decides" in sentence


def test_a_late_reply_learns_who_decided(town: Town, request_id: int) -> None:
    top_up.decide(town.company, request_id, town["grace"], Approve())
    say(town, "approve 100")
    assert told(town) == [(town["grace"], "Grace has approved the $400 already. Nothing was changed.")]
    assert len(town.grants()) == 1


def test_a_reply_after_its_time_is_told_so(town: Town, request_id: int, clock: FixedClock) -> None:
    clock.at += timedelta(days=8)
    say(town, "approve")
    assert town.row(request_id).status == "expired"
    assert "has expired" in told(town)[0][1]
    assert town.grants() == []


def test_two_threads_are_two_requests(town: Town, request_id: int) -> None:
    other = top_up.ask(town.company, town["olga"], 100 * USD, "looms", "k2")
    cards = town.post_cards()
    reply_id = arrive(town, "approve", "U0MIA", thread=cards[1])
    assert reply_id is not None
    assert top_up_reply.handle_reply(town.company, reply_id)
    assert (town.row(request_id).status, town.row(other.id).status) == ("pending", "approved")
