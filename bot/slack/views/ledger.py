"""`/tokens`: what is left, how it went, and why it is that number."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.slack import format as fmt
from bot.slack.format import Date
from bot.slack.views import kit, mark
from bot.slack.views.kit import Block, Rendered, Series

_LIVE_SECONDS = 15 * 60
_LONGEST_LINE = 200
_MOST_ENTRIES = 100
_FILES = "file"  # a source that is never live: it has what was in the last file
_SOURCES = {"litellm": "LiteLLM", _FILES: "imported files"}
_AT_ZERO = {
    "notify": "Nothing is blocked at $0.",
    "soft": "At $0 new calls are refused.",
    "hard": "At $0 new calls are refused, counting what running calls may still cost.",
}
HELP = (
    ("/tokens", "what is left, and until when"),
    ("/tokens history", "your last 14 days"),
    ("/tokens why", "every grant and use behind the number"),
    ("/tokens delegate @grace until friday", "let somebody decide top-ups for you; `off` ends it"),
    ("/tokens help", "this list"),
    ("/topup 500 finish the migration", "ask for $500 more"),
    ("/topup", "the same with a form"),
)


def balance(visible: Visible) -> Rendered:
    """What is left of this period's budget, for the person whose it is."""
    lines = [headline(visible), *balance_lines(visible, fmt.slack_moment)]
    blocks = [kit.section("\n".join(lines)), kit.context(f"_{as_of(visible, fmt.slack_moment)}_"), _buttons()]
    said = [headline(visible), *balance_lines(visible, fmt.moment), as_of(visible, fmt.moment)]
    return Rendered(kit.spoken(*said), blocks)


def balance_lines(visible: Visible, when: Date, *, waits: bool = True) -> list[str]:
    """What stands below the headline; `waits` leaves out the request that waits, where that has a place of its own."""
    lines = [_sums(visible), _course(visible, when), _driver(visible), waiting(visible, when) if waits else ""]
    return [line for line in [*lines, _at_zero(visible), unpriced(visible)] if line]


def headline(visible: Visible) -> str:
    """What is left, in dollars and tokens; what is overspent; or why there is nothing."""
    explained = explanation(visible)
    return f"*{title(visible)}*{f' · {explained}' if explained else ''}"


def title(visible: Visible) -> str:
    """What is left, in a few words without formatting."""
    budget, name = visible[Fact.BUDGET], period_name(visible)
    if not budget["has_allotment"] and not budget["granted"]:
        return f"You have no AI budget for {name}"
    return f"{fmt.dollars(int(budget['available']))} left for {name}"


def explanation(visible: Visible) -> str:
    """What the title comes to: tokens, overspending, or why there is no budget. It may be empty."""
    budget = visible[Fact.BUDGET]
    left, tokens = int(budget["available"]), budget["tokens_left"]
    if not budget["has_allotment"] and not budget["granted"]:
        return no_budget_reason(budget)
    if left < 0:
        return f"{fmt.dollars(-left)} more is spent than was granted"
    return "" if tokens is None else f"{fmt.tokens(int(tokens))} at {_mix(str(budget['mix_from']))}"


def no_budget_reason(budget: Mapping[str, Any]) -> str:
    """Why nothing was granted."""
    if budget["no_rate_currency"]:
        currency = fmt.escape(str(budget["no_rate_currency"]))
        return f"your pay is in {currency}, and finance has imported no exchange rate for it yet"
    return "policy finds no base salary, pay band or fixed sum for you in this period"


def _mix(mix_from: str) -> str:
    return {"you": "your 30-day mix"}.get(mix_from, f"{mix_from}'s 30-day mix")


def _sums(visible: Visible) -> str:
    budget, spent = visible[Fact.BUDGET], fmt.dollars(int(visible[Fact.SPEND]["spent"]))
    if not budget["granted"] and not budget["carried_in"]:
        return f"Spent {spent}" if visible[Fact.SPEND]["spent"] else ""
    granted = f"Granted {fmt.dollars(int(budget['granted']))}"
    if budget["top_ups"]:
        allotment, top_ups = fmt.dollars(int(budget["allotment"])), fmt.dollars(int(budget["top_ups"]))
        granted += f" (allotment {allotment} + top-ups {top_ups})"
    parts = [granted, f"spent {spent}"]
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
        return f"{blocked} `/topup` asks for a budget.".strip()
    ends = f"Unspent budget ends with {period_name(visible)}." if int(budget["available"]) > 0 else ""
    return f"{blocked} {ends}".strip()


def unpriced(visible: Visible) -> str:
    """Usage whose cost is not known yet: it is not in the figures, and it is not free."""
    count = int(visible[Fact.SPEND]["unpriced_events"])
    if not count:
        return ""
    calls = "1 call has" if count == 1 else f"{fmt.count(count)} calls have"
    return f"{mark.INCOMPLETE} {calls} no known price yet. What they cost is added when there is one."


def as_of(visible: Visible, when: Date) -> str:
    """How complete the figures are."""
    now = instant(visible[Fact.PERIOD]["now"])
    parts = [f"As of {when(now, zone(visible))}"]
    for source in visible[Fact.COMPLETENESS].get("sources", [])[:5]:
        name = fmt.escape(_SOURCES.get(source["name"], str(source["name"]).replace("_", " ")))
        complete_to = instant(source["complete_to"])
        recent = abs((now - complete_to).total_seconds()) <= _LIVE_SECONDS
        live = recent and source["name"] != _FILES
        parts.append(f"{name} live" if live else f"{name} to {when(complete_to, zone(visible))}")
    if len(parts) == 1:
        parts.append("no usage has been reported yet")
    return " · ".join(parts)


def _buttons() -> Block:
    return kit.actions(
        kit.button("Request a top-up", "tokens.request", style="primary"),
        kit.button("History", "tokens.history"),
        kit.button("Why this number?", "tokens.why"),
    )


def history(visible: Visible) -> Rendered:
    """The last 14 days as a native chart, with the same in words for whoever cannot see it."""
    days = [(date.fromisoformat(day["on"]), int(day["nanos"])) for day in visible[Fact.SPEND]["days"]]
    if not any(nanos for _on, nanos in days):
        text = f"No usage of yours has been reported in the last {len(days)} days."
        return Rendered(text, [kit.section(text), kit.context(f"_{as_of(visible, fmt.slack_moment)}_")])
    drawn = kit.chart(
        "Your AI spend by day (UTC)",
        [fmt.day_and_month(on) for on, _nanos in days],
        [Series("Dollars", [fmt.cents(nanos) for _on, nanos in days])],
        y="US dollars",
    )
    said = _summary(days)
    listed = ", ".join(f"{fmt.day_and_month(on)} {fmt.dollars(nanos)}" for on, nanos in days if nanos)
    blocks = [kit.section(said), drawn, kit.context(f"_{as_of(visible, fmt.slack_moment)}_")]
    return Rendered(kit.spoken(said, listed, as_of(visible, fmt.moment)), blocks)


def _summary(days: list[tuple[date, int]]) -> str:
    total = sum(nanos for _on, nanos in days)
    highest_on, highest = max(days, key=lambda one: one[1])
    return (
        f"*{fmt.dollars(total)} in the last {len(days)} days* · {fmt.dollars(total // len(days))} a day on average"
        f" · most on {fmt.day(highest_on)}: {fmt.dollars(highest)}"
    )


def why(visible: Visible) -> Rendered:
    """Every movement behind the balance, in burn order, and the sum that they make."""
    entries = visible[Fact.BUDGET]["entries"]
    title = f"*Why {fmt.dollars(int(visible[Fact.BUDGET]['available']))} is left for {period_name(visible)}*"
    shown = entries[:_MOST_ENTRIES]
    more = f"{fmt.count(len(entries) - len(shown))} more are not shown" if len(entries) > len(shown) else ""
    small = " · ".join(part for part in (more, as_of(visible, fmt.slack_moment)) if part)
    table = [entries_table(visible, _MOST_ENTRIES)] if entries else [kit.section(_NO_ENTRIES)]
    lines = [kit.clip(entry_line(entry), _LONGEST_LINE) for entry in shown] or [_NO_ENTRIES]
    return Rendered(
        kit.spoken(title, *lines, more, as_of(visible, fmt.moment)),
        [kit.section(title), *table, kit.context(f"_{small}_")],
    )


_NO_ENTRIES = "Nothing was granted or used yet."


def entries_table(visible: Visible, most: int, caption: str = "Grants and use") -> Block:
    """The movements as a table."""
    rows = [_entry_row(entry) for entry in visible[Fact.BUDGET]["entries"][:most]]
    return kit.table(caption, ["When", "What", "Amount"], rows, page_size=15)


def _entry_row(entry: Mapping[str, Any]) -> list[kit.Cell]:
    nanos = int(entry["nanos"])
    return [_day(date.fromisoformat(entry["on"])), f"{entry['what']}{_still_left(entry)}", _figure(nanos)]


def _day(on: date) -> str:
    """A day that a narrow column does not break."""
    return fmt.day(on).replace(" ", "\u00a0")


def _figure(nanos: int) -> Block:
    return kit.number(fmt.cents(nanos), fmt.dollars(nanos))


def entry_line(entry: Mapping[str, Any]) -> str:
    """One movement: sign, amount, what it is, and when."""
    nanos = int(entry["nanos"])
    sign = "+" if nanos >= 0 else "\u2212"
    on = fmt.day(date.fromisoformat(entry["on"]))
    return f"{on} · {sign}{fmt.dollars(abs(nanos))} · {fmt.escape(str(entry['what']))}{_still_left(entry)}"


def _still_left(entry: Mapping[str, Any]) -> str:
    return "" if entry.get("left") is None else f" · {fmt.dollars(int(entry['left']))} of it left"


def days_table(visible: Visible) -> Block | None:
    """The days on which something was spent, newest first; None when there is none."""
    days = visible[Fact.SPEND].get("days") or []
    spent = [(date.fromisoformat(day["on"]), int(day["nanos"])) for day in reversed(days) if int(day["nanos"])]
    if not spent:
        return None
    rows: list[list[kit.Cell]] = [[_day(on), _figure(nanos)] for on, nanos in spent]
    return kit.table(f"Your AI spend, last {len(days)} days (UTC)", ["Day", "Spent"], rows, page_size=14)


def help_(unknown: str | None = None, nearest: str | None = None) -> Rendered:
    """What can be typed; for an unknown word the nearest that is known."""
    if unknown is not None:
        hint = f" Did you mean `/tokens {nearest}`?" if nearest else ""
        text = f"I do not know {fmt.code(kit.clip(unknown, 40))}.{hint} `/tokens help` lists all that I answer."
        return Rendered(text, [kit.section(text)])
    lines = ["*What you can type, in any channel*", *[f"`{command}` · {what}" for command, what in HELP]]
    small = "Only you see the answers. Requests are decided in their threads: reply `approve` or `deny` there."
    return Rendered(kit.spoken(*lines, small), [kit.section("\n".join(lines)), kit.context(small)])


def period_name(visible: Visible) -> str:
    """`July`."""
    return fmt.period_name(str(visible[Fact.PERIOD]["label"]))


def zone(visible: Visible) -> tzinfo:
    """The reader's zone."""
    return fmt.zone_or_utc(visible[Fact.PERIOD].get("zone"))


def instant(text: str) -> datetime:
    """An instant of the facts."""
    return datetime.fromisoformat(text).astimezone(UTC)
