"""The daily digest: what the company and its teams spent, for everybody in the alerts channel."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bot.rules import report as rule
from bot.rules.audience import Audience, Fact
from bot.rules.notice import slot_of
from bot.rules.report import Spend
from bot.services import policy, roster
from bot.services.outbox import Message, Target, is_owed, owe
from bot.services.verb import Company, Tx, look, verb
from db import report as query

_CHART_DAYS = 14
_TREND_DAYS = 7
_MODELS = 5
_TEAMS = 12
_NO_TEAM = ""


def digest_is_due(company: Company) -> bool:
    """Whether the digest of the latest slot has not been posted yet. Cheap."""
    return _is_due(company)


@look
def _is_due(tx: Tx) -> bool:
    return any(not is_owed(tx, message_key) for message_key, _target in _targets(tx, _slot(tx)[0]))


@verb("report.digest")
def post_digest(tx: Tx) -> int:
    """Owe the digest of the latest slot, once however often this is called; returns how many messages it took.

    After an outage only the latest is posted. Nothing is, as long as there has never been any usage.
    """
    slot, day = _slot(tx)
    owed = [(key, target) for key, target in _targets(tx, slot) if not is_owed(tx, key)]
    if not owed or not query.any_usage(tx.session):
        return 0
    facts = {Fact.COMPANY_SPEND: _digest(tx, day)}
    for key, target in owed:
        audience = Audience.CHANNEL if target.channel else Audience.FINANCE
        owe(tx, Message(key, "report.digest", target, audience, facts))
    return len(owed)


def _slot(tx: Tx) -> tuple[date, date]:
    """The company's day of the latest slot, and the last UTC day that was whole by then: rollups are by UTC day."""
    zone, at = policy.zone(tx), policy.company_policy(tx).digest_at
    slot = slot_of(tx.now, at, zone)
    came = datetime.combine(slot, at, tzinfo=zone).astimezone(UTC)
    return slot, came.date() - timedelta(days=1)


def _targets(tx: Tx, slot: date) -> list[tuple[str, Target]]:
    """The alerts channel; without one, each finance person."""
    key = f"report.digest:{slot.isoformat()}"
    if tx.channels.alerts is not None:
        return [(key, Target(channel=tx.channels.alerts))]
    return [(f"{key}:{card.id}", Target(person_id=card.id)) for card in roster.finance_people(tx)]


@dataclass
class _Days:
    """Spend of the days that the digest looks at: by day for the company, by day and team."""

    company: dict[date, Spend]
    teams: dict[str, dict[date, Spend]]
    unattributed: dict[date, int]


def _digest(tx: Tx, day: date) -> dict[str, Any]:
    days = _days(tx, day)
    company = days.company.get(day, Spend())
    visible = rule.may_show(company)
    read, everything, unpriced = query.input_and_unpriced(tx.session, day)
    cache = rule.cache_share(read, everything) if visible else None
    return {
        "day": day.isoformat(),
        "any": bool(company.by_person or company.shared or days.unattributed.get(day)),
        "company": _line("", company, _before(days.company, day)) if visible else None,
        "teams": _teams(days.teams, day),
        "models": _models(tx, day) if visible else [],
        "cache": str(cache) if cache is not None else None,
        "unattributed_nanos": days.unattributed.get(day, 0),
        "unpriced_events": unpriced,
        "chart": _chart(days.company, day),
    }


def _days(tx: Tx, day: date) -> _Days:
    on_team, names = query.teams_on(tx.session, day), query.team_names(tx.session)
    people: dict[date, dict[int, int]] = defaultdict(dict)
    by_team: dict[str, dict[date, dict[int, int]]] = defaultdict(lambda: defaultdict(dict))
    shared: dict[tuple[str, date], int] = defaultdict(int)
    unattributed: dict[date, int] = defaultdict(int)
    for on, kind, person, team, nanos in query.spend_by_day(tx.session, *_window(day)):
        if person is not None:
            people[on][person] = people[on].get(person, 0) + nanos
            mine = by_team[on_team.get(person, _NO_TEAM)][on]
            mine[person] = mine.get(person, 0) + nanos
        elif team is not None:
            shared[names[team], on] += nanos
        elif kind == "unattributed":
            unattributed[on] += nanos
    return _Days(_company(people, shared), _by_team(by_team, shared), dict(unattributed))


def _window(day: date) -> tuple[date, date]:
    return day - timedelta(days=_CHART_DAYS - 1), day


def _company(people: Mapping[date, dict[int, int]], shared: Mapping[tuple[str, date], int]) -> dict[date, Spend]:
    of_nobody: dict[date, int] = defaultdict(int)
    for (_team, on), nanos in shared.items():
        of_nobody[on] += nanos
    return {on: Spend(people.get(on, {}), of_nobody[on]) for on in {*people, *of_nobody}}


def _by_team(
    people: Mapping[str, Mapping[date, dict[int, int]]], shared: Mapping[tuple[str, date], int]
) -> dict[str, dict[date, Spend]]:
    names = {*people, *(team for team, _on in shared)}
    teams: dict[str, dict[date, Spend]] = {}
    for name in names:
        days = {*people.get(name, {}), *(on for team, on in shared if team == name)}
        teams[name] = {on: Spend(people.get(name, {}).get(on, {}), shared.get((name, on), 0)) for on in days}
    return teams


def _teams(teams: Mapping[str, Mapping[date, Spend]], day: date) -> list[dict[str, Any]]:
    today = {name: days.get(day, Spend()) for name, days in teams.items()}
    before = {name: _before(days, day) for name, days in teams.items()}
    # Whose team nobody knows is in the company's line only.
    lineless, lineless_before = today.pop(_NO_TEAM, Spend()), before.pop(_NO_TEAM, (Spend(), 0))[0]
    # A team's trend gives its days before away, so they too must be fit to be shown beside the other teams'.
    with_trend = set(rule.shown({name: spend for name, (spend, _count) in before.items()}, lineless_before))
    return [
        _line(name, today[name], before[name] if name in with_trend else (Spend(), 0))
        for name in rule.shown(today, lineless)[:_TEAMS]
    ]


def _before(days: Mapping[date, Spend], day: date) -> tuple[Spend, int]:
    """What was spent in the week before, and on how many days since the first spend it could have been."""
    earlier = [on for on in days if on < day]
    count = min(_TREND_DAYS, (day - min(earlier)).days) if earlier else 0
    return rule.add(days[on] for on in earlier if on >= day - timedelta(days=count)), count


def _line(name: str, today: Spend, before: tuple[Spend, int]) -> dict[str, Any]:
    change = rule.trend(today, *before)
    return {"name": name, "nanos": today.total, "trend": str(change) if change is not None else None}


def _models(tx: Tx, day: date) -> list[dict[str, Any]]:
    people: dict[str, dict[int, int]] = defaultdict(dict)
    shared: dict[str, int] = defaultdict(int)
    for model, kind, person, nanos in query.spend_by_model(tx.session, day):
        if person is not None:
            people[model][person] = people[model].get(person, 0) + nanos
        elif kind == "team":
            shared[model] += nanos
    lines = {model: Spend(people.get(model, {}), shared.get(model, 0)) for model in {*people, *shared}}
    return [{"name": model, "nanos": lines[model].total} for model in rule.shown(lines)[:_MODELS]]


def _chart(company: Mapping[date, Spend], day: date) -> list[dict[str, Any]]:
    """The company's days that may be shown; a day that may not is left out rather than drawn as nothing."""
    visible = [on for on in rule.days_up_to(day, _CHART_DAYS) if on in company and rule.may_show(company[on])]
    return [{"day": on.isoformat(), "nanos": company[on].total} for on in visible]
