"""What a channel may know of spend: no line from which one person's spend could be told.

A line, the company's included, is left out when fewer than five people spent in it or one of them spent over half. A
line that is left out alone could be had by subtracting the others from the total, so the next smallest goes with it,
until what is left out would itself be safe to show.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

FEWEST_PEOPLE = 5
"""A line needs at least so many people who spent."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What was spent in a line, in nano-dollars: by person, and by keys and agents that belong to nobody."""

    by_person: Mapping[int, int] = field(default_factory=dict)
    shared: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.by_person.values()) + self.shared


def add(lines: Iterable[Spend]) -> Spend:
    """Several lines as one."""
    people: Counter[int] = Counter()
    shared = 0
    for line in lines:
        people.update(line.by_person)
        shared += line.shared
    return Spend(dict(people), shared)


def may_show(line: Spend) -> bool:
    """Whether the line tells nobody's spend: enough people, and none with over half of what people spent.

    Shared spend does not count: whoever knows it could subtract it.
    """
    spent = [nanos for nanos in line.by_person.values() if nanos > 0]
    return len(spent) >= FEWEST_PEOPLE and 2 * max(spent) <= sum(spent)


def shown(lines: Mapping[str, Spend], lineless: Spend = Spend()) -> list[str]:
    """The names of the lines that may be shown beside their total, largest first; lines without spend are none.

    `lineless` is what is in the total and in no line: subtracting the lines from the total would give it away as well.
    """
    with_spend = (name for name, line in lines.items() if line.total or line.by_person)
    named = sorted(with_spend, key=lambda name: (-lines[name].total, name))
    kept = [name for name in named if may_show(lines[name])]
    rest = [lines[name] for name in named if name not in kept]
    rest += [lineless] if lineless.total or lineless.by_person else []
    while rest and kept and not may_show(add(rest)):
        rest.append(lines[kept.pop()])
    return kept


def trend(today: Spend, before: Spend, days: int) -> Fraction | None:
    """How much more (or less) than the mean of the `days` before, as a share of that mean.

    None when there is nothing to compare with, or the days before may not be shown.
    """
    if days <= 0 or before.total <= 0 or not may_show(before) or not may_show(today):
        return None
    return Fraction(today.total * days, before.total) - 1


def cache_share(read: int, all_input: int) -> Fraction | None:
    """The share of input tokens that came from a cache; None without input."""
    return Fraction(read, all_input) if all_input > 0 else None


def days_up_to(day: date, count: int) -> list[date]:
    """The `count` days that end with this one, in order."""
    return [day - timedelta(days=back) for back in range(count - 1, -1, -1)]
