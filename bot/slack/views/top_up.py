"""Requests for a top-up as Slack shows them: the card, the question in its thread, outcomes, private answers."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.rules.audience import Fact, Visible
from bot.rules.top_up_reply import how_to_type
from bot.slack import format as fmt
from bot.slack.format import Date
from bot.slack.views import kit, mark
from bot.slack.views.kit import Block, Rendered

_LONGEST_QUOTE = 300
_OUTCOME_MARKS = {
    "approved": mark.APPROVED,
    "denied": mark.DENIED,
    "withdrawn": mark.WITHDRAWN,
    "expired": mark.ENDED,
    "period_ended": mark.ENDED,
}
_AGAIN = frozenset({"expired", "period_ended"})


def card(visible: Visible) -> Rendered:
    """The one message of a request in the approvals channel; edited to its outcome."""
    blocks = [kit.section(f"*{_title(visible)}*\n{_reason(visible)}"), kit.context(_state(visible))]
    is_pending = _asked(visible)["status"] == "pending"
    state = _progress(visible) if is_pending else _outcome(visible, fmt.date_at)
    return Rendered(kit.spoken(f"{_title(visible)}: {_inline_reason(visible)}", state), blocks)


def _title(visible: Visible) -> str:
    asks = "asks" if _asked(visible)["status"] == "pending" else "asked"
    return f"{_requester(visible)} {asks} for {_amount(visible)} more for {_period(visible)}"


def _state(visible: Visible) -> str:
    asked = _asked(visible)
    if asked["status"] != "pending":
        return f"{_OUTCOME_MARKS[asked['status']]} {_outcome(visible, fmt.slack_date)}"
    expires = fmt.slack_moment(_instant(asked["expires_at"]), UTC)
    return f"{mark.WAITING} Waiting · {_progress(visible)} · expires {expires}, and then nothing is added"


def _progress(visible: Visible) -> str:
    """Who has approved already, of how many, and who decides now."""
    steps = _asked(visible)["steps"]
    done = [f"{_by(step)} approved {fmt.amount(int(step['allowed']))}" for step in steps if step["decided_by"]]
    now = f"step {len(done) + 1} of {len(steps)}: {_deciders(visible)}" if len(steps) > 1 else _deciders(visible)
    return " · ".join([*done, now])


def _by(step: Mapping[str, Any]) -> str:
    whose = f" for {fmt.escape(str(step['on_behalf_of']))}" if step["on_behalf_of"] else ""
    return f"{fmt.escape(str(step['decided_by']))}{whose}"


def _approvers(asked: Mapping[str, Any]) -> str:
    """Everybody who approved it, and whom they did it for."""
    by = [_by(step) for step in asked["steps"] if step["decided_by"]]
    return fmt.people(by, "and") if by else fmt.escape(str((asked["decided_by"] or {}).get("name", "")))


def _deciders(visible: Visible) -> str:
    names = [fmt.escape(str(one["name"])) for one in _asked(visible)["deciders"]]
    return f"{fmt.people(names, 'or')} decides" if names else "Nobody can decide at the moment"


def _outcome(visible: Visible, when: Date) -> str:
    """What became of it, without a full stop: nothing but who, amounts and until when."""
    asked = _asked(visible)
    whom = fmt.escape(str((asked["decided_by"] or {}).get("name", "")))
    match asked["status"]:
        case "approved":
            until = f", to be used until {_last_day(asked['until'], when)}" if asked["until"] else ""
            if asked["step"] == "auto":
                return f"Approved by itself: {_amount(visible)} is within the automatic limit"
            return f"{_approvers(asked)} approved {_approved(asked)}{until}"
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


def _last_day(until: str, when: Date) -> str:
    return when(_instant(until) - timedelta(minutes=1), UTC)


def ask_decision(visible: Visible) -> Rendered:
    """The bot's first reply under a card: mentions whoever decides, once; loses its buttons with the outcome."""
    asked = _asked(visible)
    if asked["status"] != "pending":
        before = f"{_requester(visible)} asked for {_amount(visible)}: {_inline_reason(visible)}."
        blocks = [kit.section(f"{before} {_outcome(visible, fmt.slack_date)}.")]
        return Rendered(kit.spoken(before, _outcome(visible, fmt.date_at)), blocks)
    if "retired" in asked:
        text = _retired(visible)
        return Rendered(kit.spoken(text), [kit.section(text)])
    sentence = f"{_requester(visible)} asks for {_amount(visible)}: {_inline_reason(visible)}."
    mentions = fmt.people([fmt.mention(one) for one in asked["deciders"]], "or")
    text = f"{mentions}, {sentence}" if mentions else sentence
    typed = kit.context(f"or reply {how_to_type(int(asked['at_most']))}")
    return Rendered(kit.spoken(text), [kit.section(text), _decisions(visible), typed])


def _retired(visible: Visible) -> str:
    """What stands in place of a question that is not to be answered any more."""
    asked = _asked(visible)
    if asked["retired"]["version"] != asked["version"]:
        return (
            f"{_requester(visible)} has changed this request: it is for {_amount(visible)} now. Nothing can be decided"
            " here any more; the question below is about the new one."
        )
    step = asked["steps"][asked["retired"]["position"] - 1]
    return f"{_by(step)} approved {fmt.amount(int(step['allowed']))}, step {step['position']} of {len(asked['steps'])}."


def _decisions(visible: Visible) -> Block:
    asked = _asked(visible)
    value = _seen(asked)
    return kit.actions(
        kit.button(f"Approve {fmt.amount(int(asked['at_most']))}", "top_up.approve", value=value, style="primary"),
        kit.button("Another amount…", "top_up.amount", value=value),
        kit.button("Deny…", "top_up.deny", value=value, style="danger"),
        kit.button("Details", "top_up.details", value=value),
    )


def _seen(asked: Mapping[str, Any]) -> str:
    """What a button carries: the request, and the version of it that was seen."""
    return f"{asked['top_up_id']}:{asked['version']}"


def outcome(visible: Visible) -> Rendered:
    """What the requester is told by DM."""
    asked = _asked(visible)
    small = _afterwards(visible)
    shown = f"{_OUTCOME_MARKS[asked['status']]} *{_to_requester(visible, fmt.slack_date)}*"
    lines = [shown, _reason(visible), *_notes(asked), f"*{_left(visible)}*" if _left(visible) else ""]
    blocks = [kit.section("\n".join(line for line in lines if line)), *([kit.context(small)] if small else [])]
    if asked["status"] in _AGAIN:
        again = kit.button("Ask again", "top_up.again", value=str(asked["top_up_id"]), style="primary")
        blocks.append(kit.actions(again))
    said = f"{_to_requester(visible, fmt.date_at)}: {_inline_reason(visible)}"
    return Rendered(kit.spoken(said, *_notes(asked), _left(visible), small), blocks)


def _notes(asked: Mapping[str, Any]) -> list[str]:
    """What was said with each decision."""
    said = [(one["name"], one["note"]) for one in asked.get("notes", ())]
    if asked.get("note"):
        said.append(((asked["decided_by"] or {}).get("name", ""), asked["note"]))
    return [f"{fmt.escape(str(name))}: {fmt.escape(str(note))}" for name, note in said]


def _left(visible: Visible) -> str:
    left = visible[Fact.BUDGET].get("available")
    return "" if left is None else f"{fmt.dollars(int(left))} left for {_period(visible)}"


def _afterwards(visible: Visible) -> str:
    """What follows for the requester; empty after an approval, which shows what they have left."""
    if _asked(visible)["status"] == "approved":
        return ""
    again = "" if _asked(visible)["status"] in _AGAIN else " You can ask again with `/topup`."
    return f"Nothing was added to your budget.{again}"


def _to_requester(visible: Visible, when: Date) -> str:
    asked = _asked(visible)
    whom = fmt.escape(str((asked["decided_by"] or {}).get("name", "")))
    match asked["status"]:
        case "approved":
            until = f", to be used until {_last_day(asked['until'], when)}" if asked["until"] else ""
            if asked["step"] == "auto":
                return f"{_amount(visible)} more is yours, approved by itself within the automatic limit"
            whole = ", all that" if asked["approved"] == asked["asked"] else ""
            return f"{_approvers(asked)} approved {_approved(asked)}{whole} you asked for{until}"
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
    sentence = fmt.escape(str(said["sentence"]))
    return Rendered(kit.spoken(sentence, f"You typed: {typed}"), [kit.section(f"> {typed}\n{sentence}")])


def asked(visible: Visible) -> Rendered:
    """What the requester is answered when they have asked."""
    request = _asked(visible)
    if request["status"] != "pending":
        return _asked_and_over(visible)
    expires, zone = _instant(request["expires_at"]), fmt.zone_or_utc(request.get("zone"))
    first = f"*You asked for {_amount(visible)} more for {_period(visible)}* · {_deciders(visible)}"
    blocks = [
        kit.section(f"{first}\n{_reason(visible)}\n{_then(fmt.slack_moment(expires, zone))}"),
        kit.actions(withdraw_button("top_up.withdraw", str(request["top_up_id"]))),
    ]
    return Rendered(kit.spoken(first, _inline_reason(visible), _then(fmt.moment(expires, zone))), blocks)


def _then(expires: str) -> str:
    return f"You get a message when it is decided. If nobody decides, it expires {expires} and nothing is added."


def withdraw_button(action_id: str, top_up_id: str) -> Block:
    """The button with which whoever asked takes a request back."""
    question = kit.confirm(
        "Withdraw the request?", "Nobody can decide it any more. You can ask again.", "Withdraw", no="Keep it",
        style="danger",
    )  # fmt: skip
    return kit.button("Withdraw", action_id, value=top_up_id, style="danger", confirm=question)


def _asked_and_over(visible: Visible) -> Rendered:
    request = _asked(visible)
    if request["status"] == "approved" and request["step"] == "auto":
        text = (
            f"*{_amount(visible)} more for {_period(visible)}*, approved by itself: it is within the automatic limit."
            " `/tokens` shows what you have left."
        )
        return Rendered(kit.spoken(text), [kit.section(f"{mark.APPROVED} {text}")])
    first = f"You asked for {_amount(visible)} already."
    if request["status"] == "withdrawn":
        return Rendered(text := f"{first} You withdrew it.", [kit.section(text)])
    blocks = [kit.section(f"{first} {_outcome(visible, fmt.slack_date)}.")]
    return Rendered(kit.spoken(first, _outcome(visible, fmt.date_at)), blocks)


def withdrawn(visible: Visible) -> Rendered:
    """What the requester is answered when they have taken it back."""
    text = f"You withdrew your request for {_amount(visible)}. Nothing was added; you can ask again at any time."
    return Rendered(text, [kit.section(f"{mark.WITHDRAWN} {text}")])


def decided(visible: Visible) -> Rendered:
    """What whoever decided is answered, beside the card that shows it."""
    if _asked(visible)["status"] == "pending":
        text = f"You approved {fmt.amount(int(_asked(visible)['at_most']))} for {_requester(visible)}."
        return Rendered(kit.spoken(text, _progress(visible)), [kit.section(f"{text}\n{_progress(visible)}")])
    if _asked(visible)["status"] == "denied":
        text = f"You denied the {_amount(visible)}. {_requester(visible)} has been told."
        return Rendered(text, [kit.section(f"{mark.DENIED} {text}")])
    told = f"{_requester(visible)} has been told."
    shown = f"{_OUTCOME_MARKS[_asked(visible)['status']]} {_outcome(visible, fmt.slack_date)}. {told}"
    return Rendered(kit.spoken(_outcome(visible, fmt.date_at), told), [kit.section(shown)])


def offer(visible: Visible) -> Rendered:
    """Whether the requester wants more than they asked for: asked by DM."""
    asked = _asked(visible)
    more, before = fmt.amount(int(asked["offered"])), _amount(visible)
    title = f"*{fmt.escape(str(asked['offered_by']['name']))} offers {more} instead of the {before} you asked for*"
    said = fmt.escape(str(asked["note"]))
    then = f"If you take it, {more} is decided anew. If you do nothing, your request for {before} stays as it is."
    take = f"{_seen(asked)}:{asked['offered']}"
    buttons = kit.actions(
        kit.button(f"Ask for {more}", "top_up.accept", value=take, style="primary"),
        kit.button(f"Keep {before}", "top_up.keep", value=_seen(asked)),
    )
    shown = "\n".join(part for part in (title, fmt.quote(str(asked["note"])) if said else "", then) if part)
    return Rendered(kit.spoken(title, said, then), [kit.section(shown), buttons])


def kept(visible: Visible) -> Rendered:
    """What the requester is answered when they have declined an offer."""
    text = f"Your request for {_amount(visible)} stays as it is. {_deciders(visible)}."
    return Rendered(text, [kit.section(text)])


def change(visible: Visible, *, nanos: int, reason: str, value: str) -> Rendered:
    """Ask the requester, who has a request that waits, whether to change it to what they have typed now."""
    before, now = _amount(visible), fmt.amount(nanos)
    title = f"*You asked for {before} already, and it waits*"
    question = f"{_deciders(visible)}. One request waits at a time: change it to {now}? It is then decided anew."
    buttons = kit.actions(
        kit.button(f"Change to {now}", "top_up.change", value=value, style="primary"),
        kit.button(f"Keep {before}", "top_up.cancel"),
    )
    text = kit.spoken(title, question, f"Reason: {fmt.escape(reason)}")
    return Rendered(text, [kit.section(f"{title}\n{fmt.quote(reason)}\n{question}"), buttons])


def confirm(*, wanted: str, nanos: int, reason: str, value: str) -> Rendered:
    """Ask the requester whether an amount that was worked out for them is the one to ask for."""
    title = f"*Ask for {fmt.amount(nanos)}?*"
    buttons = kit.actions(
        kit.button(f"Ask for {fmt.amount(nanos)}", "top_up.confirm", value=value, style="primary"),
        kit.button("Cancel", "top_up.cancel"),
    )
    text = kit.spoken(title, confirm_sentence(wanted, nanos), f"Reason: {fmt.escape(reason)}")
    return Rendered(text, [kit.section(f"{title}\n{fmt.quote(reason)}\n{confirm_sentence(wanted, nanos)}"), buttons])


def confirm_sentence(wanted: str, nanos: int) -> str:
    """What an amount was worked out to."""
    return (
        f"{fmt.code(wanted)} comes to that, rounded up so that the figure gives nothing else away. Nobody has seen it"
        f" yet; whoever decides will see {fmt.amount(nanos)}."
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
