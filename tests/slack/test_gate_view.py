from typing import Any

import pytest

from bot.rules.audience import Audience, Fact, Visible
from bot.slack.views import VIEWS
from bot.slack.views.kit import Rendered

USD = 10**9


def drawn(kind: str, audience: Audience, **limit: str) -> Rendered:
    facts: dict[Fact, dict[str, Any]] = {
        Fact.PERIOD: {"label": "2026-11", "since": "2026-11-16T12:00:00+00:00"},
        Fact.LIMIT_NAME: {"gateway": "LiteLLM", "status": "in_effect", "code": "", **limit},
    }
    if audience is Audience.PERSON:
        facts[Fact.REQUESTED] = {"approved": 500 * USD}
    else:
        facts[Fact.NAME] = {"name": "Ada <Lovelace>", "slack_id": None}
    return VIEWS[kind](Visible(audience, facts))


def test_in_effect_says_where_and_since_when() -> None:
    text = drawn("gate.in_effect", Audience.PERSON).text
    assert text == "Your top-up of $500 for November is in effect at LiteLLM since Mon 16 Nov 12:00 UTC."


@pytest.mark.parametrize(
    ("status", "code", "why"),
    [
        ("refused", "unknown_person", "It knows nobody by that address."),
        ("refused", "period_length", "Its limits are monthly and your budget periods are not."),
        ("refused", "http_400", "It refused the change (http_400)."),
        ("ignored", "shows_something_else", "It took the change and keeps showing another limit."),
    ],
)
def test_not_in_effect_says_why_who_else_knows_and_what_happens(status: str, code: str, why: str) -> None:
    text = drawn("gate.not_in_effect", Audience.PERSON, status=status, code=code).text
    assert why in text
    assert "Finance was told the same." in text
    assert "If nothing is done" in text


def test_finance_is_told_whose_and_never_how_much() -> None:
    text = drawn("gate.not_in_effect_finance", Audience.FINANCE, status="refused", code="unknown_person").text
    assert text.startswith("The November budget of Ada &lt;Lovelace&gt; is not in effect at LiteLLM.")
    assert "$" not in text


def test_a_gateway_that_does_not_take_the_key() -> None:
    text = drawn("gate.unauthorised", Audience.FINANCE, status="unauthorised", code="http_401").text
    assert text.startswith("LiteLLM does not take Stipend's key, so no budget is written there. It said `http_401`.")
