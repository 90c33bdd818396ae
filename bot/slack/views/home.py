"""The App Home: what `/tokens` says, with tables where messages have charts."""

from bot.rules.audience import Fact, Visible
from bot.slack import format as fmt
from bot.slack.views import kit, ledger, top_up
from bot.slack.views.kit import Block

_ENTRIES = 50  # a view holds at most 10,000 characters of tables by the stricter of two documented limits


def home(visible: Visible) -> Block:
    """The whole tab."""
    explained = ledger.explanation(visible)
    lines = [f"{explained[:1].upper()}{explained[1:]}", *ledger.balance_lines(visible, fmt.slack_moment, waits=False)]
    blocks = [
        kit.header(ledger.title(visible)),
        kit.section("\n".join(line for line in lines if line)),
        kit.context(f"_{ledger.as_of(visible, fmt.slack_moment)}_"),
        *_pending(visible),
        kit.actions(kit.button("Request a top-up", "tokens.request", style="primary")),
        *_tables(visible),
        kit.context("`/tokens` and `/topup` work in every channel. Only you see what they answer."),
    ]
    return kit.home(blocks)


def _pending(visible: Visible) -> list[Block]:
    if Fact.REQUESTED not in visible or not visible[Fact.REQUESTED].get("top_up_id"):
        return []
    withdraw = top_up.withdraw_button("home.withdraw", str(visible[Fact.REQUESTED]["top_up_id"]))
    return [kit.section(ledger.waiting(visible, fmt.slack_moment), accessory=withdraw)]


def _tables(visible: Visible) -> list[Block]:
    left = fmt.dollars(int(visible[Fact.BUDGET]["available"]))
    entries = visible[Fact.BUDGET].get("entries") or []
    found = [
        ledger.days_table(visible),
        ledger.entries_table(visible, _ENTRIES, f"Why {left} is left") if entries else None,
    ]
    return [block for table in found if table is not None for block in (kit.divider(), table)]
