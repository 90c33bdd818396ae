"""A round over many: what was done, and what failed, so that one failure is counted and does not stop the rest."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Round:
    """How much was done, how many items failed, and the names of the failures' types: their texts may hold figures."""

    done: int = 0
    failed: int = 0
    errors: frozenset[str] = frozenset()

    def __add__(self, other: "Round") -> "Round":
        """Both together."""
        return Round(self.done + other.done, self.failed + other.failed, self.errors | other.errors)


def each(items: Iterable[T], work: Callable[[T], int]) -> Round:
    """Do the work for each item, in its own transaction by the work's own doing; count what it returns."""
    total = Round()
    for item in items:
        total += attempt(lambda item=item: work(item))  # type: ignore[misc]
    return total


def attempt(work: Callable[[], int]) -> Round:
    """Do one piece of work; a failure is counted instead of raised."""
    try:
        return Round(done=work())
    except Exception as error:  # noqa: BLE001 - what must not stop the rest is any failure, known or not
        return Round(failed=1, errors=frozenset({type(error).__name__}))
