"""What is owed to whom, told a second time and in the simplest way, to hold the real notices against."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

BUDGET, SALARY = 5_000, 10_000  # dollars a month: 120,000 a year, and half of it
BUDGET_LINES = [0.5, 0.8, 1.0]
FAR = 40

Told = Counter[tuple[str, str, str, str]]
"""(kind, person or channel, period, what) → how often it has been told."""


@dataclass
class Line:
    """The highest line told to somebody of something, and on what base."""

    line: float = 0.0
    base: int = 0


@dataclass
class Post:
    """What the channel knows of a month."""

    near: int = 0
    above: int = 0
    worst: tuple[int, int] = (0, 0)
    said_on: date | None = None


@dataclass
class Oracle:
    """Whole dollars; months by their label."""

    people: list[str]
    spent: Counter[tuple[str, str]] = field(default_factory=Counter)
    topped_up: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: dict[tuple[str, str, str], Line] = field(default_factory=dict)
    posts: dict[str, Post] = field(default_factory=dict)
    told: Told = field(default_factory=Counter)
    touched: set[tuple[str, str]] = field(default_factory=set)

    def spend(self, person: str, month: str, usd: int) -> None:
        self.spent[person, month] += usd
        self.touched.add((person, month))

    def top_up(self, person: str, month: str, usd: int) -> None:
        self.topped_up[person, month] += usd

    def tell_people(self, months: list[str]) -> None:
        for person, month in sorted(self.touched):
            if month in months:
                self._budget(person, month)
                self._salary(person, month)

    def _budget(self, person: str, month: str) -> None:
        base, spent = BUDGET + self.topped_up[person, month], self.spent[person, month]
        reached = max([line for line in BUDGET_LINES if spent >= line * base], default=0.0)
        if self._rises("budget", person, month, base, reached):
            self.told["notice.budget", person, month, str(reached)] += 1

    def _salary(self, person: str, month: str) -> None:
        reached = float(self.step(person, month))
        if self._rises("salary", person, month, SALARY, reached):
            self.told["notice.salary", person, month, str(int(reached))] += 1
            self.told["notice.salary_finance", person, month, str(int(reached))] += 1

    def step(self, person: str, month: str) -> int:
        spent = self.spent[person, month]
        above = [spent > SALARY * (1 + half / 2) for half in range(FAR)]
        return int(spent >= 0.8 * SALARY) + sum(above)

    def _rises(self, kind: str, person: str, month: str, base: int, reached: float) -> bool:
        known = self.lines.setdefault((kind, person, month), Line(0.0, base))
        if base > known.base:
            known.line = min(known.line, reached)
        known.base = base
        if reached <= known.line:
            return False
        known.line = reached
        return True

    def sweep(self, months: list[str], slot: date) -> None:
        for month in months:
            post = self.posts.setdefault(month, Post())
            bands = [self._band(person, month) for person in self.people]
            near, above = bands.count(1), bands.count(2)
            if post.said_on is not None and post.said_on >= slot:
                continue
            if (near, above) == (post.near, post.above):
                continue
            worse = near + above > post.worst[0] or above > post.worst[1]
            what = f"{near} near, {above} above"
            self.told["notice.sweep", "channel", month, what] += 1
            if post.said_on is not None and worse:
                self.told["notice.sweep_worse", "channel", month, what] += 1
            self.posts[month] = Post(near, above, (max(post.worst[0], near + above), max(post.worst[1], above)), slot)

    def _band(self, person: str, month: str) -> int:
        told = self.lines.get(("salary", person, month), Line()).line
        return min(2, int(told), self.step(person, month))
