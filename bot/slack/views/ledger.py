"""`/tokens`: what is left, how it went, and why it is that number."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.slack import format as fmt
from bot.slack.views import kit
from bot.slack.views.kit import Block, Rendered, Series

_LIVE_SECONDS = 15 * 60
_LINES_A_SECTION = 12
_LONGEST_LINE = 200
_SECTIONS = 8
_SOURCES = {"litellm": "LiteLLM", "file": "imported files"}
_AT_ZERO = {
    "notify": "Nothing is blocked at $0.",
    "soft": "At $0 new calls are refused.",
    "hard": "At $0 new calls are refused, counting what running calls may still cost.",
}
HELP = (
    ("/tokens", "what is left, and until when"),
    ("/tokens history", "the last 14 days"),
    ("/tokens why", "every grant and use behind the number"),
    ("/tokens help", "this list"),
    ("/topup 500 finish the migration", "ask for $500 more"),
    ("/topup", "the same with a form"),
)

Date = Callable[[datetime, tzinfo], str]


def balance(visible: Visible) -> Rendered:
    """What is left of this period's budget, for the person whose it is."""
    lines = balance_lines(visible, fmt.slack_moment)
    blocks = [kit.section("\n".join(lines)), kit.context(as_of(visible, fmt.slack_moment)), _buttons()]
    text = [*balance_lines(visible, fmt.moment), as_of(visible, fmt.moment)]
    return Rendered("\n".join(text), blocks)


def balance_lines(visible: Visible, when: Date) -> list[str]:
    """The balance in lines; `when` writes an instant, for blocks or for plain text."""
    lines = [headline(visible), _sums(visible), _course(visible, when), _driver(visible), waiting(visible, when)]
    return [line for line in [*lines, _at_zero(visible), unpriced(visible)] if line]


def headline(visible: Visible) -> str:
    """What is left, in dollars and tokens; what is overspent; or why there is nothing."""
    budget, name = visible[Fact.BUDGET], period_name(visible)
    if not budget["has_allotment"] and not budget["granted"]:
        return f"*You have no AI budget for {name}.* {no_budget_reason(budget)}"
    left = int(budget["available"])
    if left < 0:
        return f"*{fmt.dollars(left)} left for {name}* · {fmt.dollars(-left)} more is spent than was granted"
    tokens = budget["tokens_left"]
    mix = "" if tokens is None else f" · {fmt.tokens(int(tokens))} at {_mix(str(budget['mix_from']))}"
    return f"*{fmt.dollars(left)} left for {name}*{mix}"


def no_budget_reason(budget: Mapping[str, Any]) -> str:
    """Why nothing was granted."""
    if budget["no_rate_currency"]:
        currency = fmt.escape(str(budget["no_rate_currency"]))
        return f"Your pay is in {currency}, and finance has imported no exchange rate for it yet."
    return "Policy gives you none: it finds no base salary, pay band or fixed sum for you in this period."


def _mix(mix_from: str) -> str:
    return {"you": "your 30-day mix"}.get(mix_from, f"{mix_from}'s 30-day mix")


def _sums(visible: Visible) -> str:
    budget = visible[Fact.BUDGET]
    granted = f"Granted {fmt.dollars(int(budget['granted']))}"
    if budget["top_ups"]:
        allotment, top_ups = fmt.dollars(int(budget["allotment"])), fmt.dollars(int(budget["top_ups"]))
        granted += f" (allotment {allotment} + top-ups {top_ups})"
    parts = [granted, f"spent {fmt.dollars(int(visible[Fact.SPEND]['spent']))}"]
    if budget["carried_in"]:
        parts.append(f"carried in {fmt.dollars(int(budget['carried_in']))}")
    if budget["expired"]:
        parts.append(f"expired {fmt.dollars(int(budget['expired']))}")
    return " · ".join(parts)


def _course(visible: Visible, when: Date) -> str:
    # Slack writes dates in the reader's zone; plain text can only where the roster tells the zone.
    whose = "your time" if when is fmt.slack_moment or visible[Fact.PERIOD]["zone"] else "UTC"
    ends = f"{period_name(visible)} ends {when(instant(visible[Fact.PERIOD]['end']), zone(visible))} {whose}"
    run_out = visible[Fact.BUDGET]["run_out"]
    if not run_out or int(visible[Fact.BUDGET]["available"]) <= 0:
        return ends
    return f"Runs out about *{fmt.day(date.fromisoformat(run_out['on']))}*{_range(run_out)} · {ends}"


def _range(run_out: Mapping[str, str]) -> str:
    earliest, latest = date.fromisoformat(run_out["earliest"]), date.fromisoformat(run_out["latest"])
    if earliest == latest:
        return ""
    if (earliest.year, earliest.month) == (latest.year, latest.month):
        return f" ({earliest.day}\u2013{latest.day})"
    return f" ({fmt.day_and_month(earliest)}\u2013{fmt.day_and_month(latest)})"


def _driver(visible: Visible) -> str:
    driver = visible[Fact.SPEND]["driver"]
    if not driver:
        return ""
    of_all = fmt.share(float(driver["share"]))
    name = fmt.code(kit.clip(str(driver["name"]), 80))
    return f"Biggest driver: {name} {fmt.dollars(int(driver['nanos']))} ({of_all} of your spend)"


def waiting(visible: Visible, when: Date) -> str:
    """The request that waits for a decision, and with whom."""
    if Fact.REQUESTED not in visible:
        return ""
    asked = visible[Fact.REQUESTED]
    since = when(instant(asked["since"]), zone(visible))
    return f"Waiting: {fmt.amount(int(asked['amount']))}, with {fmt.escape(str(asked['approver']))} since {since}"


def _at_zero(visible: Visible) -> str:
    budget = visible[Fact.BUDGET]
    blocked = _AT_ZERO.get(str(budget["mode"]), "")
    if not budget["granted"]:
        return blocked
    return f"{blocked} Unspent budget ends with {period_name(visible)}.".strip()


def unpriced(visible: Visible) -> str:
    """Usage whose cost is not known yet: it is not in the figures, and it is not free."""
    count = int(visible[Fact.SPEND]["unpriced_events"])
    if not count:
        return ""
    calls = "1 call has" if count == 1 else f"{count:,} calls have"
    return f":warning: {calls} no known price yet and will be added when there is one."


def as_of(visible: Visible, when: Date) -> str:
    """How complete the figures are."""
    now = instant(visible[Fact.PERIOD]["now"])
    parts = [f"As of {when(now, zone(visible))}"]
    for source in visible[Fact.COMPLETENESS].get("sources", [])[:5]:
        name = fmt.escape(_SOURCES.get(source["name"], str(source["name"]).replace("_", " ")))
        complete_to = instant(source["complete_to"])
        live = abs((now - complete_to).total_seconds()) <= _LIVE_SECONDS
        parts.append(f"{name} live" if live else f"{name} to {when(complete_to, zone(visible))}")
    if len(parts) == 1:
        parts.append("no usage has been reported yet")
    return f"_{' · '.join(parts)}_"


def _buttons() -> Block:
    return kit.actions(
        kit.button("Request a top-up", "tokens.request", style="primary"),
        kit.button("History", "tokens.history"),
        kit.button("Why this number?", "tokens.why"),
    )


def history(visible: Visible) -> Rendered:
    """The last 14 days as a native chart, with the same in words for whoever cannot see it."""
    days = [(date.fromisoformat(day["on"]), int(day["nanos"])) for day in visible[Fact.SPEND]["days"]]
    total = sum(nanos for _on, nanos in days)
    if not any(nanos for _on, nanos in days):
        return Rendered(text := "No usage of yours has been reported in the last 14 days.", [kit.section(text)])
    highest_on, highest = max(days, key=lambda one: one[1])
    text = (
        f"*{fmt.dollars(total)} in the last {len(days)} days* · {fmt.dollars(total // len(days))} a day on average"
        f" · most on {fmt.day(highest_on)}: {fmt.dollars(highest)}"
    )
    drawn = kit.chart(
        f"Your AI spend, last {len(days)} days",
        [fmt.day_and_month(on) for on, _nanos in days],
        [Series("Dollars a day", [round(nanos / 1e9, 2) for _on, nanos in days])],
        y="US dollars",
    )
    listed = " · ".join(f"{fmt.day_and_month(on)} {fmt.dollars(nanos)}" for on, nanos in days if nanos)
    blocks = [kit.section(text), drawn, kit.context(listed), kit.context(as_of(visible, fmt.slack_moment))]
    return Rendered(f"{text}\n{listed}\n{as_of(visible, fmt.moment)}", blocks)


def why(visible: Visible) -> Rendered:
    """Every movement behind the balance, in burn order, and the sum that they make."""
    entries = visible[Fact.BUDGET]["entries"]
    title = f"*Why {fmt.dollars(int(visible[Fact.BUDGET]['available']))} is left for {period_name(visible)}*"
    shown = entries[: _LINES_A_SECTION * _SECTIONS]
    lines = [kit.clip(entry_line(entry), _LONGEST_LINE) for entry in shown]
    if len(entries) > len(shown):
        lines.append(f"… and {len(entries) - len(shown)} more")
    blocks = [kit.section(title), *_sections(lines), kit.context(as_of(visible, fmt.slack_moment))]
    return Rendered("\n".join([title, *lines, as_of(visible, fmt.moment)]), blocks)


def entry_line(entry: Mapping[str, Any]) -> str:
    """One movement: sign, amount, what it is, and when."""
    nanos = int(entry["nanos"])
    sign = "+" if nanos >= 0 else "\u2212"
    on = fmt.day(date.fromisoformat(entry["on"]))
    left = "" if entry.get("left") is None else f" · {fmt.dollars(int(entry['left']))} of it left"
    return f"{on} · {sign}{fmt.dollars(abs(nanos))} · {fmt.escape(str(entry['what']))}{left}"


def _sections(lines: Sequence[str]) -> list[Block]:
    groups = [lines[start : start + _LINES_A_SECTION] for start in range(0, len(lines), _LINES_A_SECTION)]
    return [kit.section("\n".join(group)) for group in groups] or [kit.section("There is nothing yet.")]


def help_(unknown: str | None = None, nearest: str | None = None) -> Rendered:
    """The words that `/tokens` knows; for an unknown one, the nearest."""
    lines = [f"`{command}` {what}" for command, what in HELP]
    first = ""
    if unknown is not None:
        hint = f" Did you mean `/tokens {nearest}`?" if nearest else ""
        first = f"I do not know {fmt.code(kit.clip(unknown, 40))}.{hint}\n"
    text = first + "\n".join(lines)
    return Rendered(text, [kit.section(text)])


def period_name(visible: Visible) -> str:
    """`July`."""
    return fmt.period_name(str(visible[Fact.PERIOD]["label"]))


def zone(visible: Visible) -> tzinfo:
    """The reader's zone."""
    return fmt.zone_or_utc(visible[Fact.PERIOD].get("zone"))


def instant(text: str) -> datetime:
    """An instant of the facts."""
    return datetime.fromisoformat(text).astimezone(UTC)
