"""Policy: what policy.toml may say, what it says for one person, and which scope decided.

The defaults are the company's until it says otherwise. The most specific scope wins, field by field:
person, then team, then country, then company.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time
from fractions import Fraction
from types import MappingProxyType
from typing import Any, Literal
from zoneinfo import ZoneInfo

from bot.rules.policy_file import (
    AUTO_APPROVE_NANOS,
    GRACE_NANOS,
    MANAGER_LIMIT_NANOS,
    RESERVE_NANOS,
    BadPolicy,
    Contents,
    PayBand,
    read_policy,
)
from bot.rules.top_up_tier import Tier, default_tiers

__all__ = ["DEFAULTS", "BadPolicy", "PayBand", "Policy", "PolicyDocument", "Tier", "caps", "parse_policy", "resolve"]


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Policy:
    """What holds for one person. Money is in nano-dollars.

    `amount_nanos` is for one period of `period_months`; so is a pay band's allotment.
    """

    allotment_kind: Literal["share_of_base", "fixed", "pay_band"] = "share_of_base"
    share: Fraction = Fraction(1, 2)
    amount_nanos: int = 0
    period_months: int = 1
    notices_budget: tuple[Fraction, ...] = (Fraction(1, 2), Fraction(4, 5), Fraction(1))
    salary_near: Fraction = Fraction(4, 5)
    salary_in_channels: Literal["counts", "names", "off"] = "counts"
    auto_approve_nanos: int = AUTO_APPROVE_NANOS
    manager_limit_nanos: int = MANAGER_LIMIT_NANOS
    top_up_expires_after_days: int = 7
    top_up_tiers: tuple[Tier, ...] = ()
    remind_after_hours: int = 4
    escalate_after_hours: int = 48  # 0: never
    cap_nanos: int | None = None  # of the company, or of the team whose policy it is
    enforcement_mode: Literal["notify", "soft", "hard"] = "notify"
    grace_nanos: int = GRACE_NANOS
    reserve_nanos: int = RESERVE_NANOS
    gate_on_error: Literal["open", "closed"] = "open"
    gate_unattributed: Literal["allow", "refuse"] = "allow"
    write_limits: frozenset[str] = frozenset()  # gateways that people's budgets are written to
    pay_bands: Mapping[str, PayBand] = field(default_factory=_nothing)
    trusted_end_user_sources: frozenset[str] = frozenset()
    digest_at: time = time(9)
    sweep_at: time = time(9)
    leaderboard: bool = True  # this and the next three: off means not computed
    named_notices: bool = True
    bursts: bool = True
    manager_views: bool = True
    decided_by: Mapping[str, str] = field(default_factory=_nothing, repr=False)

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """Who decides above what approves itself."""
        return self.top_up_tiers or default_tiers(self.manager_limit_nanos)

    def source_of(self, name: str) -> str:
        """Which scope decided a field: `company default`, `company`, `country DE`, `team Engines`, `person a@b.c`.

        Raises KeyError for what is no field.
        """
        if name not in type(self).__dataclass_fields__:
            raise KeyError(name)
        return self.decided_by.get(name, "company default")


DEFAULTS = Policy()
"""What holds where nobody said anything."""


@dataclass(frozen=True)
class PolicyDocument:
    """One version of the policy, as read. `effective_from` and `timezone` are None where it does not say them."""

    effective_from: datetime | None
    timezone: str | None
    _contents: Contents = field(repr=False)

    @property
    def teams(self) -> frozenset[str]:
        """The teams it names, as it spells them."""
        return self._named("team")

    @property
    def countries(self) -> frozenset[str]:
        """The countries it names."""
        return self._named("country")

    @property
    def people(self) -> frozenset[str]:
        """The e-mail addresses it names."""
        return self._named("person")

    @property
    def enforcement_modes(self) -> frozenset[str]:
        """The modes of enforcement that it has for the company or for anybody in particular."""
        layers = [{"enforcement_mode": "notify"} | dict(self._contents.company)]
        layers += [dict(scope.values) for scope in self._contents.scopes.values()]
        return frozenset(layer["enforcement_mode"] for layer in layers if "enforcement_mode" in layer)

    @property
    def has_tiers(self) -> bool:
        """Whether it says for anybody who decides top-ups."""
        said = (self._contents.company, *(scope.values for scope in self._contents.scopes.values()))
        return any("top_up_tiers" in values for values in said)

    def _named(self, kind: str) -> frozenset[str]:
        return frozenset(scope.name for scope in self._contents.scopes.values() if scope.kind == kind)


def parse_policy(toml_text: str, *, zone: ZoneInfo | None = None) -> PolicyDocument:
    """Read policy.toml. A day given as `effective_from` begins at midnight in `zone`, the company's (default: UTC).

    Raises BadPolicy, whose `errors` has a sentence with the key's path for every mistake there is.
    """
    contents = read_policy(toml_text, zone or ZoneInfo("UTC"))
    return PolicyDocument(contents.effective_from, contents.timezone, contents)


def caps(company: Policy, own: Policy) -> dict[str, int]:
    """What may be promised in a period, in nano-dollars: to the `company` and to somebody's `team`.

    Only those that have a cap; `own` is what holds for that somebody. A team's cap does not replace the company's.
    """
    found = {"company": company.cap_nanos}
    if own.source_of("cap_nanos").startswith("team "):
        found["team"] = own.cap_nanos
    return {scope: nanos for scope, nanos in found.items() if nanos is not None}


def resolve(
    document: PolicyDocument, *, email: str | None = None, team: str | None = None, country: str | None = None
) -> Policy:
    """What a document says for somebody; without any of them, for the company."""
    chosen: dict[str, Any] = {}
    decided_by: dict[str, str] = {}
    contents = document._contents  # noqa: SLF001 - the two are one thing to everybody else
    layers = [("company", contents.company)]
    for kind, name in (("country", country), ("team", team), ("person", email)):
        scope = contents.scopes.get((kind, name.casefold())) if name else None
        if scope:
            layers.append((f"{kind} {scope.name}", scope.values))
    for source, values in layers:
        chosen |= values
        decided_by |= dict.fromkeys(values, source)
    return Policy(**chosen, decided_by=MappingProxyType(decided_by))
