"""`/topup`, the buttons under a request, and its forms."""

import json
from collections.abc import Mapping
from typing import Any

from bot.rules.audience import Audience, Fact, Visible
from bot.rules.errors import Refused
from bot.rules.money import parse_usd
from bot.rules.top_up import REASON_MAX, Wanted, clean_reason, one_line, parse_wanted, parse_wish, spell
from bot.rules.top_up_reply import Approve, Deny, check_amount, check_lowered, clean_note, read_until
from bot.services import top_up, top_up_look
from bot.services.top_up import AlreadyAsked, Request
from bot.slack.answer import Answer, Asked, Errors, Open, Update
from bot.slack.listening import Listeners
from bot.slack.views import answer as answers
from bot.slack.views import top_up as views
from bot.slack.views import top_up_modal as modals
from bot.slack.views.top_up_modal import AMOUNT, NOTE, REASON, UNTIL

_SHOWN_WISH = 60


def listen(on: Listeners) -> None:
    """Register them."""
    on.command("/topup", command)
    on.action("top_up.confirm", confirmed)
    on.action("top_up.change", changed)
    on.action("top_up.accept", accepted)
    on.action("top_up.keep", kept)
    on.action("top_up.cancel", cancelled)
    on.action("top_up.approve", approved)
    on.action("top_up.amount", open_amount_modal)
    on.action("top_up.deny", open_deny_modal)
    on.action("top_up.details", open_details)
    on.action("top_up.withdraw", withdrawn)
    on.action("top_up.again", open_ask_modal_again)
    on.view("top_up.ask", ask_submitted)
    on.view("top_up.confirmed", confirmation_submitted)
    on.view("top_up.amount", amount_submitted)
    on.view("top_up.deny", denial_submitted)


def command(asked: Asked) -> Answer:
    """`/topup 500 finish the migration`; alone it opens the form."""
    if not asked.text.strip():
        return open_ask_modal(asked)
    wish = parse_wish(asked.text)
    priced = top_up_look.price_wish(asked.company, asked.person.id, wish.wanted)
    if priced.derived:
        value = _carry(priced.nanos, wish.reason, asked.key)
        typed = _wish_as_typed(asked.text, wish.reason)
        return views.confirm(wanted=typed, nanos=priced.nanos, reason=wish.reason, value=value)
    return _ask(asked, priced.nanos, wish.reason, asked.key)


def _wish_as_typed(text: str, reason: str) -> str:
    return one_line(text).removesuffix(reason).strip(" :")[:_SHOWN_WISH]


def _carry(nanos: int, reason: str, key: str) -> str:
    """What a confirmation must remember. Nothing is stored before the requester has confirmed; Slack signs it back."""
    return json.dumps({"n": nanos, "r": reason[:REASON_MAX], "k": key}, ensure_ascii=False, separators=(",", ":"))


def _ask(asked: Asked, nanos: int, reason: str, key: str) -> Answer:
    try:
        request = top_up.ask(asked.company, asked.person.id, nanos, reason, key)
    except AlreadyAsked as waits:
        value = _carry(nanos, reason, f"{waits.waiting.id}:{waits.waiting.version}")
        return views.change(_visible(waits.waiting, asked), nanos=nanos, reason=reason, value=value)
    return views.asked(_visible(request, asked))


def changed(asked: Asked) -> Answer:
    """*Change to $600*: the request that waits becomes one for that; the same click twice changes it once."""
    nanos, reason, seen = _carried(asked.value)
    top_up_id, version = _seen(seen)
    request = top_up.edit(asked.company, top_up_id, asked.person.id, nanos, reason, version)
    return views.asked(_visible(request, asked))


def accepted(asked: Asked) -> Answer:
    """*Ask for $800*, which somebody offered instead of less."""
    seen, _, nanos = asked.value.rpartition(":")
    top_up_id, version = _seen(seen)
    request = top_up.accept(asked.company, top_up_id, asked.person.id, _id(nanos), version)
    return views.asked(_visible(request, asked))


def kept(asked: Asked) -> Answer:
    """*Keep $500*: the offer is declined."""
    top_up_id, version = _seen(asked.value)
    return views.kept(_visible(top_up.keep(asked.company, top_up_id, asked.person.id, version), asked))


def confirmed(asked: Asked) -> Answer:
    """*Ask for $2,000*: the same confirmation clicked twice asks once."""
    return _ask_carried(asked, asked.value)


def confirmation_submitted(asked: Asked) -> Answer:
    """The same in the form."""
    return _ask_carried(asked, asked.private_metadata)


def _ask_carried(asked: Asked, carried: str) -> Answer:
    return _ask(asked, *_carried(carried))


def _carried(carried: str) -> tuple[int, str, str]:
    try:
        said = json.loads(carried)
        return int(said["n"]), str(said["r"]), str(said["k"])
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("That confirmation cannot be read any more. Ask again.") from error


def cancelled(_asked: Asked) -> Answer:
    """Nothing was stored, so there is nothing to undo."""
    return answers.sentence("Cancelled. Nobody has seen it.")


def open_ask_modal(asked: Asked) -> Answer:
    """The form for a new request."""
    return Open(modals.ask(_outlook(asked)))


def open_ask_modal_again(asked: Asked) -> Answer:
    """The form, filled with an earlier request."""
    nanos, reason = top_up_look.reason_again(asked.company, _id(asked.value), asked.person.id)
    amount = spell(nanos).removeprefix("$")
    return Open(modals.ask(_outlook(asked), amount=amount, reason=reason))


def _outlook(asked: Asked) -> Visible:
    found = top_up_look.outlook(asked.company, asked.person.id)
    budget = {
        "available": found.available,
        "runs_out_on": found.runs_out_on.isoformat() if found.runs_out_on else None,
        "last_on": found.period_last_on.isoformat(),
        "enough": found.enough,
    }
    return Visible(Audience.PERSON, {Fact.PERIOD: {"label": found.label}, Fact.BUDGET: budget})


def ask_submitted(asked: Asked) -> Answer:
    """The form: each mistake beside its field."""
    typed = asked.typed(AMOUNT, AMOUNT)
    errors: dict[str, str] = {}
    wanted, reason = _wanted(typed, errors), _reason(asked.typed(REASON, REASON), errors)
    if wanted is None or errors:
        return Errors(errors)
    try:
        priced = top_up_look.price_wish(asked.company, asked.person.id, wanted)
    except Refused as refusal:
        return Errors({AMOUNT: _unquoted(refusal)})
    if priced.derived:
        value = _carry(priced.nanos, reason, asked.key)
        return Update(modals.confirm(wanted=typed[:_SHOWN_WISH], nanos=priced.nanos, value=value))
    return _ask(asked, priced.nanos, reason, asked.key)


def _wanted(typed: str, errors: dict[str, str]) -> Wanted | None:
    try:
        return parse_wanted(typed)
    except Refused as refusal:
        errors[AMOUNT] = _unquoted(refusal)
        return None


def _reason(typed: str, errors: dict[str, str]) -> str:
    try:
        return clean_reason(typed)
    except Refused as refusal:
        errors[REASON] = "Whoever decides needs a reason." if not one_line(typed) else _unquoted(refusal)
        return ""


def _unquoted(refusal: Refused) -> str:
    """The sentence for beside a field, where Slack shows backticks as they are."""
    return str(refusal).replace("`", "")


def approved(asked: Asked) -> Answer:
    """*Approve $500*: all that was asked for, to the end of the period."""
    top_up_id, version = _seen(asked.value)
    request = top_up.decide(asked.company, top_up_id, asked.person.id, Approve(), version)
    return views.decided(_visible(request, asked))


def open_amount_modal(asked: Asked) -> Answer:
    """*Another amount…*, for those who may decide."""
    return Open(modals.amount(_visible(_to_decide(asked), asked)))


def open_deny_modal(asked: Asked) -> Answer:
    """*Deny…*, for those who may decide."""
    return Open(modals.deny(_visible(_to_decide(asked), asked)))


def _to_decide(asked: Asked) -> Request:
    top_up_id, version = _seen(asked.value)
    return top_up.to_decide(asked.company, top_up_id, asked.person.id, version)


def open_details(asked: Asked) -> Answer:
    """*Details*, for those who may decide."""
    return Open(modals.details(top_up_look.details(asked.company, _seen(asked.value)[0], asked.person.id)))


def amount_submitted(asked: Asked) -> Answer:
    """Another amount: each mistake beside its field. Who may decide is asked again by the decision itself."""
    top_up_id, version = _seen(asked.private_metadata)
    request = top_up.to_decide(asked.company, top_up_id, asked.person.id, version)
    verdict = _approval(asked, request)
    if isinstance(verdict, Errors):
        return verdict
    return views.decided(_visible(top_up.decide(asked.company, top_up_id, asked.person.id, verdict, version), asked))


def _approval(asked: Asked, request: Request) -> Approve | Errors:
    errors: dict[str, str] = {}
    nanos, last_day, note = None, None, ""
    try:
        nanos = parse_usd(asked.typed(AMOUNT, AMOUNT))
        check_amount(nanos, request.asked_nanos)
        check_lowered(nanos, request.at_most)
    except Refused as refusal:
        errors[AMOUNT] = _unquoted(refusal)
    until = asked.typed(UNTIL, UNTIL).strip()
    try:
        last_day = read_until(until, top_up_look.local_date(asked.company, asked.person.id)) if until else None
    except Refused as refusal:
        errors[UNTIL] = _unquoted(refusal)
    try:
        note = clean_note(asked.typed(NOTE, NOTE))
    except Refused as refusal:
        errors[NOTE] = _unquoted(refusal)
    return Errors(errors) if errors else Approve(nanos, last_day, note)


def denial_submitted(asked: Asked) -> Answer:
    """The denial, with or without a reason."""
    try:
        note = clean_note(asked.typed(NOTE, NOTE))
    except Refused as refusal:
        return Errors({NOTE: _unquoted(refusal)})
    top_up_id, version = _seen(asked.private_metadata)
    request = top_up.decide(asked.company, top_up_id, asked.person.id, Deny(note), version)
    return views.decided(_visible(request, asked))


def withdrawn(asked: Asked) -> Answer:
    """*Withdraw*, for the one who asked."""
    request = top_up.withdraw(asked.company, _id(asked.value), asked.person.id)
    return views.withdrawn(_visible(request, asked))


def _seen(value: str) -> tuple[int, int]:
    """The request of a button or a form, and the version of it that was seen."""
    top_up_id, _, version = value.partition(":")
    return _id(top_up_id), _id(version or "1")


def _id(value: str) -> int:
    if not (value.isascii() and value.isdigit()) or len(value) > 18:  # noqa: PLR2004 - what a 64-bit id can have
        raise top_up.UnknownRequest
    return int(value)


def _visible(request: Request, asked: Asked) -> Visible:
    """A request for the one who acted on it, in private: nothing but what the card shows too."""
    names: list[Mapping[str, Any]] = [{"name": name} for name in request.deciders]
    requested = {
        "top_up_id": request.id,
        "version": request.version,
        "status": request.status,
        "steps": request.steps,
        "at_most": request.at_most,
        "step": request.step,
        "asked": request.asked_nanos,
        "approved": request.approved_nanos,
        "reason": request.reason,
        "deciders": names,
        "decided_by": {"name": request.decided_by} if request.decided_by else None,
        "expires_at": request.expires_at.isoformat(),
        "until": request.until.isoformat() if request.until else None,
        "zone": asked.person.timezone,
    }
    facts: dict[Fact, Mapping[str, Any]] = {
        Fact.NAME: {"person": {"name": request.requester}},
        Fact.PERIOD: {"label": request.period},
        Fact.REQUESTED: requested,
    }
    return Visible(Audience.APPROVER, facts)
