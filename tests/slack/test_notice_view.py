from typing import Any

import pytest

from bot.rules.audience import Audience, Fact, Visible
from bot.sandbox.blocks import message_problems
from bot.slack.views import VIEWS
from bot.slack.views.kit import Rendered

USD = 1_000_000_000
PERIOD = {"label": "2026-11", "first_on": "2026-11-01", "end": "2026-12-01T00:00:00+00:00", "over": False}
PAY = {
    "step": 1, "near": "4/5", "spent_nanos": 35_000 * USD, "salary_nanos": 41_666_666_666_667, "finance_told": True,
    "person_told": True, "channel": "counts",
}  # fmt: skip
BUDGET = {"line": "4/5", "spent_nanos": 800 * USD, "budget_nanos": 1000 * USD, "enforcement": "notify"}
ADA = {"name": "Ada <!channel>", "slack_id": None}


def drawn(kind: str, audience: Audience, **facts: dict[str, Any]) -> Rendered:
    seen = {Fact[name]: values for name, values in {"PERIOD": PERIOD, **facts}.items()}
    rendered = VIEWS[kind](Visible(audience, seen))
    assert message_problems(rendered.blocks) == []
    return rendered


def words(rendered: Rendered) -> str:
    return rendered.text + str(rendered.blocks)


def test_a_budget_line_says_what_is_left_and_what_happens() -> None:
    text = drawn("notice.budget", Audience.PERSON, BUDGET=BUDGET).text
    assert text.startswith("You have spent 80\u00a0% of your November budget: $800.00 of $1,000.00, $200.00 left.")
    assert "If you do nothing, nothing is blocked at $0. What is left ends with November, Tue 1 Dec." in text


def test_who_else_got_it_is_said() -> None:
    assert "Only you got this." in words(drawn("notice.budget", Audience.PERSON, BUDGET=BUDGET))


def test_a_spent_budget_is_said_to_be_spent() -> None:
    exact = drawn("notice.budget", Audience.PERSON, BUDGET=BUDGET | {"line": "1", "spent_nanos": 1000 * USD})
    assert exact.text.startswith("Your November budget is spent: $1,000.00 of $1,000.00, $0.00 left.")
    over = drawn("notice.budget", Audience.PERSON, BUDGET=BUDGET | {"line": "1", "spent_nanos": 1100 * USD})
    assert "$100.00 over" in over.text
    assert "at $0" not in words(over)
    assert "What is left" not in words(over)


def test_a_budget_that_is_enforced_is_not_called_free() -> None:
    assert "nothing is blocked" not in words(
        drawn("notice.budget", Audience.PERSON, BUDGET=BUDGET | {"enforcement": "hard"})
    )


def test_near_salary_gives_the_person_figures_and_says_who_else_knows() -> None:
    text = drawn("notice.salary", Audience.PERSON, PAY=PAY).text
    assert "near your salary (80\u00a0% or more) for November" in text
    assert "$35,000.00 of AI spend beside $41,666.67 of base salary for the whole period (84.0\u00a0%)" in text
    assert "Finance got the same figures. The alerts channel gets a count of people, without names or figures." in text


@pytest.mark.parametrize(("step", "lead"), [(2, "above your salary"), (3, "above 150\u00a0% of your salary")])
def test_above_salary(step: int, lead: str) -> None:
    text = drawn("notice.salary", Audience.PERSON, PAY=PAY | {"step": step}).text
    assert lead in text
    assert ("No channel is told of this step." in text) == (step > 2)


def test_where_nobody_else_knows_it_says_so() -> None:
    text = drawn("notice.salary", Audience.PERSON, PAY=PAY | {"finance_told": False, "channel": "off"}).text
    assert "Nobody else got these figures. No channel is told." in text


def test_finance_gets_the_name_made_harmless_and_the_figures() -> None:
    rendered = drawn("notice.salary_finance", Audience.FINANCE, PAY=PAY, NAME=ADA)
    assert "The AI spend of Ada &lt;!channel&gt; is near their salary" in rendered.text
    assert "<!channel>" not in words(rendered)
    assert "They got the same figures." in rendered.text


def test_finance_learns_that_somebody_who_left_was_not_told() -> None:
    rendered = drawn("notice.salary_finance", Audience.FINANCE, PAY=PAY | {"person_told": False}, NAME=ADA)
    assert "They have left and were not told." in rendered.text


@pytest.mark.parametrize(
    ("near", "above", "sentence"),
    [
        (1, 1, "November: 1 person with AI spend near salary, 1 above. They and finance know."),
        (2, 1, "November: 2 people with AI spend near salary, 1 above. They and finance know."),
        (2, 0, "November: 2 people with AI spend near salary. They and finance know."),
        (0, 1, "November: 1 person with AI spend above salary. They and finance know."),
        (0, 3, "November: 3 people with AI spend above salary. They and finance know."),
        (0, 0, "November: nobody's AI spend is near or above their salary any more."),
    ],
)
def test_counts_for_the_channel(near: int, above: int, sentence: str) -> None:
    counts = {"near": near, "above": above, "finance_told": True}
    assert drawn("notice.sweep", Audience.CHANNEL, SALARY_COUNTS=counts).text.startswith(sentence)
    assert sentence in drawn("notice.sweep_worse", Audience.CHANNEL, SALARY_COUNTS=counts).text


def test_names_for_the_channel_carry_bands_and_no_figures() -> None:
    bands = {"near": ["Ada", "Bob"], "above": ["<!here>"], "finance_told": False}
    rendered = drawn("notice.sweep", Audience.CHANNEL, SALARY_BANDS=bands)
    assert "AI spend is near salary for Ada and Bob, and above salary for &lt;!here&gt;. They know." in rendered.text
    assert not any(sign in words(rendered) for sign in ("$", "%"))


@pytest.mark.parametrize(
    ("near", "more", "said"),
    [
        (["Ada"], 2, "near salary for Ada and 2 more."),
        ([], 1, "near salary for 1 person."),
        ([], 2, "near salary for 2 people."),
    ],
)
def test_who_may_not_be_named_is_counted(near: list[str], more: int, said: str) -> None:
    bands = {"near": near, "near_more": more, "above": [], "above_more": 0, "finance_told": False}
    assert said in drawn("notice.sweep", Audience.CHANNEL, SALARY_BANDS=bands).text


def test_channel_posts_carry_no_figure_but_the_counts() -> None:
    counts = {"near": 2, "above": 1, "finance_told": True}
    assert not any(sign in words(drawn("notice.sweep", Audience.CHANNEL, SALARY_COUNTS=counts)) for sign in ("$", "%"))


def test_finance_learns_why_there_are_no_notices() -> None:
    text = drawn("notice.no_rate", Audience.FINANCE, COMPLETENESS={"currency": "SEK", "days": 35}).text
    assert "people paid in SEK in November" in text
    assert "import rates" in text
