"""What requests look like: only what may be seen, nobody called by accident, nothing that Slack refuses."""

from typing import Any

import pytest

from bot.rules.audience import Audience, Fact, NotForThisAudience, Visible
from bot.sandbox.blocks import message_problems, view_problems
from bot.slack.views import VIEWS, top_up_modal
from bot.slack.views import top_up as views

USD = 1_000_000_000
EVIL = "<!channel> <@U0EVE> <https://evil.example|here> & co"
ADA = {"name": "Ada <!here>", "slack_id": "U0ADA"}
GRACE = {"person_id": 2, "name": "Grace", "slack_id": "U0GRACE"}
FLO = {"person_id": 3, "name": "Flo", "slack_id": None}
STATUSES = ("pending", "approved", "denied", "withdrawn", "expired", "period_ended")


def facts(status: str = "pending", **changes: Any) -> dict[Fact, dict[str, Any]]:
    requested = {
        "top_up_id": 12,
        "version": 3,
        "steps": [{"position": 1, "decided_by": None, "on_behalf_of": None, "allowed": None}],
        "at_most": 1300 * USD,
        "status": status,
        "step": "manager",
        "asked": 1300 * USD,
        "approved": 800 * USD if status == "approved" else None,
        "reason": EVIL,
        "deciders": [GRACE] if status == "pending" else [],
        "decided_by": GRACE if status in {"approved", "denied"} else None,
        "expires_at": "2026-07-28T09:12:00+00:00",
        "until": "2026-07-25T00:00:00+00:00" if status == "approved" else None,
    }
    return {
        Fact.NAME: {"person": ADA},
        Fact.PERIOD: {"label": "2026-07", "ends_at": "2026-08-01T00:00:00+00:00"},
        Fact.REQUESTED: requested | changes,
    }


def channel(status: str = "pending", **changes: Any) -> Visible:
    return Visible(Audience.CHANNEL, facts(status, **changes))


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("kind", ["top_up.card", "top_up.ask_decision", "top_up.outcome"])
def test_every_status_is_drawn_and_calls_nobody_by_accident(status: str, kind: str) -> None:
    if kind == "top_up.outcome" and status in {"pending", "withdrawn"}:
        return
    audience = Audience.PERSON if kind == "top_up.outcome" else Audience.CHANNEL
    drawn = VIEWS[kind](Visible(audience, facts(status)))
    assert message_problems(drawn.blocks) == []
    for text in (drawn.text, str(drawn.blocks)):
        assert "<!channel>" not in text
        assert "<!here>" not in text
        assert "<@U0EVE>" not in text
        assert "<https" not in text
        assert "&lt;!channel&gt;" in text


@pytest.mark.parametrize("step", ["manager", "auto"])
def test_the_card_says_both_figures(step: str) -> None:
    text = views.card(channel("approved", step=step)).text
    assert "$1,300" in text
    assert "$800 of the $1,300" in text or step == "auto"


def test_each_outcome_has_its_own_words() -> None:
    drawn = {status: views.card(channel(status)).text for status in STATUSES}
    assert len(set(drawn.values())) == len(STATUSES)
    assert "denied" not in drawn["expired"] + drawn["period_ended"] + drawn["withdrawn"]
    assert "July ended before anybody decided" in drawn["period_ended"]


def test_the_question_mentions_whoever_decides_once() -> None:
    drawn = views.ask_decision(channel(deciders=[GRACE, FLO]))
    assert drawn.text.startswith("<@U0GRACE> or Flo, Ada")
    assert drawn.text.count("<@U0GRACE>") == 1
    ids = [element["action_id"] for element in drawn.blocks[1]["elements"]]
    assert ids == ["top_up.approve", "top_up.amount", "top_up.deny", "top_up.details"]
    assert {element["value"] for element in drawn.blocks[1]["elements"]} == {"12:3"}
    assert "`approve 650 until friday`" in str(drawn.blocks[2])


@pytest.mark.parametrize("status", STATUSES[1:])
def test_a_decided_question_has_no_buttons(status: str) -> None:
    assert [block["type"] for block in views.ask_decision(channel(status)).blocks] == ["section"]


def test_a_channel_cannot_be_shown_a_balance() -> None:
    with pytest.raises(NotForThisAudience):
        Visible(Audience.CHANNEL, {**facts(), Fact.BUDGET: {"available": 1}})
    with pytest.raises(NotForThisAudience):
        Visible(Audience.APPROVER, {**facts(), Fact.BUDGET: {"available": 1}})


def test_the_requester_is_told_what_is_left_and_why_not() -> None:
    approved = views.outcome(
        Visible(Audience.PERSON, {**facts("approved"), Fact.BUDGET: {"available": 20_098_770_000_000}})
    )
    assert "$20,098.77 left for July" in approved.text
    denied = views.outcome(Visible(Audience.PERSON, facts("denied", note="too <early>")))
    assert "Grace: too &lt;early&gt;" in denied.text
    for status in ("expired", "period_ended"):
        again = views.outcome(Visible(Audience.PERSON, facts(status)))
        assert again.blocks[-1]["elements"][0]["action_id"] == "top_up.again"


def test_what_was_typed_is_quoted_and_harmless() -> None:
    typed = {Fact.REQUESTED: {"typed": f"approve {EVIL} {'x' * 5000}", "sentence": "Type `approve` & be done."}}
    drawn = views.reply_question(Visible(Audience.APPROVER, typed))
    assert message_problems(drawn.blocks) == []
    assert drawn.text.startswith("Type `approve` &amp; be done. You typed: approve &lt;!channel&gt;")


@pytest.mark.parametrize("reason", [EVIL, "x" * 500, "&" * 500])
def test_every_form_is_one_that_slack_takes(reason: str) -> None:
    own = Visible(
        Audience.PERSON,
        {
            Fact.PERIOD: {"label": "2026-07"},
            Fact.BUDGET: {
                "available": -5 * USD,
                "runs_out_on": "2026-07-28",
                "last_on": "2026-07-31",
                "enough": 2000 * USD,
            },
        },
    )
    earlier = {"at": "2026-07-01T00:00:00+00:00", "asked": USD, "approved": None, "status": "period_ended"}
    told = {**facts(reason=reason, earlier=[earlier] * 5), Fact.SPEND: {"spent": USD, "a_day": USD}}
    approver = Visible(Audience.APPROVER, {**told, Fact.LASTS: {"lasts": False}})
    forms = [
        top_up_modal.ask(own, reason=reason),
        top_up_modal.confirm(wanted="20M tokens", nanos=1_000_000 * USD, value="{}"),
        top_up_modal.amount(approver),
        top_up_modal.deny(approver),
        top_up_modal.details(approver),
    ]
    for form in forms:
        assert view_problems(form, ("modal",)) == []
    assert "$2,000" in str(forms[0])
    confirming = views.confirm(wanted="20M tokens", nanos=2000 * USD, reason=reason, value="x" * 2000)
    assert message_problems(confirming.blocks) == []
