"""Views draw what may be seen. `VIEWS` names the one that draws each kind of message in the outbox."""

from collections.abc import Callable, Mapping

from bot.rules.audience import Visible
from bot.slack.views import answer, delegation, gate, notice, report, top_up
from bot.slack.views.kit import Rendered

VIEWS: Mapping[str, Callable[[Visible], Rendered]] = {
    "answer.told": answer.told,
    "delegation.begun": delegation.begun,
    "delegation.ended": delegation.ended,
    "gate.in_effect": gate.in_effect,
    "gate.not_in_effect": gate.not_in_effect,
    "gate.not_in_effect_finance": gate.not_in_effect_finance,
    "gate.unauthorised": gate.unauthorised,
    "notice.budget": notice.budget,
    "notice.no_rate": notice.no_rate,
    "notice.salary": notice.salary,
    "notice.salary_finance": notice.salary_finance,
    "notice.sweep": notice.sweep,
    "notice.sweep_worse": notice.sweep_worse,
    "report.digest": report.digest,
    "top_up.ask_decision": top_up.ask_decision,
    "top_up.card": top_up.card,
    "top_up.offer": top_up.offer,
    "top_up.outcome": top_up.outcome,
    "top_up.reply_question": top_up.reply_question,
}
