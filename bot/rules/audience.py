"""Who may be shown what: one table that every renderer asks.

The allotment *is* the salary when policy is a share of it, so one dollar figure beside one percentage gives a salary
away, and so does a spend figure at the moment of a notice. Hence the table speaks of facts, not of messages.
"""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Any


class Audience(Enum):
    """Somebody to whom something is shown."""

    PERSON = auto()  # the person whom the facts are about, ephemerally or by DM
    APPROVER = auto()  # who decides a request: manager, finance person or delegate, in private
    FINANCE = auto()  # a finance person in private, or the finance channel once it is proved to be finance only
    CHANNEL = auto()  # anybody who can read a channel
    GATE = auto()  # a program that asks whether a call may be made


class Fact(Enum):
    """Something that can be shown."""

    NAME = auto()  # who it is about
    PERIOD = auto()  # which period, when it ends
    REQUESTED = auto()  # the amount, reason and decision of a top-up
    SPEND = auto()  # a person's dollars and rate of spend
    LASTS = auto()  # whether the budget lasts to the end of the period: yes or no
    BUDGET = auto()  # a person's allotment, grants, balance, run-out date, or any percentage of them
    PAY = auto()  # a person's pay, or any share of it
    COMPANY_SPEND = auto()  # company and team spend, models, agents, where enough people are in it
    SALARY_COUNTS = auto()  # how many people are near or above their salary
    SALARY_BANDS = auto()  # who is near or above, without figure; only where policy says names
    PAYROLL = auto()  # budgets, payroll and ratios of teams and the company
    COMPLETENESS = auto()  # how complete each source is
    LIMIT_NAME = auto()  # which limit refused, by name


_EVERYONE = {Fact.NAME, Fact.PERIOD, Fact.REQUESTED, Fact.COMPLETENESS}
_OF_THE_COMPANY = {Fact.COMPANY_SPEND, Fact.SALARY_COUNTS, Fact.SALARY_BANDS}
_OWN = {Fact.SPEND, Fact.LASTS, Fact.BUDGET, Fact.PAY}

MAY_SEE: Mapping[Audience, frozenset[Fact]] = {
    Audience.PERSON: frozenset(_EVERYONE | _OWN | {Fact.LIMIT_NAME} | _OF_THE_COMPANY),
    Audience.APPROVER: frozenset(_EVERYONE | {Fact.SPEND, Fact.LASTS}),
    Audience.FINANCE: frozenset(_EVERYONE | _OWN | _OF_THE_COMPANY | {Fact.PAYROLL, Fact.LIMIT_NAME}),
    Audience.CHANNEL: frozenset(_EVERYONE | _OF_THE_COMPANY),
    Audience.GATE: frozenset({Fact.LIMIT_NAME, Fact.PERIOD}),
}


class NotForThisAudience(Exception):
    """A renderer asked for a fact that its audience may not be shown."""


def may_see(audience: Audience, fact: Fact) -> bool:
    """The table."""
    return fact in MAY_SEE[audience]


class Visible:
    """Facts on their way to one audience. A renderer takes nothing else, and gets only what the table allows.

    `facts` maps each Fact to a JSON object. Asking for a fact that the audience may not see raises NotForThisAudience;
    asking for one that is allowed but absent gives an empty object.
    """

    def __init__(self, audience: Audience, facts: Mapping[Fact, Mapping[str, Any]]) -> None:
        for fact in facts:
            if not may_see(audience, fact):
                raise NotForThisAudience(f"{fact.name} is not for {audience.name}")
        self.audience = audience
        self._facts = facts

    def __getitem__(self, fact: Fact) -> Mapping[str, Any]:
        """The fact's values."""
        if not may_see(self.audience, fact):
            raise NotForThisAudience(f"{fact.name} is not for {self.audience.name}")
        return self._facts.get(fact, {})

    def __contains__(self, fact: Fact) -> bool:
        """Whether there is anything to show of it."""
        return fact in self._facts
