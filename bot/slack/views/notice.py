"""Notices: what the person, finance and a channel are told when spend reaches a line."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.slack.format import (
    Date,
    date_at,
    dollars,
    escape,
    mention,
    people,
    period_name,
    share,
    slack_date,
    zone_or_utc,
)
from bot.slack.views import kit, mark
from bot.slack.views.kit import Block, Rendered

_ABOVE = 2


def budget(visible: Visible) -> Rendered:
    """To the person: spend has reached a line of their budget."""
    period, facts = _period(visible), visible[Fact.BUDGET]
    line, spent, total = Fraction(facts["line"]), facts["spent_nanos"], facts["budget_nanos"]
    left = total - spent
    lead = f"Your {period} budget is spent" if left <= 0 else f"You have spent {share(line)} of your {period} budget"
    rest = f"{dollars(left)} left" if left >= 0 else f"{dollars(-left)} over"
    figures = f"{dollars(spent)} of {dollars(total)} · {rest}."
    return Rendered(
        kit.spoken(f"{lead}: {figures}", _if_nothing(visible, left, date_at), "`/topup` asks for more."),
        [
            kit.section(f"*{lead}*\n{figures}"),
            kit.section(_if_nothing(visible, left, slack_date)),
            _budget_buttons(),
            kit.context("Only you got this."),
        ],
    )


def _if_nothing(visible: Visible, left: int, when: Date) -> str:
    """What happens when the person does nothing, and when what is left ends."""
    blocked = _at_zero(visible[Fact.BUDGET]["enforcement"], spent=left <= 0)
    return blocked if left <= 0 else f"{blocked} What is left ends with {_period(visible)}, {_end(visible, when)}."


def _at_zero(mode: str, *, spent: bool) -> str:
    where = "" if spent else " at $0"
    if mode == "notify":
        return f"If you do nothing, nothing is blocked{where}."
    return f"If you do nothing, calls are refused{where} wherever your company's gateway enforces the budget."


def _budget_buttons() -> Block:
    return kit.actions(
        kit.button("Request a top-up", "tokens.request", style="primary"),
        kit.button("Why this number?", "tokens.why"),
    )


def salary(visible: Visible) -> Rendered:
    """To the person: their spend is near or above their salary of the period."""
    facts = visible[Fact.PAY]
    lead = f"Your AI spend is {_band(facts)} for {_period(visible)}"
    told = "Finance got the same figures." if facts["finance_told"] else "Nobody else got these figures."
    others = _others(facts, told)
    return _salary(lead, facts, others, "your")


def salary_finance(visible: Visible) -> Rendered:
    """To a finance person: somebody's spend is near or above their salary of the period."""
    facts, who = visible[Fact.PAY], visible[Fact.NAME]
    # The whole line is bold, and a name in bold inside it would end that.
    name = mention(who).strip("*")
    lead = f"The AI spend of {name} is {_band(facts, 'their')} for {_period(visible)}"
    told = "They got the same figures." if facts["person_told"] else "They have left and were not told."
    return _salary(lead, facts, _others(facts, told), "their")


def _salary(lead: str, facts: Mapping[str, Any], others: str, whose: str) -> Rendered:
    spent, earned = facts["spent_nanos"], facts["salary_nanos"]
    figures = (
        f"{dollars(spent)} of AI spend beside {dollars(earned)} of base salary for the whole period"
        f" ({share(Fraction(spent, earned), 1)})."
    )
    nothing = f"If nothing is done, nothing is blocked, and {whose} pay does not change."
    return Rendered(
        kit.spoken(lead, figures, nothing, others),
        [kit.section(f"*{lead}*\n{figures}\n{nothing}"), kit.context(others)],
    )


def _band(facts: Mapping[str, Any], whose: str = "your") -> str:
    step = facts["step"]
    if step < _ABOVE:
        return f"near {whose} salary ({share(Fraction(facts['near']))} or more)"
    return f"above {whose} salary" if step == _ABOVE else f"above {share(Fraction(step, 2))} of {whose} salary"


def _others(facts: Mapping[str, Any], told: str) -> str:
    """Who else got it. Steps above the salary stay between the person and finance."""
    channel = {
        "counts": "The alerts channel gets a count of people, without names or figures.",
        "names": "The alerts channel gets the name and the band, without figures.",
        "off": "No channel is told.",
    }[facts["channel"]]
    return f"{told} {channel if facts['step'] <= _ABOVE else 'No channel is told of this step.'}"


def sweep(visible: Visible) -> Rendered:
    """To the alerts channel: how many people are near or above their salary, or who, and never a figure."""
    said = _sentence(visible)
    small = "If nothing is done, nothing is blocked. When the number changes, so does this message, at most once a day."
    return Rendered(kit.spoken(said, small), [kit.section(said), kit.context(small)])


def sweep_worse(visible: Visible) -> Rendered:
    """In the thread of that message: it has become more."""
    said = f"The number has grown. {_sentence(visible)}"
    return Rendered(kit.spoken(said), [kit.section(said)])


def _sentence(visible: Visible) -> str:
    period = _period(visible)
    named = Fact.SALARY_BANDS in visible
    facts = visible[Fact.SALARY_BANDS if named else Fact.SALARY_COUNTS]
    near, above = facts["near"], facts["above"]
    if named:
        near, above = _with_more(near, facts.get("near_more", 0)), _with_more(above, facts.get("above_more", 0))
    if not near and not above:
        return f"*{period}*: nobody's AI spend is near or above their salary any more."
    told = "They and finance know." if facts["finance_told"] else "They know."
    counted = _names(near, above) if named else _counts(near, above)
    return f"*{period}*: {counted}. {told}"


def _counts(near: int, above: int) -> str:
    who = "person" if (near or above) == 1 else "people"
    if not near:
        return f"{above} {who} with AI spend above salary"
    return f"{near} {who} with AI spend near salary" + (f", {above} above" if above else "")


def _with_more(names: Sequence[str], more: int) -> list[str]:
    """The names, and how many people there are whose policy does not let them be named."""
    if not more:
        return list(names)
    return [*names, f"{more} more" if names else f"{more} {'person' if more == 1 else 'people'}"]


def _names(near: Sequence[str], above: Sequence[str]) -> str:
    bands = [("near", near), ("above", above)]
    said = [f"{band} salary for {people([escape(name) for name in names])}" for band, names in bands if names]
    return f"AI spend is {', and '.join(said)}"


def no_rate(visible: Visible) -> Rendered:
    """To a finance person: why people paid in a currency get no salary notice."""
    facts, period = visible[Fact.COMPLETENESS], _period(visible)
    currency = escape(str(facts["currency"]))
    lead = f"No salary notices for people paid in {currency} in {period}"
    because = (
        f"There is no rate for {currency} from the {facts['days']} days before {period} began, so pay in it cannot be"
        " compared with spend."
    )
    cure = "Whoever runs me imports one with `python -m bot import rates FILE`."
    nothing = "If nothing is done, neither these people nor you are told when their AI spend nears their salary."
    told = "Every finance person got this."
    return Rendered(
        kit.spoken(lead, because, cure, nothing, told),
        [kit.section(f"{mark.INCOMPLETE} *{lead}*\n{because}\n{cure} {nothing}"), kit.context(told)],
    )


def _period(visible: Visible) -> str:
    facts = visible[Fact.PERIOD]
    return period_name(facts["label"], date.fromisoformat(facts["first_on"]))


def _end(visible: Visible, when: Date) -> str:
    return when(datetime.fromisoformat(visible[Fact.PERIOD]["end"]), zone_or_utc(None))
