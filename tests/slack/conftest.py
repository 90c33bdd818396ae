"""Facts of one person's July, to be varied."""

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.rules.audience import Audience, Fact, Visible

USD = 1_000_000_000
Facts = dict[Fact, dict[str, Any]]
Draw = Callable[..., Visible]

JULY: Facts = {
    Fact.PERIOD: {
        "label": "2026-07",
        "end": "2026-07-31T22:00:00+00:00",
        "zone": "Europe/Helsinki",
        "now": "2026-07-21T11:05:00+00:00",
    },
    Fact.SPEND: {
        "spent": 8_214_600_000_000,
        "unpriced_events": 0,
        "driver": {"name": "nightly-migration", "nanos": 3120 * USD, "share": 0.3798},
    },
    Fact.BUDGET: {
        "available": 2_285_400_000_000,
        "granted": 10_500 * USD,
        "allotment": 10_000 * USD,
        "top_ups": 500 * USD,
        "carried_in": 0,
        "expired": 0,
        "tokens_left": 1_234_567_890,
        "mix_from": "you",
        "run_out": {"on": "2026-07-28", "earliest": "2026-07-27", "latest": "2026-07-30"},
        "mode": "notify",
        "has_allotment": True,
        "no_rate_currency": None,
    },
    Fact.COMPLETENESS: {
        "sources": [
            {"name": "litellm", "complete_to": "2026-07-21T11:00:00+00:00"},
            {"name": "file", "complete_to": "2026-07-20T00:00:00+00:00"},
        ]
    },
}
WAITING = {"amount": 1300 * USD, "approver": "Grace", "since": "2026-07-21T06:12:00+00:00", "top_up_id": 12}


@pytest.fixture
def july() -> Draw:
    """The facts, with some of them changed by the name of their Fact: `july(BUDGET={"available": 0})`."""

    def draw(**changes: dict[str, Any]) -> Visible:
        facts = copy.deepcopy(JULY)
        for name, values in changes.items():
            facts.setdefault(Fact[name], {}).update(values)
        return Visible(Audience.PERSON, facts)

    return draw


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds; fails after 20 seconds."""

    def wait(holds: Callable[[], bool]) -> None:
        for _ in range(400):
            if holds():
                return
            time.sleep(0.05)
        raise AssertionError("It did not come to hold.")

    return wait
