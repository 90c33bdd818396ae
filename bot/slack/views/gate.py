"""What is enforced where: an approved budget that is in effect at a gateway, or that a gateway does not take."""

from datetime import datetime

from bot.rules.audience import Fact, Visible
from bot.slack import format as fmt
from bot.slack.views import kit, mark
from bot.slack.views.kit import Rendered

_WHY = {"refused": "it refused the change", "ignored": "it took the change and keeps showing another limit"}
_CODES = {
    "unknown_person": "it knows nobody by that address",
    "period_length": "its limits are monthly and your budget periods are not",
    "monthly_only": "its limits are monthly and your budget periods are not",
}


def in_effect(visible: Visible) -> Rendered:
    """To who asked: what was approved is enforced now."""
    lead = f"{_what(visible)} is in effect at {_gateway(visible)}"
    since = visible[Fact.PERIOD]["since"]
    return Rendered(
        f"{lead} since {fmt.moment(datetime.fromisoformat(since), fmt.zone_or_utc(None))} UTC.",
        [kit.section(f"*{lead}* since {fmt.slack_moment(datetime.fromisoformat(since), fmt.zone_or_utc(None))}.")],
    )


def not_in_effect(visible: Visible) -> Rendered:
    """To who asked: it was approved, and a gateway still enforces what was before."""
    gateway = _gateway(visible)
    lead = f"{_what(visible)} was approved and is not in effect at {gateway}"
    rest = (
        f"{_why(visible).capitalize()}. Calls there may be blocked by the limit that it had before. Finance was told"
        " the same. If nothing is done, the next change of your budget is tried there again."
    )
    return _said(lead, rest)


def not_in_effect_finance(visible: Visible) -> Rendered:
    """To finance: a gateway does not take somebody's budget."""
    name = fmt.escape(str(visible[Fact.NAME]["name"]))
    lead = f"The {_period(visible)} budget of {name} is not in effect at {_gateway(visible)}"
    rest = (
        f"{_why(visible).capitalize()}. Stipend's own gate and figures are right; the limit there is an old one. It may"
        " be the same for others. If nothing is done, the next change of their budget is tried there again."
    )
    return _said(lead, rest)


def unauthorised(visible: Visible) -> Rendered:
    """To finance: a gateway does not take our key, so no budget gets there."""
    gateway = _gateway(visible)
    lead = f"{gateway} does not take Stipend's key, so no budget is written there"
    code = fmt.code(str(visible[Fact.LIMIT_NAME]["code"]))
    rest = f"It said {code}. Your admin can mend the key in the settings; what is owed is kept, and written then."
    return _said(lead, rest)


def _said(lead: str, rest: str) -> Rendered:
    return Rendered(kit.spoken(lead, rest), [kit.section(f"{mark.INCOMPLETE} *{lead}*\n{rest}")])


def _what(visible: Visible) -> str:
    return f"Your top-up of {fmt.amount(int(visible[Fact.REQUESTED]['approved']))} for {_period(visible)}"


def _why(visible: Visible) -> str:
    limit = visible[Fact.LIMIT_NAME]
    code = str(limit["code"])
    why = _CODES.get(code) or _WHY.get(str(limit["status"]), "it did not take the change")
    return why if code in _CODES or limit["status"] == "ignored" else f"{why} ({code})"


def _gateway(visible: Visible) -> str:
    return fmt.escape(str(visible[Fact.LIMIT_NAME]["gateway"]))


def _period(visible: Visible) -> str:
    return fmt.period_name(str(visible[Fact.PERIOD]["label"]))
