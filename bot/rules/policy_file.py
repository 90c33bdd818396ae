"""Reading policy.toml: every mistake in it is found in one go, and said with the path of its key."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from bot.rules import policy_value as value
from bot.rules.errors import Mistakes, Refused, quoted
from bot.rules.money import NANOS
from bot.rules.period import zone_named
from bot.rules.top_up_tier import read_tiers

AUTO_APPROVE_NANOS = 50 * NANOS
MANAGER_LIMIT_NANOS = 2000 * NANOS
"""The tiers of top-ups until a policy says otherwise."""

GRACE_NANOS = 50 * NANOS
RESERVE_NANOS = NANOS // 4
"""What hard mode lets pass while a request waits, and the least it sets aside for a call, until a policy says so."""

_LONGEST_FILE = 1_000_000
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]{1,60}")
_COUNTRY = re.compile(r"[A-Za-z]{2}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")

Section = Mapping[str, tuple[str, value.Reader]]

_ALLOTMENT: Section = {
    "kind": (
        "allotment_kind",
        value.one_of({"share_of_base": "share_of_base", "fixed": "fixed", "pay_band": "pay_band"}),
    ),
    "share": ("share", value.share),
    "amount_usd": ("amount_nanos", value.usd),
}
_SCOPED: Mapping[str, Section] = {
    "allotment": _ALLOTMENT,
    "notices": {
        "budget": ("notices_budget", value.thresholds),
        "salary_near": ("salary_near", value.positive_share),
        "salary_in_channels": (
            "salary_in_channels",
            value.one_of({"counts": "counts", "names": "names", "off": "off"}),
        ),
    },
    "top_up": {
        "auto_approve_usd": ("auto_approve_nanos", value.usd),
        "manager_limit_usd": ("manager_limit_nanos", value.usd),
        "expires_after_days": ("top_up_expires_after_days", value.days),
        "remind_after_hours": ("remind_after_hours", value.hours),
        "escalate_after_hours": ("escalate_after_hours", value.hours_or_never),
    },
    "enforcement": {
        "mode": ("enforcement_mode", value.one_of({"notify": "notify", "soft": "soft", "hard": "hard"})),
        "grace_usd": ("grace_nanos", value.usd),
        "reserve_usd": ("reserve_nanos", value.usd),
    },
}
_CAP: Section = {"cap_usd": ("cap_nanos", value.usd)}
_COMPANY: Mapping[str, Section] = {
    **_SCOPED,
    "cap": _CAP,
    "allotment": {
        **_ALLOTMENT,
        "period": ("period_months", value.one_of({"month": 1, "quarter": 3, "year": 12})),
    },
    "enforcement": {
        **_SCOPED["enforcement"],
        "on_error": ("gate_on_error", value.one_of({"open": "open", "closed": "closed"})),
        "unattributed": ("gate_unattributed", value.one_of({"allow": "allow", "refuse": "refuse"})),
        "write_limits": ("write_limits", value.some_of(("anthropic", "litellm"))),
    },
    "usage": {"trust_end_user": ("trusted_end_user_sources", value.names)},
    "schedule": {
        "digest_at": ("digest_at", value.time_of_day),
        "sweep_at": ("sweep_at", value.time_of_day),
    },
}
_COUNTRY_SECTIONS: Mapping[str, Section] = {
    **_SCOPED,
    "switches": {name: (name, value.switch) for name in ("leaderboard", "named_notices", "bursts", "manager_views")},
}
_PAY_BAND: Section = {
    "allotment_usd": ("allotment_nanos", value.usd),
    "lower_base_usd": ("lower_base_nanos", value.usd),
}
_TEAM_SECTIONS: Mapping[str, Section] = {**_SCOPED, "cap": _CAP}
_SCOPES: Mapping[str, Mapping[str, Section]] = {"team": _TEAM_SECTIONS, "country": _COUNTRY_SECTIONS, "person": _SCOPED}
_TIER = "tier"
_NO_SECTIONS = ("effective_from", "timezone", "pay_band", *_SCOPES)
_TOP = ("effective_from", "timezone", *_COMPANY, "pay_band", *_SCOPES)


class BadPolicy(Mistakes):
    """There are mistakes in the policy."""

    opening = "The policy was not taken, because of this:"


@dataclass(frozen=True, slots=True)
class PayBand:
    """A pay band: its allotment for one period, and the lower bound of its base salary for a year, in nano-dollars."""

    allotment_nanos: int
    lower_base_nanos: int


@dataclass(frozen=True, slots=True)
class Scope:
    """What is said for one team, country or person, under the names of Policy's fields."""

    kind: str
    name: str
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a policy file says; scopes by kind and casefolded name."""

    effective_from: datetime | None
    timezone: str | None
    company: Mapping[str, Any]
    scopes: Mapping[tuple[str, str], Scope]


@dataclass
class _Reading:
    """One file being read, and the mistakes found so far."""

    errors: list[str] = field(default_factory=list)

    def wrong(self, path: str, sentence: str) -> None:
        self.errors.append(f"{path} {sentence}")

    def value(self, path: str, raw: Any, reader: value.Reader) -> Any:
        """What the reader makes of it, or None after a mistake."""
        try:
            return reader(raw)
        except Refused as refused:
            self.wrong(path, str(refused))
            return None

    def table(self, path: str, raw: Any) -> Mapping[str, Any]:
        if isinstance(raw, dict):
            return raw
        self.wrong(path, f"must be a table: write [{path}] on a line of its own, and its keys below it.")
        return {}

    def unknown(self, path: str, key: str, known: Iterable[str]) -> None:
        near = get_close_matches(key[:64], list(known), n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known here: {', '.join(known)}."
        self.wrong(_under(path, key), f"is not a setting. {hint}")

    def section(self, path: str, raw: Any, section: Section) -> dict[str, Any]:
        """The values of one table's keys, under their fields' names; None for one that is wrong."""
        found: dict[str, Any] = {}
        for key, each in self.table(path, raw).items():
            if key == _TIER and section is _SCOPED["top_up"]:
                found["top_up_tiers"] = read_tiers(_under(path, key), each, self.wrong)
                continue
            if key not in section:
                if key in _COMPANY.get(path.rpartition(".")[2], {}):
                    self.wrong(_under(path, key), "can be set for the whole company only.")
                else:
                    self.unknown(path, key, [*section, _TIER] if section is _SCOPED["top_up"] else section)
                continue
            name, reader = section[key]
            found[name] = self.value(_under(path, key), each, reader)
        return found

    def sections(self, path: str, raw: Any, sections: Mapping[str, Section]) -> dict[str, Any]:
        """The values of a scope's tables, under their fields' names."""
        found: dict[str, Any] = {}
        for key, each in self.table(path, raw).items():
            if key in sections:
                found |= self.section(_under(path, key), each, sections[key])
            elif key == "cap":
                self.wrong(_under(path, key), "can be set for the whole company or a team only.")
            elif key in _COMPANY or key == "pay_band":
                self.wrong(_under(path, key), "can be set for the whole company only.")
            elif key in _COUNTRY_SECTIONS:
                self.wrong(_under(path, key), "can be set for a country only.")
            else:
                self.unknown(path, key, sections if path else _TOP)
        return found


def read_policy(text: str, zone: ZoneInfo) -> Contents:
    """Read the file; a day as `effective_from` begins at midnight in the zone. Raises BadPolicy."""
    top = _toml(text)
    reading = _Reading()
    company = reading.sections("", {key: each for key, each in top.items() if key not in _NO_SECTIONS}, _COMPANY)
    if top.get("pay_band"):
        company["pay_bands"] = MappingProxyType(_pay_bands(reading, top["pay_band"]))
    scopes = {kind: _scopes(reading, kind, top.get(kind, {})) for kind in _SCOPES}
    contents = Contents(
        effective_from=_top_value(reading, top, "effective_from", lambda raw: value.instant(raw, zone)),
        timezone=_top_value(reading, top, "timezone", _timezone),
        company=MappingProxyType(company),
        scopes=MappingProxyType({(kind, key): scope for kind in scopes for key, scope in scopes[kind].items()}),
    )
    _check_together(reading, contents)
    if reading.errors:
        raise BadPolicy(reading.errors)
    return contents


def _toml(text: str) -> Mapping[str, Any]:
    if len(text) > _LONGEST_FILE:
        raise BadPolicy(["The file is longer than any policy."])
    try:
        return tomllib.loads(text.removeprefix("\ufeff"), parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise BadPolicy([f"It is not TOML: {error}."]) from None
    except (ValueError, ArithmeticError, RecursionError):  # a number or a nesting beyond what Python reads
        raise BadPolicy(["It is not TOML that can be read: a number is too long, or lists stand too deep."]) from None


def _top_value(reading: _Reading, top: Mapping[str, Any], key: str, reader: value.Reader) -> Any:
    return reading.value(key, top[key], reader) if key in top else None


def _timezone(raw: Any) -> str:
    if not isinstance(raw, str):
        raise value.WrongValue('must be a zone in quotes, such as "Europe/Berlin".')
    try:
        return zone_named(raw).key
    except Refused as refused:
        raise value.WrongValue(f"is wrong: {refused}") from None


def _pay_bands(reading: _Reading, tables: Any) -> dict[str, PayBand]:
    bands = {}
    for name, raw in reading.table("pay_band", tables).items():
        path = _under("pay_band", name)
        before = len(reading.errors)
        found = reading.section(path, raw, _PAY_BAND)
        missing = [key for key, (field_name, _) in _PAY_BAND.items() if field_name not in found]
        if len(reading.errors) > before:
            continue
        if missing:
            reading.wrong(path, f"needs {' and '.join(missing)}.")
            continue
        bands[name] = PayBand(**found)
    return bands


def _scopes(reading: _Reading, kind: str, raw: Any) -> dict[str, Scope]:
    """The scopes of one kind by casefolded name: nobody means two teams by `engines` and `Engines`."""
    scopes: dict[str, Scope] = {}
    for name, tables in reading.table(kind, raw).items():
        path = _under(kind, name)
        key = name.casefold()
        if kind == "person" and not _EMAIL.fullmatch(name):
            reading.wrong(path, 'is no e-mail address; write it in quotes: [person."ada@example.com".allotment].')
        elif kind == "country" and not _COUNTRY.fullmatch(name):
            reading.wrong(path, "is no country code of two letters, such as DE.")
        elif key in scopes:
            reading.wrong(path, f"is there already, as {_under(kind, scopes[key].name)}.")
        else:
            shown = {"person": name.lower(), "country": name.upper()}.get(kind, name)
            scopes[key] = Scope(kind, shown, MappingProxyType(reading.sections(path, tables, _SCOPES[kind])))
    return scopes


def _check_together(reading: _Reading, contents: Contents) -> None:
    """What each key may say alone, but not beside the others."""
    company = contents.company
    scopes = contents.scopes.values()
    wholes = [
        ("", company, company),
        *((_under(scope.kind, scope.name), scope.values, {**company, **scope.values}) for scope in scopes),
    ]
    for path, said, whole in wholes:
        kind = said.get("allotment_kind")
        if kind == "fixed" and "amount_nanos" not in whole:
            reading.wrong(_under(path, "allotment"), 'says kind = "fixed" and needs amount_usd beside it.')
        if kind == "pay_band" and "pay_bands" not in company:
            reading.wrong(_under(path, "allotment"), 'says kind = "pay_band" and needs tables such as [pay_band.L5].')
        _check_tiers(reading, path, said, whole)


def _check_tiers(reading: _Reading, path: str, said: Mapping[str, Any], whole: Mapping[str, Any]) -> None:
    if not {"auto_approve_nanos", "manager_limit_nanos"} & said.keys():
        return
    if whole.get("top_up_tiers"):
        return  # then no manager's limit is asked
    auto = whole.get("auto_approve_nanos", AUTO_APPROVE_NANOS)
    limit = whole.get("manager_limit_nanos", MANAGER_LIMIT_NANOS)
    if auto is not None and limit is not None and auto > limit:
        reading.wrong(_under(path, "top_up"), "has auto_approve_usd above manager_limit_usd.")


def _under(path: str, key: str) -> str:
    shown = key if _BARE_KEY.fullmatch(key) else quoted(key)
    return f"{path}.{shown}" if path else shown
