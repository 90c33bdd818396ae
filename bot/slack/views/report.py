"""The daily digest: text, and a native chart beside it."""

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.slack.format import code, day, day_and_month, dollars, escape, share
from bot.slack.views import kit
from bot.slack.views.kit import Block, Rendered, Series

_NANOS = 1_000_000_000
_FEWEST_POINTS = 2


def digest(visible: Visible) -> Rendered:
    """To the alerts channel: spend and trend, models, cache, and what is nobody's or has no price."""
    facts = visible[Fact.COMPANY_SPEND]
    on = day(date.fromisoformat(facts["day"]))
    lead = f"AI spend on {on}"
    lines = _lines(facts)
    blocks = [kit.section(f"*{lead}* (UTC)"), *[kit.section("\n".join(part)) for part in lines if part]]
    if len(facts["chart"]) >= _FEWEST_POINTS:
        blocks.append(_chart(facts["chart"]))
    blocks.append(kit.context(_LEFT_OUT))
    spoken = " ".join(line.replace("\n", " ") for part in lines for line in part)
    return Rendered(f"{lead} (UTC): {spoken}", blocks)


_LEFT_OUT = (
    "Lines in which fewer than five people spent, or one of them over half, are left out. Late usage is added to its"
    " own day. Nothing needs to be done."
)


def _lines(facts: Mapping[str, Any]) -> list[list[str]]:
    if not facts["any"]:
        return [["No usage was recorded for that day.", *_loose_ends(facts)]]
    company = facts["company"]
    if company is None:
        head = ["Too few people spent, or one of them too much of it, for the company's figure to be shown here."]
    else:
        head = [f"Company: *{dollars(company['nanos'])}*{_trend(company)}."]
    if facts["cache"] is not None:
        head.append(f"{share(Fraction(facts['cache']))} of input tokens came from a cache.")
    return [
        head,
        [f"Team {escape(line['name'])}: {dollars(line['nanos'])}{_trend(line)}." for line in facts["teams"]],
        _models(facts["models"]),
        _loose_ends(facts),
    ]


def _models(models: Sequence[Mapping[str, Any]]) -> list[str]:
    if not models:
        return []
    named = [f"{code(line['name'])} {dollars(line['nanos'])}" for line in models]
    return [f"Top models: {', '.join(named)}."]


def _loose_ends(facts: Mapping[str, Any]) -> list[str]:
    found = []
    if facts["unattributed_nanos"]:
        found.append(f"Unattributed, leading to nobody yet: {dollars(facts['unattributed_nanos'])}.")
    if facts["unpriced_events"]:
        calls = "call" if facts["unpriced_events"] == 1 else "calls"
        found.append(f"Unpriced: {facts['unpriced_events']:,} {calls} of models without a known price.")
    return found


def _trend(line: Mapping[str, Any]) -> str:
    if line["trend"] is None:
        return ""
    change = Fraction(line["trend"])
    if abs(change) * 200 < 1:
        return ", as on the days before"
    word = "more" if change > 0 else "less"
    return f", {share(abs(change))} {word} than the daily mean of the week before"


def _chart(points: Sequence[Mapping[str, Any]]) -> Block:
    names = [day_and_month(date.fromisoformat(point["day"])) for point in points]
    values = [max(0.0, round(point["nanos"] / _NANOS, 2)) for point in points]
    return kit.chart("AI spend of the company", names, [Series("Dollars", values)], x="Day (UTC)", y="Dollars")
