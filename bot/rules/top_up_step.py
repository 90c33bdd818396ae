"""The steps of one request: who may decide each, at this moment, and for whom.

What kinds of approver a step needs is frozen when a request is asked; which people these are is read whenever somebody
decides. Nobody decides their own request, neither in their own name nor by somebody who acts for them, and nobody
decides two steps of one request.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from bot.rules.top_up_tier import FINANCE, MANAGER, MANAGERS_MANAGER

_NAMED = "person:"
_ANY_OF = "|"


@dataclass(frozen=True, slots=True)
class People:
    """Who is what to a requester at this moment: all of them employed.

    `named` are those of the named people who are employed. `delegates` are those who act for somebody now.
    """

    requester: int
    manager: int | None = None
    managers_manager: int | None = None
    finance: frozenset[int] = frozenset()
    named: frozenset[int] = frozenset()
    delegates: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """One step as it stands. `decided` is whoever decided it, with whoever that was on behalf of."""

    kinds: tuple[str, ...]
    decided: frozenset[int] = frozenset()
    is_escalated: bool = False


def named(person_id: int) -> str:
    """The kind of approver that is one person."""
    return f"{_NAMED}{person_id}"


def written(kinds: Iterable[str]) -> str:
    """The kinds of a step as they are stored."""
    return _ANY_OF.join(kinds)


def read(kinds: str) -> tuple[str, ...]:
    """The kinds of a step as they were stored."""
    return tuple(kinds.split(_ANY_OF))


def named_in(steps: Iterable[Step]) -> set[int]:
    """Everybody whom the steps name."""
    return {int(kind.removeprefix(_NAMED)) for step in steps for kind in step.kinds if kind.startswith(_NAMED)}


def current(steps: Sequence[Step]) -> int | None:
    """The index of the step that waits: the lowest that nobody has decided; None when all have been decided."""
    return next((number for number, step in enumerate(steps) if not step.decided), None)


def deciders(steps: Sequence[Step], people: People) -> dict[int, int | None]:
    """Who may decide the step that waits, each with the person on whose behalf, None for their own.

    Whoever is the only one left for a later step is spared for it, as long as there is somebody else now.
    """
    at = current(steps)
    if at is None:
        return {}
    used = frozenset().union(*(step.decided for step in steps))
    able = _able(steps[at], people, used)
    spared = {by: whose for by, whose in able.items() if _possible(steps[at + 1 :], people, used | _pair(by, whose))}
    return spared or able


def is_possible(steps: Sequence[Step], people: People) -> bool:
    """Whether there are enough different people to decide every step that waits."""
    waiting = [step for step in steps if not step.decided]
    return _possible(waiting, people, frozenset().union(*(step.decided for step in steps)))


def _possible(steps: Sequence[Step], people: People, used: frozenset[int]) -> bool:
    if not steps:
        return True
    able = _able(steps[0], people, used)
    return any(_possible(steps[1:], people, used | _pair(by, whose)) for by, whose in able.items())


def _pair(by: int, whose: int | None) -> frozenset[int]:
    return frozenset({by}) if whose is None else frozenset({by, whose})


def _able(step: Step, people: People, used: Collection[int]) -> dict[int, int | None]:
    """Who of the step's people has decided nothing yet; where there is nobody, finance decides."""
    barred = {people.requester, *used}
    own: set[int] = set()
    lending: set[int] = set()
    for kind in _kinds(step, people):
        if kind == FINANCE:
            own |= people.finance
        else:
            lending |= _of_kind(kind, people)
    found: dict[int, int | None] = dict.fromkeys(sorted((own | lending) - barred))
    for whose in sorted(lending - barred):
        delegate = people.delegates.get(whose)
        if delegate is not None and delegate not in barred:
            found.setdefault(delegate, whose)
    return found or dict.fromkeys(sorted(people.finance - barred))


def _kinds(step: Step, people: People) -> tuple[str, ...]:
    """The step's kinds, and after an escalation the manager's manager too, or finance where there is none."""
    if not step.is_escalated:
        return step.kinds
    above = MANAGERS_MANAGER if MANAGER in step.kinds and people.managers_manager is not None else FINANCE
    return (*step.kinds, above)


def _of_kind(kind: str, people: People) -> set[int]:
    if kind == MANAGER:
        return {people.manager} if people.manager is not None else set()
    if kind == MANAGERS_MANAGER:
        return {people.managers_manager} if people.managers_manager is not None else set()
    return {int(kind.removeprefix(_NAMED))} & people.named
