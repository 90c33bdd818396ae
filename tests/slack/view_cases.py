"""Every view of the bot in every state, drawn from facts with words in them that no message may act on.

The tests hold all of them to one set of rules, and `make screenshots` photographs them. A case is named by its view and
what is special about it; whoever adds a view adds its cases.
"""

import copy
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from bot.rules.audience import Audience, Fact, Visible
from bot.slack.views import answer, delegation, gate, home, ledger, notice, report, top_up, top_up_modal
from bot.slack.views.kit import Block, Rendered
from tests.slack.conftest import JULY, USD, WAITING

EVIL = "<!channel> <@U0EVE> <https://evil.example|here> & co"
LONG = "Wilhelmina Hannelore Featherstonehaugh-Cholmondeley von und zu Hohenlohe-Waldenburg-Schillingsfürst " * 2
MODEL = f"accounts/fireworks/models/{'very-long-' * 12}<b>&`"
ADA = {"name": "Ada Lovelace <!here>", "slack_id": "U0ADA"}
GRACE = {"person_id": 2, "name": "Grace Hopper", "slack_id": "U0GRACE"}
FLO = {"person_id": 3, "name": "Flo & co", "slack_id": None}
REASON = "finish the billing migration before the freeze <!channel> & more"
Cases = dict[str, Rendered | Block]


def own(**changes: dict[str, Any]) -> Visible:
    """One person's July, with some of it changed."""
    facts = copy.deepcopy(JULY)
    for name, values in changes.items():
        facts.setdefault(Fact[name], {}).update(values)
    return Visible(Audience.PERSON, facts)


def days(nanos: int = 12 * USD) -> list[dict[str, Any]]:
    first = date(2026, 7, 8)
    return [{"on": (first + timedelta(days=n)).isoformat(), "nanos": nanos * (n * 37 % 11)} for n in range(14)]


ENTRIES: list[dict[str, Any]] = [
    {"on": "2026-07-01", "what": "Allotment", "nanos": 10_000 * USD, "left": 1_785_400_000_000},
    {"on": "2026-07-09", "what": "Top-up", "nanos": 500 * USD, "left": 500 * USD},
    *[{"on": f"2026-07-{n:02}", "what": "Usage", "nanos": -((n * 41 % 13) * 97 + 1) * USD} for n in range(8, 22)],
    {"on": "2026-07-21", "what": f"Reversal {EVIL}", "nanos": 12 * USD},
]
NO_BUDGET = {
    "available": 0, "granted": 0, "allotment": 0, "top_ups": 0, "tokens_left": None, "run_out": None,
    "has_allotment": False,
}  # fmt: skip
OVERSPENT = {"available": -120_500_000_000, "run_out": None, "tokens_left": None}
UNUSED = {"spent": 0, "driver": None, "days": days(0)}


def step(position: int, by: str | None = None, whose: str | None = None, allowed: int = 800 * USD) -> dict[str, Any]:
    """A step of a request, decided by somebody or not yet."""
    return {"position": position, "decided_by": by, "on_behalf_of": whose, "allowed": allowed if by else None}


def asks(status: str = "pending", *, to: Audience = Audience.CHANNEL, **changes: Any) -> Visible:
    """A request for a top-up."""
    requested = {
        "top_up_id": 12, "version": 2, "status": status, "step": "manager", "asked": 1300 * USD, "at_most": 1300 * USD,
        "steps": [step(1, "Grace Hopper" if status == "approved" else None)],
        "approved": 800 * USD if status == "approved" else None, "reason": REASON,
        "deciders": [GRACE] if status == "pending" else [],
        "decided_by": GRACE if status in {"approved", "denied"} else None, "expires_at": "2026-07-28T09:12:00+00:00",
        "until": "2026-07-25T00:00:00+00:00" if status == "approved" else None, "zone": "Europe/Helsinki",
    }  # fmt: skip
    facts: dict[Fact, dict[str, Any]] = {
        Fact.NAME: {"person": ADA},
        Fact.PERIOD: {"label": "2026-07", "ends_at": "2026-08-01T00:00:00+00:00"},
        Fact.REQUESTED: requested | changes,
    }
    if to is Audience.PERSON and status == "approved":
        facts[Fact.BUDGET] = {"available": 3_085_400_000_000}
    return Visible(to, facts)


STATES: dict[str, dict[str, Any]] = {
    "approved": {"status": "approved"},
    "approved-whole": {"status": "approved", "approved": 1300 * USD, "until": None},
    "approved-in-steps": {
        "status": "approved",
        "steps": [step(1, "Dora <b>", "Grace"), step(2, "Flo & co")],
        "notes": [{"name": "Dora <b>", "note": EVIL}],
        "note": "fine",
    },
    "approved-by-itself": {"status": "approved", "step": "auto", "until": None, "decided_by": None},
    "denied": {"status": "denied", "note": f"too early: {EVIL}"},
    "withdrawn": {"status": "withdrawn"},
    "expired": {"status": "expired"},
    "period-ended": {"status": "period_ended"},
}
WAITS: dict[str, dict[str, Any]] = {
    "waiting": {},
    "waiting-manager-left": {"deciders": [FLO, GRACE], "step": "finance"},
    "waiting-second-step": {
        "deciders": [FLO],
        "steps": [step(1, LONG, "Grace <!here>"), step(2)],
        "at_most": 800 * USD,
    },
    "waiting-for-nobody": {"deciders": []},
    "waiting-20M-tokens": {"asked": 50_000 * USD, "reason": "20M tokens for the nightly swarm"},
    "waiting-long": {"reason": (f"{REASON} " * 9)[:500], "deciders": [{**GRACE, "name": LONG}]},
}
RETIRED: dict[str, dict[str, Any]] = {
    "changed": {"retired": {"version": 1, "position": 1}},
    "step-done": {**WAITS["waiting-second-step"], "retired": {"version": 2, "position": 1}},
}
NOVEMBER = {"label": "2026-11", "first_on": "2026-11-01", "end": "2026-12-01T00:00:00+00:00", "over": False}
PAY = {
    "step": 1, "near": "4/5", "spent_nanos": 35_000 * USD, "salary_nanos": 41_666_666_666_667, "finance_told": True,
    "person_told": True, "channel": "counts",
}  # fmt: skip
LINE = {"line": "4/5", "spent_nanos": 800 * USD, "budget_nanos": 1000 * USD, "enforcement": "notify"}
SPENT = LINE | {"line": "1", "spent_nanos": 1100 * USD}
DIGEST: dict[str, Any] = {
    "day": "2026-11-15", "any": True, "company": {"name": "", "nanos": 12_344_560_000_000, "trend": "1/4"},
    "teams": [
        {"name": "Engines <!here>", "nanos": 9_001_250_000_000, "trend": "-1/10"},
        {"name": "Looms & co", "nanos": 2_120_000_000_000, "trend": "3/2"},
        {"name": "Research", "nanos": 98_760_000_000, "trend": None},
    ],
    "models": [{"name": "claude-opus-4-1", "nanos": 8000 * USD}, {"name": MODEL, "nanos": 400 * USD}],
    "cache": "3/4", "unattributed_nanos": 512_340_000_000, "unpriced_events": 12_340,
    "chart": [{"day": f"2026-11-{day:02}", "nanos": (day * 37 % 11 + 5) * 913 * USD} for day in range(2, 16)],
}  # fmt: skip
TOO_FEW: dict[str, Any] = {
    "company": None, "teams": [], "models": [], "cache": None, "chart": [], "unattributed_nanos": 0,
    "unpriced_events": 0,
}  # fmt: skip


def told(audience: Audience, **facts: dict[str, Any]) -> Visible:
    """A notice of November."""
    return Visible(audience, {Fact[name]: values for name, values in {"PERIOD": NOVEMBER, **facts}.items()})


def digest(**changes: Any) -> Rendered:
    return report.digest(Visible(Audience.CHANNEL, {Fact.COMPANY_SPEND: DIGEST | changes}))


def outlook(**changes: Any) -> Visible:
    budget = {
        "available": 2_285_400_000_000,
        "runs_out_on": "2026-07-28",
        "last_on": "2026-07-31",
        "enough": 1000 * USD,
    }
    return Visible(Audience.PERSON, {Fact.PERIOD: {"label": "2026-07"}, Fact.BUDGET: budget | changes})


def details(earlier: list[dict[str, Any]]) -> Visible:
    asked = asks(to=Audience.APPROVER, earlier=earlier)
    seen: dict[Fact, Mapping[str, Any]] = {fact: asked[fact] for fact in (Fact.NAME, Fact.PERIOD, Fact.REQUESTED)}
    spend: dict[Fact, Mapping[str, Any]] = {
        Fact.SPEND: {"spent": 8_214_600_000_000, "a_day": 391_171_428_571},
        Fact.LASTS: {"lasts": False},
    }
    return Visible(Audience.APPROVER, {**seen, **spend})


EARLIER = [
    {"at": "2026-07-01T00:00:00+00:00", "asked": 900 * USD, "approved": 300 * USD, "status": "approved"},
    {"at": "2026-06-11T00:00:00+00:00", "asked": 50 * USD, "approved": None, "status": "period_ended"},
]
WISH: dict[str, Any] = {"wanted": "20M tokens", "nanos": 50_000 * USD}
SENTENCE = "I do not know you yet, so there is nothing to show. Ask Grace Hopper. They can add you."


def _ledger() -> dict[str, Cases]:
    return {
        "ledger.balance": {
            "": ledger.balance(own()),
            "waiting": ledger.balance(own(REQUESTED=WAITING)),
            "overspent": ledger.balance(own(BUDGET=OVERSPENT)),
            "zero-budget": ledger.balance(own(BUDGET=NO_BUDGET, SPEND=UNUSED)),
            "no-rate": ledger.balance(own(BUDGET={**NO_BUDGET, "no_rate_currency": "SEK"}, SPEND=UNUSED)),
            "nothing-used": ledger.balance(
                own(BUDGET={"tokens_left": None, "run_out": None}, SPEND=UNUSED, COMPLETENESS={"sources": []})
            ),
            "unpriced": ledger.balance(own(SPEND={"unpriced_events": 1234})),
            "enforced": ledger.balance(own(BUDGET={"mode": "hard", "carried_in": 500 * USD, "expired": 20 * USD})),
            "long-names": ledger.balance(
                own(
                    SPEND={"driver": {"name": MODEL, "nanos": USD, "share": 1.0}},
                    REQUESTED={**WAITING, "approver": f"{LONG}{EVIL}"},
                    COMPLETENESS={"sources": [{"name": EVIL, "complete_to": "2026-07-20T00:00:00+00:00"}] * 9},
                )
            ),
        },
        "ledger.history": {
            "": ledger.history(own(SPEND={"days": days()})),
            "no-usage": ledger.history(own(SPEND=UNUSED)),
        },
        "ledger.why": {
            "": ledger.why(own(BUDGET={"entries": ENTRIES})),
            "nothing": ledger.why(own(BUDGET={"entries": []})),
            "many": ledger.why(own(BUDGET={"entries": ENTRIES * 20})),
        },
        "ledger.help_": {
            "": ledger.help_(),
            "unknown": ledger.help_("histroy", "history"),
            "unheard-of": ledger.help_(EVIL),
        },
        "home.home": {
            "": home.home(own(SPEND={"days": days()}, BUDGET={"entries": ENTRIES})),
            "waiting": home.home(own(SPEND={"days": days()}, REQUESTED={**WAITING, "approver": f"Grace {EVIL}"})),
            "zero-budget": home.home(own(BUDGET=NO_BUDGET, SPEND=UNUSED)),
            "overspent": home.home(own(BUDGET={**OVERSPENT, "entries": ENTRIES}, SPEND={"days": days()})),
        },
    }


def _top_up() -> dict[str, Cases]:
    everything = WAITS | STATES
    ended = {name: state for name, state in STATES.items() if name != "withdrawn"}
    return {
        "top_up.card": {name: top_up.card(asks(**state)) for name, state in everything.items()},
        "top_up.ask_decision": {
            name: top_up.ask_decision(asks(**state)) for name, state in (everything | RETIRED).items()
        },
        "top_up.offer": {
            name: top_up.offer(asks(to=Audience.PERSON, offered=3000 * USD, offered_by=GRACE, note=note))
            for name, note in (("", ""), ("with-note", EVIL))
        },
        "top_up.kept": {"": top_up.kept(asks(to=Audience.APPROVER))},
        "top_up.change": {
            "": top_up.change(asks(to=Audience.APPROVER), nanos=600 * USD, reason=REASON, value="{}"),
            "nobody": top_up.change(asks(deciders=[], to=Audience.APPROVER), nanos=USD, reason=EVIL, value="{}"),
        },
        "top_up.outcome": {name: top_up.outcome(asks(**state, to=Audience.PERSON)) for name, state in ended.items()},
        "top_up.asked": {name: top_up.asked(asks(**state, to=Audience.APPROVER)) for name, state in everything.items()},
        "top_up.withdrawn": {"": top_up.withdrawn(asks("withdrawn"))},
        "top_up.decided": {
            name: top_up.decided(asks(**(STATES | WAITS)[name]))
            for name in ("approved", "approved-in-steps", "denied", "waiting-second-step")
        },
        "top_up.reply_question": {
            "": top_up.reply_question(
                Visible(
                    Audience.APPROVER,
                    {Fact.REQUESTED: {"typed": f"approve {EVIL}", "sentence": "Nothing was changed. Type `approve`."}},
                )
            )
        },
        "top_up.confirm": {
            "tokens": top_up.confirm(**WISH, reason=REASON, value="{}"),
            "share": top_up.confirm(wanted="10%", nanos=5000 * USD, reason=EVIL, value="{}"),
        },
        "top_up_modal.ask": {
            "": top_up_modal.ask(outlook()),
            "lasts": top_up_modal.ask(outlook(runs_out_on=None, enough=None)),
            "again": top_up_modal.ask(outlook(available=-5 * USD, runs_out_on=None), amount="1,300", reason=REASON),
        },
        "top_up_modal.confirm": {"": top_up_modal.confirm(**WISH, value="{}")},
        "top_up_modal.amount": {
            "": top_up_modal.amount(asks(to=Audience.APPROVER)),
            "lowered": top_up_modal.amount(asks(to=Audience.APPROVER, **WAITS["waiting-second-step"])),
        },
        "top_up_modal.deny": {"": top_up_modal.deny(asks(to=Audience.APPROVER))},
        "top_up_modal.details": {
            "": top_up_modal.details(details(EARLIER)),
            "first-request": top_up_modal.details(details([])),
        },
    }


def _delegation() -> dict[str, Cases]:
    lent = Visible(
        Audience.PERSON,
        {Fact.NAME: {"person": {"name": EVIL}}, Fact.REQUESTED: {"delegate": EVIL, "last_day": "2026-11-20"}},
    )
    return {
        "delegation.begun": {"": delegation.begun(lent)},
        "delegation.ended": {"": delegation.ended(lent)},
        "delegation.answer": {
            "": delegation.answer(lent),
            "nobody": delegation.answer(Visible(Audience.PERSON, {Fact.REQUESTED: {}})),
        },
    }


def _notice() -> dict[str, Cases]:
    bands = {"near": ["Ada <!here>", "Bob"], "near_more": 2, "above": [], "above_more": 1, "finance_told": True}
    counts = {"near": 2, "above": 1, "finance_told": True}
    sweeps: dict[str, dict[str, Any]] = {
        "counts": {"SALARY_COUNTS": counts},
        "names": {"SALARY_BANDS": bands},
        "resolved": {"SALARY_COUNTS": counts | {"near": 0, "above": 0}},
    }
    person, finance, channel = Audience.PERSON, Audience.FINANCE, Audience.CHANNEL
    return {
        "notice.budget": {
            "80": notice.budget(told(person, BUDGET=LINE)),
            "spent": notice.budget(told(person, BUDGET=SPENT)),
            "80-enforced": notice.budget(told(person, BUDGET=LINE | {"enforcement": "hard"})),
            "spent-enforced": notice.budget(told(person, BUDGET=SPENT | {"enforcement": "soft"})),
        },
        "notice.salary": {
            "near": notice.salary(told(person, PAY=PAY)),
            "above": notice.salary(told(person, PAY=PAY | {"step": 2, "spent_nanos": 52_000 * USD})),
            "far-above": notice.salary(told(person, PAY=PAY | {"step": 3, "spent_nanos": 65_000 * USD})),
        },
        "notice.salary_finance": {
            "above": notice.salary_finance(
                told(finance, PAY=PAY | {"step": 2, "spent_nanos": 52_000 * USD}, NAME=ADA | {"slack_id": None})
            ),
            "left": notice.salary_finance(told(finance, PAY=PAY | {"person_told": False}, NAME=ADA)),
        },
        "notice.sweep": {name: notice.sweep(told(channel, **facts)) for name, facts in sweeps.items()},
        "notice.sweep_worse": {"": notice.sweep_worse(told(channel, SALARY_COUNTS=counts))},
        "notice.no_rate": {"": notice.no_rate(told(finance, COMPLETENESS={"currency": "SEK", "days": 35}))},
    }


def _gate() -> dict[str, Cases]:
    facts: dict[Fact, dict[str, Any]] = {
        Fact.PERIOD: {"label": "2026-11", "since": "2026-11-16T12:00:00+00:00"},
        Fact.LIMIT_NAME: {"gateway": "LiteLLM & co", "status": "refused", "code": "unknown_person"},
        Fact.NAME: ADA,
    }
    mine = Visible(Audience.PERSON, {**facts, Fact.REQUESTED: {"approved": 500 * USD}})
    finance = Visible(Audience.FINANCE, facts)
    return {
        "gate.in_effect": {"": gate.in_effect(mine)},
        "gate.not_in_effect": {"": gate.not_in_effect(mine)},
        "gate.not_in_effect_finance": {"": gate.not_in_effect_finance(finance)},
        "gate.unauthorised": {"": gate.unauthorised(finance)},
    }


def cases() -> dict[str, Cases]:
    """All of them, by view."""
    sentence = answer.sentence(SENTENCE)
    return {
        **_ledger(),
        **_top_up(),
        **_delegation(),
        **_notice(),
        **_gate(),
        "report.digest": {
            "": digest(),
            "too-few": digest(**(TOO_FEW | {"chart": DIGEST["chart"]})),
            "no-usage": digest(any=False, **TOO_FEW),
        },
        "answer.sentence": {"stranger": sentence},
        "answer.told": {"": answer.told(Visible(Audience.PERSON, {Fact.BUDGET: {"text": SENTENCE}}))},
        "answer.as_modal": {
            "stranger": answer.as_modal(sentence),
            "why": answer.as_modal(ledger.why(own(BUDGET={"entries": ENTRIES}))),
        },
        "answer.as_home": {"stranger": answer.as_home(sentence)},
    }
