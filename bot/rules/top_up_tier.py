"""The tiers of top-ups: up to which sum of a period who decides, in which steps; as policy.toml says them.

    [[top_up.tier]]
    up_to_usd = 5000
    steps = ["manager", ["finance", "cfo@example.com"]]

A step is one approver, or a list of which any one is enough. A tier without `up_to_usd` has no limit.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from bot.rules import policy_value as value
from bot.rules.errors import quoted

MANAGER, MANAGERS_MANAGER, FINANCE = "manager", "managers_manager", "finance"
ROLES = (MANAGER, MANAGERS_MANAGER, FINANCE)

_MOST_TIERS = 10
_MOST_STEPS = 5
_MOST_NAMES = 10
_EMAIL = re.compile(r"[^@\s|]+@[^@\s|]+")
_KEYS = ("up_to_usd", "steps")

Wrong = Callable[[str, str], None]
"""Is told the path of a mistake and its sentence."""


@dataclass(frozen=True, slots=True)
class Tier:
    """Who decides while a period's approved top-ups and this one come to at most `up_to_nanos`; None: any sum.

    Each step names its approvers, any one of whom is enough: manager, managers_manager, finance, or an e-mail address.
    """

    up_to_nanos: int | None
    steps: tuple[tuple[str, ...], ...]


def default_tiers(manager_limit_nanos: int) -> tuple[Tier, ...]:
    """What holds without tiers: the manager up to a limit, finance above it."""
    return (Tier(manager_limit_nanos, ((MANAGER,),)), Tier(None, ((FINANCE,),)))


def tier_for(tiers: tuple[Tier, ...], total_nanos: int) -> Tier | None:
    """The first tier that reaches the sum; None where policy lets nobody approve as much."""
    return next((tier for tier in tiers if tier.up_to_nanos is None or total_nanos <= tier.up_to_nanos), None)


def read_tiers(path: str, raw: Any, wrong: Wrong) -> tuple[Tier, ...]:
    """The tiers of a list of tables; every mistake is told with the path of its key, counted from 1."""
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        wrong(path, f"must be a list of tables: write [[{path}]] on a line of its own, and its keys below it.")
        return ()
    if len(raw) > _MOST_TIERS:
        wrong(path, f"has {len(raw)} tiers; there can be {_MOST_TIERS}.")
    tiers = tuple(_tier(f"{path}[{number}]", each, wrong) for number, each in enumerate(raw, 1))
    _check_rising(path, tiers, wrong)
    return tiers


def _tier(path: str, raw: Mapping[str, Any], wrong: Wrong) -> Tier:
    for key in raw:
        if key not in _KEYS:
            near = get_close_matches(key[:64], _KEYS, n=1)
            wrong(f"{path}.{key[:60]}", f"is not a setting. {f'Did you mean {near[0]}?' if near else _KNOWN}")
    up_to = None
    if "up_to_usd" in raw:
        try:
            up_to = value.usd(raw["up_to_usd"])
        except value.WrongValue as refused:
            wrong(f"{path}.up_to_usd", str(refused))
    return Tier(up_to, _steps(f"{path}.steps", raw.get("steps"), wrong))


_KNOWN = f"Known here: {', '.join(_KEYS)}."


def _steps(path: str, raw: Any, wrong: Wrong) -> tuple[tuple[str, ...], ...]:
    if not isinstance(raw, list) or not 0 < len(raw) <= _MOST_STEPS:
        wrong(path, f'must be a list of 1 to {_MOST_STEPS} steps, such as ["manager", "finance"].')
        return ()
    return tuple(_step(f"{path}[{number}]", each, wrong) for number, each in enumerate(raw, 1))


def _step(path: str, raw: Any, wrong: Wrong) -> tuple[str, ...]:
    names = raw if isinstance(raw, list) else [raw]
    if not 0 < len(names) <= _MOST_NAMES:
        wrong(path, f"must name 1 to {_MOST_NAMES} approvers.")
        return ()
    known = [_approver(path, name, wrong) for name in names]
    found = tuple(dict.fromkeys(name for name in known if name))
    if len(found) < len([name for name in known if name]):
        wrong(path, "names somebody twice.")
    return found


def _approver(path: str, raw: Any, wrong: Wrong) -> str:
    """The approver as it is kept: a role, or an address in lower case; empty after a mistake."""
    if isinstance(raw, str) and raw in ROLES:
        return raw
    if isinstance(raw, str) and _EMAIL.fullmatch(raw):
        return raw.lower()
    said = f"has {quoted(raw)}" if isinstance(raw, str) else "has something"
    wrong(path, f"{said} that is no approver: write {', '.join(ROLES)} or an e-mail address, in quotes.")
    return ""


def _check_rising(path: str, tiers: tuple[Tier, ...], wrong: Wrong) -> None:
    for number, (lower, higher) in enumerate(pairwise(tiers), 1):
        if lower.up_to_nanos is None:
            wrong(f"{path}[{number}]", "has no up_to_usd, so no later tier would ever be reached. Put it last.")
        elif higher.up_to_nanos is not None and higher.up_to_nanos <= lower.up_to_nanos:
            wrong(f"{path}[{number + 1}].up_to_usd", "must be above that of the tier before it.")
