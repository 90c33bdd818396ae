"""The daily digest: the company's figure, a table of teams, a native chart, and the same in words."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.slack.format import cents, code, count, day, day_and_month, dollars, escape, share
from bot.slack.views import kit, mark
from bot.slack.views.kit import Block, Rendered, Series

_FEWEST_POINTS = 2
_LEFT_OUT = (
    "Days are UTC, and late usage is added to its own day. Lines in which fewer than five people spent, or one of them"
    " over half, are left out. Nothing needs to be done."
)


def digest(visible: Visible) -> Rendered:
    """To the alerts channel: spend and trend, models, cache, and what is nobody's or has no price."""
    facts = visible[Fact.COMPANY_SPEND]
    lead, rest, loose = _lead(facts), _rest(facts), _loose_ends(facts)
    teams = [f"Team {escape(str(line['name']))}: {dollars(line['nanos'])}{_trend(line)}" for line in facts["teams"]]
    blocks = [
        kit.section("\n".join([lead, *rest])),
        *([_teams(facts["teams"])] if teams else []),
        *([_chart(facts["chart"])] if len(facts["chart"]) >= _FEWEST_POINTS else []),
        *([kit.section("\n".join(f"{mark.INCOMPLETE} {line}" for line in loose))] if loose else []),
        kit.context(_LEFT_OUT),
    ]
    return Rendered(kit.spoken(lead, *rest, *teams, *loose), blocks)


def _lead(facts: Mapping[str, Any]) -> str:
    on = day(date.fromisoformat(facts["day"]))
    if not facts["any"]:
        return f"*No AI usage was recorded on {on}*"
    if facts["company"] is None:
        return f"*AI spend on {on}*: too few people spent, or one of them over half, to show the company's figure"
    return f"*{dollars(facts['company']['nanos'])} of AI spend on {on}*{_trend(facts['company'])}"


def _rest(facts: Mapping[str, Any]) -> list[str]:
    """The lines below the lead."""
    named = [f"{code(kit.clip(str(line['name']), 80))} {dollars(line['nanos'])}" for line in facts["models"]]
    lines = [f"Most spent on {', '.join(named)}"] if named else []
    if facts["cache"] is not None and Fraction(facts["cache"]) * 200 >= 1:
        lines.append(f"{share(Fraction(facts['cache']))} of input tokens came from a cache")
    return lines


def _loose_ends(facts: Mapping[str, Any]) -> list[str]:
    found = []
    if facts["unattributed_nanos"]:
        found.append(f"Unattributed: {dollars(facts['unattributed_nanos'])} that leads to no person or team yet")
    if facts["unpriced_events"]:
        calls = "call" if facts["unpriced_events"] == 1 else "calls"
        found.append(f"Unpriced: {count(facts['unpriced_events'])} {calls} of models without a known price")
    return found


def _trend(line: Mapping[str, Any]) -> str:
    changed = _change(line)
    return f", {changed}" if changed else ""


def _change(line: Mapping[str, Any]) -> str:
    """Against the week before; empty where there is nothing to compare with."""
    if line["trend"] is None:
        return ""
    change = Fraction(line["trend"])
    if abs(change) * 200 < 1:
        return "as on an average day of the week before"
    return f"{share(abs(change))} {'more' if change > 0 else 'less'} than on an average day of the week before"


def _teams(lines: Sequence[Mapping[str, Any]]) -> Block:
    rows: list[list[kit.Cell]] = [
        [str(line["name"]), kit.number(cents(line["nanos"]), dollars(line["nanos"])), _signed(line)] for line in lines
    ]
    return kit.table("AI spend by team, against an average day of the week before", ["Team", "Spent", "Change"], rows)


def _signed(line: Mapping[str, Any]) -> kit.Cell:
    """A trend as a figure of a column: `+25 %`."""
    if line["trend"] is None:
        return "\u2013"
    change = round(Fraction(line["trend"]), 2)  # a cell's value is as readable as its text, so it says no more
    sign = "+" if change > 0 else "\u2212" if change else ""
    return kit.number(float(change), f"{sign}{share(abs(change))}")


def _chart(points: Sequence[Mapping[str, Any]]) -> Block:
    names = [day_and_month(date.fromisoformat(point["day"])) for point in points]
    values = [max(0.0, cents(point["nanos"])) for point in points]
    return kit.chart("The company's AI spend by day (UTC)", names, [Series("Dollars", values)], y="US dollars")
