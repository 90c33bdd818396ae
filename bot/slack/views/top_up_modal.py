"""The forms of a request: asking, another amount, denying, and the details for whoever decides."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.rules.top_up import REASON_MAX
from bot.slack import format as fmt
from bot.slack.views import kit
from bot.slack.views.kit import Block
from bot.slack.views.top_up import confirm_sentence

AMOUNT, REASON, UNTIL, NOTE = "amount", "reason", "until", "note"
"""The fields' block ids, which are also their action ids."""

_HOW_MUCH = "Dollars like 500, tokens like 20M tokens, or a share of your allotment like 10%."
_WHAT_FOR = "Whoever decides reads this, and so does everybody in the approvals channel."
_STATUS_WORDS = {"period_ended": "period ended"}


def ask(visible: Visible, *, amount: str | None = None, reason: str | None = None) -> Block:
    """The form for a new request, with the forecast above it. For the person only: it shows their balance."""
    amount_field = kit.text_input(AMOUNT, initial=amount or _suggestion(visible), placeholder="500", max_length=50)
    reason_field = kit.text_input(
        REASON, initial=reason, placeholder="finish the migration", multiline=True, max_length=REASON_MAX
    )
    blocks = [
        kit.section(_forecast(visible)),
        kit.input("How much more?", amount_field, block_id=AMOUNT, hint=_HOW_MUCH),
        kit.input("What for?", reason_field, block_id=REASON, hint=_WHAT_FOR),
    ]
    return kit.modal("top_up.ask", "Request a top-up", blocks, submit="Ask", close="Cancel")


def _suggestion(visible: Visible) -> str | None:
    enough = visible[Fact.BUDGET].get("enough")
    return f"{int(enough) // 1_000_000_000}" if enough else None


def _forecast(visible: Visible) -> str:
    budget, name = visible[Fact.BUDGET], fmt.period_name(str(visible[Fact.PERIOD]["label"]))
    lines = [f"*{fmt.dollars(int(budget['available']))} left for {name}*"]
    if budget["runs_out_on"]:
        lines.append(f"It runs out about *{fmt.day(date.fromisoformat(budget['runs_out_on']))}* at your present rate.")
    if budget["enough"]:
        amount = fmt.amount(int(budget["enough"]))
        lines.append(f"*{amount}* is about the least that lasts to {fmt.day(date.fromisoformat(budget['last_on']))}.")
    elif int(budget["available"]) > 0:
        lines.append(f"Nothing points to its running out before {name} ends.")
    return "\n".join(lines)


def confirm(*, wanted: str, nanos: int, value: str) -> Block:
    """The form's second page: an amount that was worked out for the requester, before anybody else sees it."""
    blocks = [kit.section(f"*{fmt.amount(nanos)}*\n{confirm_sentence(wanted, nanos)}")]
    submit = kit.clip(f"Ask for {fmt.amount(nanos)}", 24)
    return kit.modal(
        "top_up.confirmed", "Is that right?", blocks, submit=submit, close="Cancel", private_metadata=value
    )


def amount(visible: Visible) -> Block:
    """The form to approve another amount than was asked for."""
    asked = visible[Fact.REQUESTED]
    blocks = [
        _who_asks(visible),
        kit.input(
            "Approve how much?",
            kit.text_input(AMOUNT, placeholder="300", max_length=50),
            block_id=AMOUNT,
            hint=_at_most(asked),
        ),
        kit.input(
            "Until when?",
            kit.text_input(UNTIL, placeholder="friday, 5 dec or 2026-12-05", max_length=50),
            block_id=UNTIL,
            optional=True,
            hint="The last day on which it can be used. Empty: to the end of the period.",
        ),
        _note("Anything to say?"),
    ]
    value = _seen(asked)
    return kit.modal(
        "top_up.amount", "Another amount", blocks, submit="Approve", close="Cancel", private_metadata=value
    )


def _seen(asked: Mapping[str, Any]) -> str:
    """What a form carries: the request, and the version of it that was seen."""
    return f"{asked['top_up_id']}:{asked['version']}"


def _at_most(asked: Mapping[str, Any]) -> str:
    most = fmt.amount(int(asked["at_most"]))
    if asked["at_most"] < asked["asked"]:
        return f"At most {most}, which was approved before you."
    return f"At most {most}, which was asked for."


def deny(visible: Visible) -> Block:
    """The form to deny."""
    value = _seen(visible[Fact.REQUESTED])
    blocks = [_who_asks(visible), _note("Why?")]
    return kit.modal("top_up.deny", "Deny the request", blocks, submit="Deny", close="Cancel", private_metadata=value)


def _note(label: str) -> Block:
    field = kit.text_input(NOTE, multiline=True, max_length=REASON_MAX)
    return kit.input(label, field, block_id=NOTE, optional=True, hint="Only the person who asked is told.")


def _who_asks(visible: Visible) -> Block:
    asked = visible[Fact.REQUESTED]
    name = fmt.escape(str(visible[Fact.NAME]["person"]["name"]))
    return kit.section(f"*{name} asks for {fmt.amount(int(asked['asked']))}*\n{fmt.quote(str(asked['reason']))}")


def details(visible: Visible) -> Block:
    """What whoever decides may see. No allotment, balance, date of running out or percentage: they give pay away."""
    asked, spend = visible[Fact.REQUESTED], visible[Fact.SPEND]
    name = fmt.period_name(str(visible[Fact.PERIOD]["label"]))
    blocks = [
        _who_asks(visible),
        kit.fields(
            f"*Spent in {name}*\n{fmt.dollars(int(spend['spent']))}",
            f"*Spent a day*\n{fmt.dollars(int(spend['a_day']))}",
            f"*Lasts to the end of {name} without it*\n{'Yes' if visible[Fact.LASTS]['lasts'] else 'No'}",
        ),
        kit.divider(),
        kit.section("\n".join(["*Earlier requests*", *_earlier(asked["earlier"])])),
        kit.context("Only you see this. What is left of a budget is not shown: it can give away what somebody earns."),
    ]
    return kit.modal("top_up.details", "Details", blocks)


def _earlier(earlier: list[dict[str, Any]]) -> list[str]:
    return [_one(request) for request in earlier] or ["None."]


def _one(request: dict[str, Any]) -> str:
    at = fmt.slack_date(datetime.fromisoformat(request["at"]), UTC)
    status = _STATUS_WORDS.get(request["status"], request["status"])
    part = request["approved"] is not None and request["approved"] != request["asked"]
    given = f", {fmt.amount(int(request['approved']))} of it" if part else ""
    return f"{at} · {fmt.amount(int(request['asked']))} · {status}{given}"
