"""What Northlight's people and their agents spend. Pure: the same span of time always has the same usage.

Everything is drawn from a seed of the person and the day, so it does not matter in which pieces it is asked for.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from random import Random
from zoneinfo import ZoneInfo

from bot.demo.company import ZONE, email_of, people

HEADER = (
    "event_id,occurred_at,email,provider,model,input_tokens,output_tokens,cache_read_tokens,cache_write_tokens,"
    "cost_usd,agent,session_id"
)
_ONE_DAY = timedelta(days=1)
_LONGEST = timedelta(days=2)  # from the midnight of the day that work belongs to until its last event
_SATURDAY = 5
_WEEKEND_CHANCE = 0.12


@dataclass(frozen=True, slots=True)
class Event:
    """One row of the usage file. `cost` is in dollars where a gateway has said it, else the bot finds the price."""

    id: str
    at: datetime
    email: str
    model: "Model"
    tokens: tuple[int, int, int, int]  # input, output, cache read, cache write
    cost: Decimal | None
    agent: str
    session: str

    @property
    def row(self) -> str:
        """The event as a line of the file."""
        cost = "" if self.cost is None else f"{self.cost:.6f}"
        counts = ",".join(map(str, self.tokens))
        model = f"{self.model.provider},{self.model.name}"
        return f"{self.id},{self.at.isoformat()},{self.email},{model},{counts},{cost},{self.agent},{self.session}"


@dataclass(frozen=True, slots=True)
class Model:
    """A model; `dollars` are list prices for a million tokens, in the order of `Event.tokens`."""

    provider: str
    name: str
    dollars: tuple[float, float, float, float]


SONNET = Model("anthropic", "claude-sonnet-4-5", (3.0, 15.0, 0.3, 3.75))
OPUS = Model("anthropic", "claude-opus-4-5", (5.0, 25.0, 0.5, 6.25))
HAIKU = Model("anthropic", "claude-haiku-4-5", (1.0, 5.0, 0.1, 1.25))
GPT = Model("openai", "gpt-5", (1.25, 10.0, 0.125, 0.0))
GEMINI = Model("google", "gemini-2.5-flash", (0.3, 2.5, 0.03, 0.0))
UNPRICED = Model("northlight", "northlight-coder-7b", (0.2, 0.2, 0.0, 0.0))
"""A model of the company's own, whose price nobody has told the bot."""


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent that works on most weekdays: from when, for how long, for how many dollars, with how many workers."""

    name: str
    dollars: float
    workers: int
    turns: int
    starts: time
    hours: float
    model: Model = SONNET
    since: date = date.min
    until: date = date.max
    chance: float = 1.0


AGENTS: Mapping[str, Sequence[Agent]] = {
    # Ada moves the bills of ten years into the new ledger; Tomas tests every night what the day has changed.
    "ada": (
        Agent("schema-survey", 38, 12, 4, time(10), 6, until=date(2026, 10, 2), chance=0.6),
        Agent("billing-migration", 126, 46, 4, time(9, 30), 8, since=date(2026, 10, 5), until=date(2026, 10, 30)),
        Agent("ledger-checks", 31, 10, 4, time(10), 6, since=date(2026, 11, 2), chance=0.8),
    ),
    "tomas": (
        Agent("regression-swarm", 252, 40, 5, time(22), 7.5, OPUS, since=date(2026, 9, 28), until=date(2026, 10, 23)),
        Agent("regression-swarm", 12, 6, 3, time(22), 3, since=date(2026, 10, 26)),
    ),
    "ivo": (
        Agent("eval-swarm", 60, 20, 3, time(10), 7, until=date(2026, 9, 30), chance=0.3),
        Agent("eval-swarm", 178, 32, 4, time(10), 7, since=date(2026, 10, 1), until=date(2026, 10, 30)),
        Agent("eval-swarm", 12, 6, 3, time(10), 7, since=date(2026, 11, 2)),
    ),
    "nadia": (
        Agent("paper-reader", 93.6, 6, 5, time(9), 8.5, since=date(2026, 10, 1)),
        Agent("paper-reader", 34, 4, 4, time(9), 8, until=date(2026, 9, 30), chance=0.7),
    ),
    "linnea": (Agent("visual-diff", 26, 8, 3, time(13), 4, chance=0.7),),
    "mei": (Agent("label-helper", 22, 8, 3, time(9), 7, HAIKU, chance=0.6),),
}
CODERS: Mapping[str, float] = {
    "ada": 4, "grace": 1.5, "ines": 16, "marek": 24, "yuki": 20, "leon": 36, "aisha": 28, "dario": 12, "noor": 31,
    "wes": 52, "linnea": 24, "ravi": 29, "felix": 40, "hana": 19, "jules": 22, "kaya": 32, "sven": 46, "lena": 38,
    "kofi": 45, "mei": 31, "pablo": 21, "theo": 49,
}  # fmt: skip
"""Who writes code with an assistant, and for about how many dollars a day."""

WRITERS = (
    "olga", "mia", "edda", "clara", "tess", "omar", "ruth", "sara", "fiona", "hugo", "dana", "petra", "liam", "zoe",
    "amir", "tomas",
)  # fmt: skip
"""Who asks a question now and then: about 10,000 tokens an afternoon."""

NOBODY: Mapping[str, float] = {"ci-runner": 7.5, "summer-intern": 1.2}
"""Addresses that lead to no person, and what is spent on them in a day."""

_OWN_MODEL = ("kofi", "theo")


def between(since: datetime, until: datetime) -> list[Event]:
    """All usage after `since` up to and including `until`, in the order in which it happens."""
    found = [event for day in _days(since, until) for event in _on(day) if since < event.at <= until]
    return sorted(found, key=lambda event: (event.at, event.id))


def to_csv(events: Sequence[Event]) -> str:
    """The usage file of these events."""
    return "\n".join([HEADER, *(event.row for event in events)]) + "\n"


def _days(since: datetime, until: datetime) -> Iterator[date]:
    day, last = (since - _LONGEST).astimezone(ZONE).date(), (until + _ONE_DAY).astimezone(ZONE).date()
    while day <= last:
        yield day
        day += _ONE_DAY


@lru_cache(maxsize=8)  # a day is asked for once for each of its pieces
def _on(day: date) -> tuple[Event, ...]:
    """What is spent by work that begins on a day, wherever people are."""
    return tuple(_work(day))


def _work(day: date) -> Iterator[Event]:
    zones = {person.key: person.zone for person in people()}
    for key, dollars in CODERS.items():
        yield from _coding(_Desk(key, day, zones[key], "code"), dollars)
    for key in WRITERS:
        yield from _writing(_Desk(key, day, zones[key], "chat"))
    for key, agents in AGENTS.items():
        for number, agent in enumerate(agents):
            yield from _running(_Desk(key, day, zones[key], f"agent{number}"), agent)
    for key in _OWN_MODEL:
        yield from _trying(_Desk(key, day, zones[key], "own"))
    for key, dollars in NOBODY.items():
        yield from _building(_Desk(key, day, ZONE, "ci"), dollars)


class _Desk:
    """One person's work of one kind on one day: its own dice, and the numbering of its events."""

    def __init__(self, key: str, day: date, zone: ZoneInfo, kind: str) -> None:
        self.key, self.day = key, day
        self.name = f"{kind}-{key}-{day:%y%m%d}"
        self.dice = Random(f"northlight:{self.name}")  # noqa: S311 - the same dice every time are the point
        self._midnight = datetime.combine(day, time(), zone)
        self._made = 0

    def works(self, chance: float) -> bool:
        """Whether there is any of it on this day; weekends are quiet."""
        drawn = self.dice.random()
        return drawn < (_WEEKEND_CHANCE * chance if self.is_weekend else chance)

    @property
    def is_weekend(self) -> bool:
        return self.day.weekday() >= _SATURDAY

    def session(self) -> str:
        return f"{self.dice.getrandbits(32):08x}"

    def event(self, hour: float, model: Model, dollars: float, agent: str, session: str, *, told: bool) -> Event:
        """Usage worth about so many dollars at an hour of the day, which may be past midnight."""
        self._made += 1
        # The hours pass as on the wall, the seconds are drawn: nobody works at round times.
        at = self._midnight + timedelta(hours=hour, seconds=self.dice.randrange(59))
        tokens = _tokens(self.dice, model, dollars)
        cost = sum((count * Decimal(str(price)) for count, price in zip(tokens, model.dollars, strict=True)), Decimal())
        return Event(
            f"{self.name}-{self._made:03}", at.astimezone(UTC), email_of(self.key), model, tokens,
            cost / 1_000_000 if told else None, agent, session,
        )  # fmt: skip


# For each token of fresh input an assistant that reads a whole code base reads many more from its cache.
_AGENT_MIX = (1.0, 0.35, 22.0, 0.6)
_CHAT_MIX = (1.0, 0.45, 0.0, 0.0)


def _tokens(dice: Random, model: Model, dollars: float) -> tuple[int, int, int, int]:
    cached = model.dollars[2] > 0 and dollars > _SMALL_TALK
    mix = [part * dice.uniform(0.75, 1.25) for part in (_AGENT_MIX if cached else _CHAT_MIX)]
    unit = sum(part * price for part, price in zip(mix, model.dollars, strict=True))
    fresh, output, read, write = (int(part * dollars / unit * 1_000_000) for part in mix)
    return fresh, output, read, write


_SMALL_TALK = 0.05  # dollars: whoever asks a single question has no cache to read from


def _coding(desk: _Desk, dollars: float) -> Iterator[Event]:
    if not desk.works(0.88):
        return
    dice = desk.dice
    agent, model = dice.choice((("claude-code", SONNET), ("claude-code", OPUS), ("cursor", GPT), ("cursor", GEMINI)))
    today = dollars * dice.uniform(0.5, 1.5) * (0.3 if desk.is_weekend else 1.0)
    sittings = dice.randint(1, 3)
    for sitting in range(sittings):
        session, begins, turns = desk.session(), 9 + 3 * sitting + dice.uniform(0, 1.5), dice.randint(3, 5)
        for turn in range(turns):
            share = today / sittings / turns * dice.uniform(0.7, 1.3)
            yield desk.event(begins + 0.35 * turn, model, share, agent, session, told=False)


def _writing(desk: _Desk) -> Iterator[Event]:
    if not desk.works(0.7):
        return
    session, model = desk.session(), desk.dice.choice((SONNET, HAIKU))
    for question in range(desk.dice.randint(3, 5)):
        per_token = sum(part * price for part, price in zip(_CHAT_MIX, model.dollars, strict=True)) / sum(_CHAT_MIX)
        dollars = desk.dice.uniform(1_800, 3_200) * per_token / 1_000_000
        yield desk.event(13 + desk.dice.uniform(0, 3.5) + question / 10, model, dollars, "", session, told=False)


def _running(desk: _Desk, agent: Agent) -> Iterator[Event]:
    """A run of an agent and its workers, who take turns over its hours; the gateway it goes by tells the cost."""
    if desk.is_weekend or not agent.since <= desk.day <= agent.until or not desk.works(agent.chance):
        return
    session, begins = desk.session(), agent.starts.hour + agent.starts.minute / 60
    today = agent.dollars * desk.dice.uniform(0.92, 1.08)
    for turn in range(agent.turns):
        for worker in range(1, agent.workers + 1):
            hour = begins + agent.hours * (turn + desk.dice.random()) / agent.turns
            share = today / agent.turns / agent.workers * desk.dice.uniform(0.6, 1.4)
            yield desk.event(hour, agent.model, share, f"{agent.name}/worker-{worker:02}", session, told=True)


def _trying(desk: _Desk) -> Iterator[Event]:
    """The company's own model, tried now and then."""
    if desk.works(0.5):
        session = desk.session()
        for number in range(desk.dice.randint(2, 4)):
            yield desk.event(14 + number / 3, UNPRICED, 0.04, "coder-trial", session, told=False)


def _building(desk: _Desk, dollars: float) -> Iterator[Event]:
    """What runs with a key that nobody has claimed."""
    if desk.works(0.95):
        for number in range(6):
            share = dollars / 6 * desk.dice.uniform(0.6, 1.4)
            yield desk.event(8 + 2 * number, SONNET, share, "release-notes", "", told=False)
