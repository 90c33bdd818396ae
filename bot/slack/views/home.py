"""The App Home: what `/tokens` says, with tables where messages have charts."""

from datetime import date

from bot.rules.audience import Fact, Visible
from bot.slack import format as fmt
from bot.slack.views import kit, ledger
from bot.slack.views.kit import Block

_ENTRIES = 50  # a view holds at most 10,000 characters of tables by the stricter of two documented limits


def home(visible: Visible) -> Block:
    """The whole tab."""
    blocks = [
        kit.header(f"Your AI budget for {ledger.period_name(visible)}"),
        kit.section("\n".join(ledger.balance_lines(visible, fmt.slack_moment))),
        kit.context(ledger.as_of(visible, fmt.slack_moment)),
        kit.actions(kit.button("Request a top-up", "tokens.request", style="primary")),
        *_pending(visible),
        *_days(visible),
        *_entries(visible),
        kit.context("`/tokens` and `/topup` work in every channel. Only you see what they answer."),
    ]
    return kit.home(blocks)


def _pending(visible: Visible) -> list[Block]:
    if Fact.REQUESTED not in visible or not visible[Fact.REQUESTED].get("top_up_id"):
        return []
    question = kit.confirm("Withdraw the request?", "Nobody can decide it any more. You can ask again.", "Withdraw")
    withdraw = kit.button(
        "Withdraw", "home.withdraw", value=str(visible[Fact.REQUESTED]["top_up_id"]), style="danger", confirm=question
    )
    return [kit.divider(), kit.section(ledger.waiting(visible, fmt.slack_moment), accessory=withdraw)]


def _days(visible: Visible) -> list[Block]:
    days = visible[Fact.SPEND].get("days") or []
    rows = [
        [fmt.day(date.fromisoformat(day["on"])), fmt.dollars(int(day["nanos"]))]
        for day in reversed(days)
        if int(day["nanos"])
    ]
    if not rows:
        return []
    caption = f"Your AI spend, last {len(days)} days"
    return [kit.divider(), kit.section(f"*{caption}*"), kit.table(caption, ["Day", "Spent"], rows, page_size=14)]


def _entries(visible: Visible) -> list[Block]:
    entries = visible[Fact.BUDGET].get("entries") or []
    rows = [
        [fmt.day(date.fromisoformat(one["on"])), str(one["what"]), fmt.dollars(int(one["nanos"]))]
        for one in entries[:_ENTRIES]
    ]
    if not rows:
        return []
    caption = f"Why {fmt.dollars(int(visible[Fact.BUDGET]['available']))} is left"
    table = kit.table(caption, ["When", "What", "Amount"], rows)
    return [kit.divider(), kit.section(f"*{caption}*"), table]
