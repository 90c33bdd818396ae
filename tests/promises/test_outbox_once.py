"""Everything that is owed is posted, once, and in order: through SIGKILL, lost answers, refusals and two senders."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args

import pytest
from slack_sdk import WebClient

from bot.clock import FixedClock, SystemClock
from bot.rules.audience import Audience, Fact, Visible
from bot.sandbox import LocalSlack
from bot.sandbox.faults import FaultKind
from bot.services.delivery import Timing, deliver_due, pending, post_office
from bot.services.outbox import Message, Target, owe
from bot.services.verb import Company, Tx, verb
from bot.slack.sink import SlackSink
from bot.slack.views.kit import Rendered
from db.session import Database

SENDER = Path(__file__).with_name("outbox_sender.py")
ROOT = Path(__file__).parents[2]
MANIFEST = {
    "display_information": {"name": "Stipend"},
    "features": {"bot_user": {"display_name": "stipend"}},
    "oauth_config": {"scopes": {"bot": ["chat:write", "channels:history", "channels:read", "im:history", "im:write"]}},
    "settings": {},
}
LANES = 5


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(MANIFEST, message_interval_seconds=0) as running:
        yield running


@pytest.fixture
def channels(slack: LocalSlack) -> list[str]:
    return [slack.add_channel(f"c{number}", members=[slack.bot_user_id]) for number in range(LANES)]


@pytest.fixture
def both_engines(database: Database, clock: FixedClock) -> Company:
    return Company(database, clock)


@pytest.fixture
def company(sqlite_database: Database, clock: FixedClock) -> Company:
    """What Slack does wrong does not depend on the engine."""
    return Company(sqlite_database, clock)


class Addresses:
    def __init__(self, user: str | None) -> None:
        self.user = user

    def slack_id_of(self, person_id: int) -> str | None:
        return self.user if person_id == 1 else None


def sink_of(slack: LocalSlack, user: str | None = None) -> SlackSink:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    return SlackSink(client, Addresses(user), {"test": draw})


def draw(visible: Visible) -> Rendered:
    return Rendered(str(visible[Fact.REQUESTED]["text"]))


@verb("test.owe")
def say(tx: Tx, text: str, target: Target, parent: str | None = None, edits: bool = False) -> str:
    return owe(tx, Message(text, "test", target, Audience.CHANNEL, {Fact.REQUESTED: {"text": text}}, parent, edits))


def posted(slack: LocalSlack, channel: str) -> list[str]:
    return [str(message["text"]) for message in slack.messages(channel)]


def everything(slack: LocalSlack, channel: str) -> Iterator[str]:
    for message in slack.messages(channel):
        yield from (str(one["text"]) for one in slack.thread(channel, message["ts"]))


def owe_many(company: Company, channels: list[str], count: int) -> dict[str, list[str]]:
    """Messages turn by turn in each channel; every fourth of a channel answers its first one in the thread."""
    owed: dict[str, list[str]] = {channel: [] for channel in channels}
    first: dict[str, str] = {}
    for number in range(count):
        channel, text = channels[number % len(channels)], f"m{number:04}"
        turn = number // len(channels)
        uid = say(company, text, Target(channel=channel), first[channel] if turn % 4 == 3 else None)
        first.setdefault(channel, uid)
        owed[channel].append(text)
    return owed


def senders(slack: LocalSlack, database: Database, count: int, *, kills: int) -> int:
    """Run so many senders, each killed so often, to their end; returns how often they were killed in all."""
    told = {"database": database.url, "api": slack.api_url, "token": slack.bot_token, "kills": kills}
    running = [
        subprocess.Popen(
            [sys.executable, str(SENDER), json.dumps(told | {"seed": seed})],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for seed in range(count)
    ]
    killed = 0
    for process in running:
        output, _nothing = process.communicate(timeout=110)
        assert process.returncode == 0
        killed += int(output)
    return killed


def prove_once(slack: LocalSlack, owed: dict[str, list[str]]) -> None:
    for channel, texts in owed.items():
        assert Counter(everything(slack, channel)) == Counter(texts)
        top = posted(slack, channel)
        assert top == sorted(top)
        replies = [str(one["text"]) for one in slack.thread(channel, slack.messages(channel)[0]["ts"])]
        assert replies == sorted(replies)


def test_killed_senders_lose_nothing_and_double_nothing(
    both_engines: Company, slack: LocalSlack, channels: list[str]
) -> None:
    company = both_engines
    owed = owe_many(company, channels, 40)
    killed = senders(slack, company.database, 2, kills=3)
    prove_once(slack, owed)
    assert pending(company) == 0
    assert killed > 0


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("round_number", range(4))
def test_many_kills(both_engines: Company, slack: LocalSlack, channels: list[str], round_number: int) -> None:
    company = both_engines
    owed = owe_many(company, channels, 150 + round_number)
    killed = senders(slack, company.database, 2, kills=25)
    prove_once(slack, owed)
    assert killed > 20


LOST_AFTERWARDS: list[FaultKind] = ["http_500", "http_502", "http_503", "internal_error", "fatal_error", "hang", "drop"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", LOST_AFTERWARDS)
def test_a_post_whose_answer_is_lost_stands_once(
    company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock, kind: FaultKind, when: Any
) -> None:
    slack.fault("chat.postMessage", kind, when=when, seconds=1.5)
    say(company, "once", Target(channel=channels[0]))
    sink = sink_of(slack)
    for _turn in range(3):
        deliver_due(company, sink, clock=clock)
        clock.at += timedelta(seconds=5)
    assert posted(slack, channels[0]) == ["once"]
    assert pending(company) == 0


@pytest.mark.parametrize("kind", get_args(FaultKind))
def test_a_look_that_fails_is_repeated_before_anything_is_posted(
    company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock, kind: FaultKind
) -> None:
    slack.fault("chat.postMessage", "http_500", when="after")
    slack.fault("conversations.history", kind, times=2, seconds=1.5)
    say(company, "once", Target(channel=channels[0]))
    sink = sink_of(slack)
    for _turn in range(5):
        deliver_due(company, sink, clock=clock)
        clock.at += timedelta(seconds=30)
    assert posted(slack, channels[0]) == ["once"]
    assert len(slack.calls("chat.postMessage")) == 1


def test_in_a_thread_and_in_a_direct_message_it_is_found_too(
    company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock
) -> None:
    ada = slack.add_user("ada")
    sink = sink_of(slack, ada)
    parent = say(company, "parent", Target(channel=channels[0]))
    deliver_due(company, sink, clock=clock)
    slack.fault("chat.postMessage", "drop", times=2, when="after")
    say(company, "reply", Target(channel=channels[0]), parent)
    say(company, "told", Target(person_id=1))
    for _turn in range(3):
        clock.at += timedelta(seconds=5)
        deliver_due(company, sink, clock=clock)
    assert list(everything(slack, channels[0])) == ["parent", "reply"]
    assert [message["text"] for message in slack.messages(slack.dm(ada))] == ["told"]


def test_a_lost_answer_is_found_behind_hundreds_of_newer_messages(
    company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock
) -> None:
    slack.fault("chat.postMessage", "drop", when="after")
    say(company, "once", Target(channel=channels[0]))
    sink = sink_of(slack)
    deliver_due(company, sink, clock=clock)
    for number in range(450):
        slack.bot_says(channels[0], f"talk {number}")
    clock.at += timedelta(seconds=5)
    deliver_due(company, sink, clock=clock)
    assert posted(slack, channels[0]).count("once") == 1


def test_slacks_wait_is_obeyed(company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock) -> None:
    slack.fault("chat.postMessage", "ratelimited", retry_after=30)
    say(company, "patient", Target(channel=channels[0]))
    sink = sink_of(slack)
    assert deliver_due(company, sink, clock=clock) == 1
    clock.at += timedelta(seconds=29)
    assert deliver_due(company, sink, clock=clock) == 0
    clock.at += timedelta(seconds=2)
    assert deliver_due(company, sink, clock=clock) == 1
    assert posted(slack, channels[0]) == ["patient"]


def test_a_message_a_second_never_meets_slacks_limit(company: Company, clock: FixedClock) -> None:
    def seconds() -> float:
        return clock.at.timestamp()

    with LocalSlack(MANIFEST, now=seconds) as slack:
        channel = slack.add_channel("paced", members=[slack.bot_user_id])
        for number in range(6):
            say(company, f"m{number}", Target(channel=channel))
        sink = sink_of(slack)
        for _turn in range(40):
            deliver_due(company, sink, clock=clock)
            clock.at += timedelta(seconds=0.25)
        assert posted(slack, channel) == [f"m{number}" for number in range(6)]
        assert all(call.ok for call in slack.calls("chat.postMessage"))


def test_an_uninvited_bot_keeps_the_message_until_it_is_invited(
    company: Company, slack: LocalSlack, clock: FixedClock
) -> None:
    channel = slack.add_channel("closed", private=True)
    say(company, "waiting", Target(channel=channel))
    sink = sink_of(slack)
    deliver_due(company, sink, clock=clock)
    assert pending(company) == 1
    slack.invite(channel, slack.bot_user_id)
    clock.at += timedelta(seconds=5)
    deliver_due(company, sink, clock=clock)
    assert posted(slack, channel)[-1] == "waiting"


def test_without_the_right_to_look_it_is_posted_rather_than_kept(company: Company, clock: FixedClock) -> None:
    blind = MANIFEST | {"oauth_config": {"scopes": {"bot": ["chat:write"]}}}
    with LocalSlack(blind, message_interval_seconds=0) as slack:
        channel = slack.add_channel("unread", members=[slack.bot_user_id])
        slack.fault("chat.postMessage", "http_500", when="before")
        say(company, "once", Target(channel=channel))
        for _turn in range(2):
            deliver_due(company, sink_of(slack), clock=clock)
            clock.at += timedelta(seconds=5)
        assert posted(slack, channel) == ["once"]


def test_somebody_slack_does_not_know_holds_nobody_up(
    company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock
) -> None:
    say(company, "nobody", Target(person_id=2))
    say(company, "here", Target(channel=channels[0]))
    deliver_due(company, sink_of(slack), clock=clock)
    assert posted(slack, channels[0]) == ["here"]
    assert pending(company) == 0


def test_who_became_another_slack_user_is_told_there(company: Company, slack: LocalSlack, clock: FixedClock) -> None:
    before, after = slack.add_user("ada"), slack.add_user("ada.lovelace")
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    addresses = Addresses(before)
    sink = SlackSink(client, addresses, {"test": draw})
    for text in ("one", "two"):
        say(company, text, Target(person_id=1))
        deliver_due(company, sink, clock=clock)
        clock.at += timedelta(seconds=5)
        addresses.user = after
    rooms = [call.args["channel"] for call in slack.calls("chat.postMessage")]
    assert len(set(rooms)) == 2  # what is said to the second would else be read by the first


def test_no_server_at_all_is_waited_for(
    company: Company, slack: LocalSlack, channels: list[str], clock: FixedClock
) -> None:
    nowhere = WebClient(token="xoxb-1", base_url="http://127.0.0.1:9/api/", retry_handlers=[], timeout=1)
    away = SlackSink(nowhere, Addresses(None), {"test": draw})
    say(company, "later", Target(channel=channels[0]))
    deliver_due(company, away, clock=clock)
    clock.at += timedelta(seconds=5)
    deliver_due(company, sink_of(slack), clock=clock)
    assert posted(slack, channels[0]) == ["later"]


@pytest.mark.parametrize("seed", range(2))
def test_a_bad_day_at_slack(company: Company, slack: LocalSlack, channels: list[str], seed: int) -> None:
    owed = owe_many(company, channels, 40)
    slack.random_faults(dict.fromkeys(("http_500", "internal_error", "drop", "http_503"), 0.1), seed=seed)
    clock = FixedClock(SystemClock().now())
    office = post_office(company, sink_of(slack), Timing(gap=0.0), clock=clock)
    for _turn in range(400):
        if not pending(company):
            break
        office.deliver(5)
        clock.at += timedelta(seconds=60)
    prove_once(slack, owed)
    assert pending(company) == 0
