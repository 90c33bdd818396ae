"""Requests for a top-up as Slack shows them: the card, the question in its thread, outcomes, private answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.rules.top_up_reply import how_to_type
from bot.slack import format as fmt
from bot.slack.views import kit
from bot.slack.views.kit import Block, Rendered

_LONGEST_QUOTE = 300
_OUTCOME_MARKS = {
    "approved": ":white_check_mark:",
    "denied": ":no_entry:",
    "withdrawn": ":leftwards_arrow_with_hook:",
    "expired": ":hourglass:",
    "period_ended": ":calendar:",
}


def card(visible: Visible) -> Rendered:
    """The one message of a request in the approvals channel; edited to its outcome."""
    title = f"*{_title(visible)}*"
    blocks = [_inert(f"{title}\n{_reason(visible)}"), kit.context(_state(visible))]
    status = _asked(visible)["status"]
    outcome = "" if status == "pending" else f" {_outcome(visible)}."
    return Rendered(f"{_title(visible)}: {_inline_reason(visible)}.{outcome}", blocks)


def _title(visible: Visible) -> str:
    asks = "asks" if _asked(visible)["status"] == "pending" else "asked"
    return f"{_requester(visible)} {asks} for {_amount(visible)} more for {_period(visible)}"


def _state(visible: Visible) -> str:
    asked = _asked(visible)
    if asked["status"] != "pending":
        return f"{_OUTCOME_MARKS[asked['status']]} {_outcome(visible)}"
    expires = fmt.slack_moment(_instant(asked["expires_at"]), UTC)
    return f"{_deciders(visible)} · expires {expires} · :hourglass_flowing_sand: waiting"


def _deciders(visible: Visible) -> str:
    names = [fmt.escape(str(one["name"])) for one in _asked(visible)["deciders"]]
    return f"{fmt.people(names, 'or')} decides" if names else "Nobody can decide at the moment"


def _outcome(visible: Visible) -> str:
    """What became of it, without a full stop: nothing but who, amounts and until when."""
    asked = _asked(visible)
    whom = fmt.escape(str((asked["decided_by"] or {}).get("name", "")))
    match asked["status"]:
        case "approved":
            until = f", until {_last_day(asked['until'])}" if asked["until"] else ""
            if asked["step"] == "auto":
                return f"Approved by itself: {_amount(visible)} is within the automatic limit"
            return f"{whom} approved {_approved(asked)}{until}"
        case "denied":
            return f"{whom} denied it"
        case "withdrawn":
            return f"{_requester(visible)} withdrew it"
        case "expired":
            return "Expired: nobody decided in time"
        case _:
            return f"{_period(visible)} ended before anybody decided"


def _approved(asked: Mapping[str, Any]) -> str:
    if asked["approved"] == asked["asked"]:
        return fmt.amount(int(asked["approved"]))
    return f"{fmt.amount(int(asked['approved']))} of the {fmt.amount(int(asked['asked']))}"


def _last_day(until: str) -> str:
    last = _instant(until) - timedelta(minutes=1)
    return f"<!date^{int(last.timestamp())}^{{date_short}}|{fmt.day(last.date())}>"


def ask_decision(visible: Visible) -> Rendered:
    """The bot's first reply under a card: mentions whoever decides, once; loses its buttons with the outcome."""
    asked = _asked(visible)
    sentence = f"{_requester(visible)} asks for {_amount(visible)}: {_inline_reason(visible)}"
    if asked["status"] != "pending":
        text = f"{_requester(visible)} asked for {_amount(visible)}: {_inline_reason(visible)}. {_outcome(visible)}."
        return Rendered(text, [_inert(text)])
    mentions = fmt.people([fmt.mention(one) for one in asked["deciders"]], "or")
    text = f"{mentions}, {sentence}" if mentions else sentence
    top_up_id = str(asked["top_up_id"])
    buttons = kit.actions(
        kit.button(f"Approve {_amount(visible)}", "top_up.approve", value=top_up_id, style="primary"),
        kit.button("Another amount…", "top_up.amount", value=top_up_id),
        kit.button("Deny…", "top_up.deny", value=top_up_id, style="danger"),
        kit.button("Details", "top_up.details", value=top_up_id),
    )
    typed = kit.context(f"or reply {how_to_type(int(asked['asked']))}")
    return Rendered(text, [_inert(text), buttons, typed])


def outcome(visible: Visible) -> Rendered:
    """What the requester is told by DM."""
    asked = _asked(visible)
    lines = [f"*{_to_requester(visible)}*", _reason(visible)]
    if asked.get("note"):
        whom = fmt.escape(str((asked["decided_by"] or {}).get("name", "")))
        lines.append(f"{whom}: {fmt.escape(str(asked['note']))}")
    if visible[Fact.BUDGET]:
        lines.append(f"*{fmt.dollars(int(visible[Fact.BUDGET]['available']))} left for {_period(visible)}*")
    blocks = [_inert("\n".join(lines))]
    if asked["status"] in {"expired", "period_ended"}:
        again = kit.button("Ask again", "top_up.again", value=str(asked["top_up_id"]), style="primary")
        blocks.append(kit.actions(again))
    return Rendered("\n".join(lines), blocks)


def _to_requester(visible: Visible) -> str:
    asked = _asked(visible)
    whom = fmt.escape(str((asked["decided_by"] or {}).get("name", "")))
    match asked["status"]:
        case "approved":
            until = f", to be used until {_last_day(asked['until'])}" if asked["until"] else ""
            if asked["step"] == "auto":
                return f"Your {_amount(visible)} approved itself: it is within the automatic limit"
            return f"{whom} approved {_approved(asked)} you asked for{until}"
        case "denied":
            return f"{whom} denied the {_amount(visible)} you asked for"
        case "expired":
            return f"Your request for {_amount(visible)} expired: nobody decided in time"
        case _:
            return f"{_period(visible)} ended before anybody decided on the {_amount(visible)} you asked for"


def reply_question(visible: Visible) -> Rendered:
    """A private answer to a typed reply that decided nothing, with what was typed."""
    said = visible[Fact.REQUESTED]
    typed = fmt.escape(kit.clip(" ".join(str(said["typed"]).split()), _LONGEST_QUOTE))
    text = f"> {typed}\n{fmt.escape(str(said['sentence']))}"
    return Rendered(text, [_inert(text)])


def asked(visible: Visible) -> Rendered:
    """What the requester is answered when they have asked."""
    request = _asked(visible)
    if request["status"] != "pending":
        return _asked_and_over(visible)
    expires = fmt.slack_moment(_instant(request["expires_at"]), fmt.zone_or_utc(request.get("zone")))
    first = f"*You asked for {_amount(visible)} more for {_period(visible)}* · {_deciders(visible)}"
    second = f"You get a message when it is decided. It expires {expires}."
    question = kit.confirm("Withdraw the request?", "Nobody can decide it any more. You can ask again.", "Withdraw")
    withdraw = kit.button("Withdraw", "top_up.withdraw", value=str(request["top_up_id"]), confirm=question)
    blocks = [_inert(f"{first}\n{_reason(visible)}\n{second}"), kit.actions(withdraw)]
    return Rendered(f"{first}\n{_reason(visible)}\n{second}", blocks)


def _asked_and_over(visible: Visible) -> Rendered:
    request = _asked(visible)
    if request["status"] == "approved" and request["step"] == "auto":
        text = (
            f":white_check_mark: *{_amount(visible)} more for {_period(visible)}*, approved by itself:"
            " it is within the automatic limit. `/tokens` shows what you have left."
        )
    else:
        text = f"You asked for {_amount(visible)} already. {_outcome(visible)}."
    return Rendered(text, [kit.section(text)])


def withdrawn(visible: Visible) -> Rendered:
    """What the requester is answered when they have taken it back."""
    text = f"You withdrew your request for {_amount(visible)}. Nothing was added; you can ask again at any time."
    return Rendered(text, [kit.section(text)])


def decided(visible: Visible) -> Rendered:
    """What whoever decided is answered, beside the card that shows it."""
    text = f"{_outcome(visible)} for {_requester(visible)}."
    if _asked(visible)["status"] == "denied":
        text = f"You denied the {_amount(visible)} for {_requester(visible)}. They have been told."
    return Rendered(text, [kit.section(text)])


def confirm(*, wanted: str, nanos: int, reason: str, value: str) -> Rendered:
    """Ask the requester whether an amount that was worked out for them is the one to ask for."""
    amount = fmt.amount(nanos)
    text = f"{confirm_sentence(wanted, nanos)}\n{fmt.quote(reason)}"
    buttons = kit.actions(
        kit.button(f"Ask for {amount}", "top_up.confirm", value=value, style="primary"),
        kit.button("Cancel", "top_up.cancel"),
    )
    return Rendered(text, [_inert(text), buttons])


def confirm_sentence(wanted: str, nanos: int) -> str:
    """What an amount was worked out to."""
    return (
        f"{fmt.code(wanted)} comes to about *{fmt.amount(nanos)}*, rounded up. Nobody else has seen this yet;"
        f" whoever decides will see {fmt.amount(nanos)}."
    )


def _asked(visible: Visible) -> Mapping[str, Any]:
    return visible[Fact.REQUESTED]


def _requester(visible: Visible) -> str:
    return fmt.escape(str(visible[Fact.NAME]["person"]["name"]))


def _amount(visible: Visible) -> str:
    return fmt.amount(int(_asked(visible)["asked"]))


def _period(visible: Visible) -> str:
    return fmt.period_name(str(visible[Fact.PERIOD]["label"]))


def _reason(visible: Visible) -> str:
    return fmt.quote(str(_asked(visible)["reason"]))


def _inline_reason(visible: Visible) -> str:
    return fmt.escape(str(_asked(visible)["reason"])).rstrip(".")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _inert(text: str) -> Block:
    """A paragraph with words that a person typed: Slack is told to make no links or mentions out of plain text."""
    block = kit.section(text)
    block["text"]["verbatim"] = True
    return block
