"""Faults on demand: what the wire and Slack's own servers do on a bad day."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

FaultKind = Literal["ratelimited", "http_500", "http_502", "http_503", "internal_error", "fatal_error", "hang", "drop"]
When = Literal["before", "after"]
ANY_METHOD = "*"


@dataclass(slots=True)
class Fault:
    """One fault: `before` the call takes effect, or `after`, so that only the answer is lost."""

    method: str
    kind: FaultKind
    times: int = 1
    when: When = "before"
    seconds: float = 1.0
    retry_after: int = 1


class Faults:
    """The faults that wait for their call. The workspace's lock guards it."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._random: random.Random | None = None
        self._probabilities: dict[FaultKind, float] = {}
        self._methods: Collection[str] = ()

    def add(self, fault: Fault) -> None:
        """Let a fault wait for its method. Refused: kinds and moments that do not exist."""
        if fault.kind not in get_args(FaultKind) or fault.when not in get_args(When):
            raise ValueError(f"there is no fault {fault.kind!r} {fault.when!r} a call")
        self._waiting.append(fault)

    def at_random(self, probabilities: Mapping[FaultKind, float], seed: int, methods: Collection[str]) -> None:
        """From now on each call of `methods` (all when empty) meets each kind with its probability."""
        unknown = set(probabilities) - set(get_args(FaultKind))
        if unknown:
            raise ValueError(f"there is no fault {sorted(unknown)}")
        self._random = random.Random(seed)
        self._probabilities = dict(probabilities)
        self._methods = methods

    def clear(self) -> None:
        """No more faults."""
        self._waiting.clear()
        self._random = None

    def take(self, method: str) -> Fault | None:
        """The fault that this call meets, if any; it is used up."""
        for fault in self._waiting:
            if fault.method in {method, ANY_METHOD}:
                fault.times -= 1
                if fault.times <= 0:
                    self._waiting.remove(fault)
                return fault
        return self._draw(method)

    def _draw(self, method: str) -> Fault | None:
        if self._random is None or (self._methods and method not in self._methods):
            return None
        dice = self._random.random()
        for kind, probability in self._probabilities.items():
            if dice < probability:
                when: When = "after" if self._random.random() < 0.5 else "before"  # noqa: PLR2004 - a coin
                return Fault(method, kind, when=when, seconds=0.2)
            dice -= probability
        return None
