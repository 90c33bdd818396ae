"""The story that the page tells beside the chat: five steps with a click each, and the bot's clock to move."""

import threading
from calendar import month_name
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

from bot.demo.company import STORY, ZONE, people
from bot.demo.thread import BUTTON, Question, find_question, waits
from bot.demo.town import DAILY_WORK, Town
from bot.rules.ledger import closes_on
from bot.rules.top_up import spell
from bot.sandbox import CannotDo, Seen
from bot.sandbox.records import Json
from bot.services import top_up
from bot.services.tick import TICKS
from bot.services.top_up_look import pending_id

ADA, TOMAS, FIONA = "ada", "tomas", "fiona"
"""Who asks, whose spend passes their salary, and who is told of it for finance."""

_NINE = time(9)
MORNING = datetime.combine(STORY.date() + timedelta(days=1), _NINE, ZONE)
"""When Tomas's spend has passed his salary and the channel is told."""

_ONE_DAY = timedelta(days=1)
_PART = 300
_INTRO = (
    "Northlight gives its forty people a budget for AI as a part of their pay, and this is their Slack. The bot in it"
    " is the real one. Click here, or do everything by hand: choose who you are, type, press."
)


class Story:
    """The guide of the demo. Acts are done one at a time; the page may ask for the story at any moment."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._acting = threading.Lock()
        self._is_moving = False
        self._said = ""
        self._asked: int | None = None
        self._done: set[str] = set()
        self._acts: Mapping[str, Callable[[], Json]] = {
            "look.tokens": self._look,
            "ask.topup": self._ask,
            "decide.reply": self._reply,
            "decide.button": self._press,
            "alert.morning": self._to_the_morning,
            "alert.person": lambda: self._read_message(TOMAS),
            "alert.finance": lambda: self._read_message(FIONA),
            "why.tokens": self._why,
            "clock.hour": lambda: self._move(self._town.time.now() + timedelta(hours=1)),
            "clock.morning": lambda: self._move(_next_morning(self._town.time.now())),
            "clock.close": lambda: self._move(_next_close(self._town.time.now())[1]),
        }

    def story(self) -> Json:
        """What the panel shows now."""
        now = self._town.time.now()
        month = month_name[_next_close(now)[0].month]
        moves = {"clock.hour": "An hour later", "clock.morning": "Tomorrow 09:00", "clock.close": f"{month}'s close"}
        return {
            "title": "Stipend in five steps",
            "intro": _INTRO,
            "steps": [{**step, "done": self._is_done(step["id"])} for step in _STEPS],
            "clock": {
                "at": now.timestamp(),
                "zone": ZONE.key,
                "label": "The bot's clock",
                "moves": [{"id": move, "label": label} for move, label in moves.items()],
                "is_moving": self._is_moving,
            },
            "said": self._said,
        }

    def do(self, act: str) -> Json:
        """Do one of the acts; returns where to look. Raises CannotDo with what the visitor is told."""
        if act not in self._acts:
            raise CannotDo("There is no such step in this story.")
        if not self._acting.acquire(blocking=False):
            raise CannotDo("One thing at a time: the last click is still being carried out.")
        try:
            return self._acts[act]()
        except TimeoutError as error:
            raise CannotDo("The bot is taking longer than it should. Please try that again in a moment.") from error
        finally:
            self._acting.release()
            self._town.slack.guide_changed()

    # --- what has happened --------------------------------------------------------------------------------------------

    def _is_done(self, step: str) -> bool:
        """Whether what a step is about has happened, by its button or by hand. What was done stays done."""
        if step not in self._done and self._has_happened(step):
            self._done.add(step)
        return step in self._done

    def _has_happened(self, step: str) -> bool:
        match step:
            case "look":
                return any(words in {"", "history"} for words in self._typed())
            case "ask":
                return self._request() is not None
            case "decide":
                return self._asked is not None and not waits(self._town.company, self._asked)
            case "alert":
                return not self._is_moving and self._town.time.now() >= MORNING
            case _:
                return any(words.startswith("why") for words in self._typed()) or self._has_clicked_why()

    def _typed(self) -> list[str]:
        """What has been typed after /tokens, by anybody."""
        return [sent.payload["text"].strip().lower() for sent in self._town.slack.deliveries("/tokens")]

    def _has_clicked_why(self) -> bool:
        clicks = self._town.slack.deliveries("block_actions")
        return any(action["action_id"] == "tokens.why" for click in clicks for action in click.payload["actions"])

    def _request(self) -> int | None:
        """Ada's request in this story: the one that waits, else the last one that is known to have waited."""
        waiting = pending_id(self._town.company, self._town.person_id(ADA))
        self._asked = self._asked if waiting is None else waiting
        return self._asked

    # --- the five steps -----------------------------------------------------------------------------------------------

    def _look(self) -> Json:
        self._said = (
            "Only Ada sees this answer. Most of these tokens are read from a cache, which is why there are so many."
        )
        return self._command(ADA, "/tokens")

    def _ask(self) -> Json:
        request = self._request()
        if request is not None and waits(self._town.company, request):
            raise CannotDo(f"Ada's request waits for {self._decider(request)} already. Step 3 decides it.")
        seen = self._command(ADA, "/topup 500 finish the migration")
        self._town.settle()
        request = self._request()
        whose = "the one who decides" if request is None else self._decider(request)
        self._said = f"The request stands in #approvals, and {whose} was asked in its thread, once."
        return seen

    def _reply(self) -> Json:
        request, question = self._waiting()
        asked = top_up.request(self._town.company, request).asked_nanos
        text = f"approve {_PART}" if asked > _PART * 1_000_000_000 else "approve"
        decider = self._key_of_decider(request)
        self._seen(self._town.slack.say(decider, self._approvals(), text, question.card))
        return self._decided(request, question, decider)

    def _press(self) -> Json:
        request, question = self._waiting()
        decider = self._key_of_decider(request)
        self._seen(self._town.slack.click(decider, self._approvals(), question.ts, BUTTON))
        return self._decided(request, question, decider)

    def _waiting(self) -> tuple[int, Question]:
        """Ada's request and where its question stands, for whoever decides it now."""
        request = self._request()
        if request is None:
            raise CannotDo("Nobody has asked yet. Step 2 lets Ada ask; then there is something to decide.")
        found = top_up.request(self._town.company, request)
        if found.status != "pending":
            raise CannotDo(f"{top_up.what_became(found)} Step 2 lets Ada ask once more.")
        question = find_question(self._town.slack, self._approvals(), request)
        if question is None:
            raise CannotDo("The request is still on its way to #approvals. Please try that again in a moment.")
        return request, question

    def _decided(self, request: int, question: Question, decider: str) -> Json:
        self._town.slack.until(lambda: not waits(self._town.company, request))
        self._town.settle()
        approved = spell(top_up.request(self._town.company, request).approved_nanos or 0)
        self._said = f"{approved} is Ada's. The card says so, and she got a message with what she has now."
        return {"viewer": decider, "at": self._approvals(), "thread": question.card}

    def _to_the_morning(self) -> Json:
        if self._town.time.now() < MORNING:
            self._move(MORNING)
        else:
            self._said = "That morning has passed. This is what the channel was told: a count, no name and no figure."
        alerts = self._town.channels["alerts"]
        return {"viewer": self._town.ids[ADA], "at": alerts, "thread": self._newest_thread(alerts)}

    def _newest_thread(self, channel: str) -> str:
        """The thread that was added to last: the count of people has grown, and says so below itself."""
        threads = [self._town.slack.thread(channel, message["ts"]) for message in self._town.slack.messages(channel)]
        answered = [(float(thread[-1]["ts"]), str(thread[0]["ts"])) for thread in threads if len(thread) > 1]
        return max(answered)[1] if answered else ""

    def _read_message(self, who: str) -> Json:
        if self._town.time.now() < MORNING:
            raise CannotDo("Nothing was told yet: Tomas's agents work at night. Go on to tomorrow 09:00 first.")
        self._said = {
            TOMAS: "Tomas was told before anybody else, with the figures; his pay does not change.",
            FIONA: "Finance sees who it is and by how much. Nobody else does, his manager included.",
        }[who]
        return {"viewer": self._town.ids[who], "at": self._town.slack.dm(self._town.ids[who]), "thread": ""}

    def _why(self) -> Json:
        self._said = "Every grant and every day of use adds up to the figure above, to the cent."
        return self._command(ADA, "/tokens why")

    # --- doing it -----------------------------------------------------------------------------------------------------

    def _command(self, who: str, text: str) -> Json:
        slack, person, channel = self._town.slack, self._town.ids[who], self._town.channels["general"]
        slack.join(person, channel)  # the visitor may have let them leave
        self._seen(slack.command(person, channel, text))
        return {"viewer": person, "at": channel, "thread": ""}

    def _seen(self, seen: Seen) -> None:
        if not seen.ok:
            raise CannotDo(f"The bot did not answer in time ({seen.error}). Please try that again.")

    def _approvals(self) -> str:
        return self._town.channels["approvals"]

    def _decider(self, request: int) -> str:
        names = top_up.request(self._town.company, request).deciders
        return names[0].split()[0] if names else "somebody"

    def _key_of_decider(self, request: int) -> str:
        """The Slack id of whoever may decide, in the channel in which it is decided."""
        names = top_up.request(self._town.company, request).deciders
        found = next((person.key for person in people() if person.name in names), None)
        if found is None:
            raise CannotDo("Nobody can decide this request at the moment.")
        self._town.slack.join(self._town.ids[found], self._approvals())
        return self._town.ids[found]

    def _move(self, target: datetime) -> Json:
        before = self._message_counts()
        with self._moving():
            for stop in _stops(self._town.time.now(), target):
                self._town.live_until(stop, DAILY_WORK)
            self._town.live_until(target, tuple(TICKS))
        self._said = _told(target, self._news(before))
        return {}

    @contextmanager
    def _moving(self) -> Iterator[None]:
        self._is_moving = True
        self._town.slack.guide_changed()
        try:
            yield
        finally:
            self._is_moving = False

    def _message_counts(self) -> dict[str, int]:
        slack = self._town.slack
        return {channel["id"]: len(slack.messages(channel["id"])) for channel in slack.channels()}

    def _news(self, before: Mapping[str, int]) -> tuple[int, int]:
        """How many messages are new in #alerts, and how many people have a new one of their own."""
        alerts = self._town.channels["alerts"]
        new = {channel: count - before.get(channel, 0) for channel, count in self._message_counts().items()}
        public = set(self._town.channels.values())
        return new[alerts], sum(1 for channel, count in new.items() if count > 0 and channel not in public)


def _told(target: datetime, news: tuple[int, int]) -> str:
    here = target.astimezone(ZONE)
    posts, persons = news
    found = []
    if posts:
        found.append(f"{posts} new {'message' if posts == 1 else 'messages'} in #alerts")
    if persons:
        found.append(f"{persons} {'person' if persons == 1 else 'people'} with a message of their own")
    return (
        f"For the bot it is {here:%a} {here.day} {here:%b}, {here:%H:%M}: {' and '.join(found) or 'nothing to tell'}."
    )


def _next_morning(now: datetime) -> datetime:
    return datetime.combine(now.astimezone(ZONE).date() + _ONE_DAY, _NINE, ZONE)


def _next_close(now: datetime) -> tuple[date, datetime]:
    """The last day of the month that closes next, and the moment at which it does."""
    first = now.astimezone(ZONE).date().replace(day=1)
    for last in (first - _ONE_DAY, _last_of(first)):
        closes = datetime.combine(closes_on(last), time(), ZONE)
        if closes > now:
            return last, closes
    raise AssertionError("A month closes after its end.")


def _last_of(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1) - _ONE_DAY


def _stops(now: datetime, target: datetime) -> list[datetime]:
    """Where a long way pauses for the bot's daily work: the first morning, every Monday, a month's last minute."""
    first = now.astimezone(ZONE).date()
    days = [first + timedelta(days=ahead) for ahead in range((target.astimezone(ZONE).date() - first).days + 1)]
    mornings = [datetime.combine(day, _NINE, ZONE) for day in days if day == first + _ONE_DAY or day.weekday() == 0]
    ends = [datetime.combine(day, time(23, 59), ZONE) for day in days if (day + _ONE_DAY).day == 1]
    return sorted(stop for stop in (*mornings, *ends) if now < stop < target)


def _step(step: str, title: str, text: str, **acts: str) -> Json:
    shown = [
        {"id": f"{step}.{act}", "label": label, "primary": number == 0}
        for number, (act, label) in enumerate(acts.items())
    ]
    return {"id": step, "title": title, "text": text, "acts": shown}


_STEPS = (
    _step(
        "look", "Look",
        "Ada moves ten years of bills with a swarm of 46 agents. What is left of her October?",
        tokens="Type /tokens as Ada",
    ),
    _step(
        "ask", "Ask",
        "It runs out before the migration is done. She asks for more, and says why.",
        topup="Ask for $500 as Ada",
    ),
    _step(
        "decide", "Decide in the thread",
        "Grace is asked in the request's thread and decides there: `approve 300`, or a button. She sees no pay.",
        reply="Reply “approve 300” as Grace", button="Press “Approve” as Grace",
    ),
    _step(
        "alert", "Be alerted",
        "Tonight the October bill of Tomas's agents passes his October salary. He and finance get the figures; the"
        " channel gets a count.",
        morning="Go on to tomorrow 09:00", person="See what Tomas got", finance="See what finance got",
    ),
    _step(
        "why", "See why",
        "No figure has to be believed: every grant and every day of use behind it is listed.",
        tokens="Type /tokens why as Ada",
    ),
)  # fmt: skip
