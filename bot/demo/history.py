"""The three months before the story, played with the real bot: usage comes in, its ticks run, people ask and decide."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from bot.demo.company import STORY, ZONE
from bot.demo.thread import BUTTON, find_question, waits
from bot.demo.town import DAILY_WORK, Town
from bot.services.top_up_look import pending_id

_NINE = time(9)
_DAYS_TOLD_DAILY = 10
# Before that a look now and then is enough to have told everybody what they would have been told.
_EARLIER = (
    date(2026, 7, 27),
    date(2026, 8, 5),
    date(2026, 9, 3),
    date(2026, 9, 29),
    date(2026, 10, 5),
    date(2026, 10, 7),
)


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody writes something in a channel."""

    at: datetime
    who: str
    channel: str
    text: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody asks for a top-up."""

    at: datetime
    who: str
    text: str


@dataclass(frozen=True, slots=True)
class Decided:
    """Somebody decides the request of `whose` by a reply in its thread; without a text, with its button."""

    at: datetime
    who: str
    whose: str
    text: str = ""


Act = Said | Asked | Decided


def _at(month: int, day: int, hour: int, minute: int) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=ZONE)


ACTS: tuple[Act, ...] = (
    Said(_at(7, 20, 9, 2), "olga", "general", "Good morning! From today your AI budget is in Slack: type `/tokens`."),
    Said(_at(7, 20, 9, 20), "dana", "general", "If you need more, `/topup` asks for it. Questions to me, please."),
    Asked(_at(7, 28, 10, 12), "leon", "/topup 400 load tests for the new queue"),
    Decided(_at(7, 28, 15, 41), "grace", "leon"),
    Asked(_at(8, 25, 11, 30), "theo", "/topup 1200 try every open model on our tickets"),
    Decided(_at(8, 25, 13, 5), "edda", "theo", "deny two of them will tell us enough, see our notes"),
    Asked(_at(9, 29, 10, 30), "tomas", "/topup 800 nightly regression swarm for the 4.2 release"),
    Decided(_at(9, 29, 15, 18), "grace", "tomas", "approve 500 because that covers the release week"),
    Said(_at(10, 5, 9, 40), "ada", "general", "The billing migration starts today: 46 workers, about three weeks."),
    Asked(_at(10, 6, 9, 50), "tomas", "/topup 1500 nightly regression swarm before the 4.3 release"),
    Decided(_at(10, 6, 16, 2), "grace", "tomas", "approve"),
    Asked(_at(10, 7, 9, 15), "ivo", "/topup 1900 compare the autumn models on our benchmark"),
    Decided(_at(10, 7, 10, 26), "edda", "ivo"),
    Asked(_at(10, 14, 11, 8), "tomas", "/topup 1600 regression swarm until 4.3 ships on the 23rd"),
    Decided(_at(10, 14, 14, 55), "fiona", "tomas", "approve because 4.3 pays for it"),
    Asked(_at(10, 15, 13, 20), "kaya", "/topup 45 one more prototype of the import wizard"),
    Asked(_at(10, 20, 11, 20), "felix", "/topup 350 rewrite the import wizard"),
    Said(_at(10, 20, 13, 40), "ada", "general", "Two thirds of the bills are over in the new ledger :tada:"),
)


def play(town: Town) -> None:
    """Live from the company's first day to the beginning of the story."""
    for instant, act in _moments():
        _pass(town, instant, DAILY_WORK if act is None else ())
        if act is not None:
            _do(town, act)
    _pass(town, STORY, ("periods", "notices"))
    for person in town.ids.values():
        town.slack.reload(person)  # nobody has kept what only they saw weeks ago


def _moments() -> list[tuple[datetime, Act | None]]:
    """The instants at which something happens; without an act it is the bot's daily work."""
    moments: list[tuple[datetime, Act | None]] = [(act.at, act) for act in ACTS]
    moments += [(datetime.combine(day, _NINE, ZONE), None) for day in _days()]
    return sorted(moments, key=lambda moment: moment[0])


def _days() -> Iterator[date]:
    yield from _EARLIER
    for back in range(_DAYS_TOLD_DAILY, -1, -1):
        yield STORY.date() - timedelta(days=back)


def _pass(town: Town, instant: datetime, ticks: tuple[str, ...]) -> None:
    """Unlike in the story, Slack's time passes too, so that every message has its date."""
    town.slack_time.move_to(instant)
    town.live_until(instant, ticks)


def _do(town: Town, act: Act) -> None:
    match act:
        case Said():
            town.slack.say(town.ids[act.who], town.channels[act.channel], act.text)
        case Asked():
            town.slack.command(town.ids[act.who], town.channels["general"], act.text)
        case Decided():
            _decide(town, act)
    town.settle()


def _decide(town: Town, act: Decided) -> None:
    approvals = town.channels["approvals"]
    request = pending_id(town.company, town.person_id(act.whose))
    question = find_question(town.slack, approvals, request)
    if request is None or question is None:
        raise AssertionError(f"{act.whose} waits for no decision.")
    if act.text:
        town.slack.say(town.ids[act.who], approvals, act.text, question.card)
    else:
        town.slack.click(town.ids[act.who], approvals, question.ts, BUTTON)
    town.slack.until(lambda: not waits(town.company, request))
