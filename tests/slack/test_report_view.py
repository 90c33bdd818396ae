from typing import Any

from bot.rules.audience import Audience, Fact, Visible
from bot.sandbox.blocks import message_problems
from bot.slack.views import VIEWS
from bot.slack.views.kit import Rendered

USD = 1_000_000_000
FULL: dict[str, Any] = {
    "day": "2026-11-15",
    "any": True,
    "company": {"name": "", "nanos": 1234 * USD, "trend": "1/4"},
    "teams": [
        {"name": "Engines <!here>", "nanos": 900 * USD, "trend": "-1/10"},
        {"name": "Looms", "nanos": USD, "trend": None},
    ],
    "models": [{"name": "claude-opus", "nanos": 800 * USD}],
    "cache": "3/4",
    "unattributed_nanos": 5 * USD,
    "unpriced_events": 1,
    "chart": [{"day": f"2026-11-{day:02}", "nanos": day * USD} for day in range(2, 16)],
}  # fmt: skip

NOTHING: dict[str, Any] = {
    "company": None, "teams": [], "models": [], "cache": None, "chart": [], "unattributed_nanos": 0,
    "unpriced_events": 0,
}  # fmt: skip


def drawn(**changes: Any) -> Rendered:
    rendered = VIEWS["report.digest"](Visible(Audience.CHANNEL, {Fact.COMPANY_SPEND: FULL | changes}))
    assert message_problems(rendered.blocks) == []
    return rendered


def test_the_whole_of_it() -> None:
    text = drawn().text
    for part in (
        "$1,234.00 of AI spend on Sun 15 Nov, 25\u00a0% more than on an average day of the week before.",
        "75\u00a0% of input tokens came from a cache.",
        "Team Engines &lt;!here&gt;: $900.00, 10\u00a0% less than",
        "Team Looms: $1.00.",
        "Most spent on `claude-opus` $800.00.",
        "Unattributed: $5.00 that leads to no person or team yet.",
        "Unpriced: 1 call of models without a known price.",
    ):
        assert part in text


def test_teams_are_a_table_whose_values_say_no_more_than_their_texts() -> None:
    team = {"name": "Looms", "nanos": 1_234_567_891, "trend": "1234567/5000000"}
    table = next(block for block in drawn(teams=[team]).blocks if block["type"] == "data_table")
    assert table["rows"][1] == [
        {"type": "raw_text", "text": "Looms"},
        {"type": "raw_number", "value": 1.23, "text": "$1.23"},
        {"type": "raw_number", "value": 0.25, "text": "+25\u00a0%"},
    ]


def test_the_chart_stands_beside_the_text() -> None:
    charts = [block for block in drawn().blocks if block["type"] == "data_visualization"]
    assert len(charts) == 1
    assert len(charts[0]["chart"]["series"][0]["data"]) == 14


def test_one_day_makes_no_chart() -> None:
    assert not [block for block in drawn(chart=FULL["chart"][:1]).blocks if block["type"] == "data_visualization"]


def test_a_company_too_small_to_be_shown_is_not_shown() -> None:
    rendered = drawn(**NOTHING)
    assert "too few people spent" in rendered.text
    assert not any(sign in rendered.text + str(rendered.blocks) for sign in ("$", "%"))


def test_a_cache_that_was_hardly_used_is_not_worth_a_line() -> None:
    assert "cache" not in drawn(cache="1/1000").text
    assert "cache" in drawn(cache="1/100").text


def test_a_day_without_usage() -> None:
    empty = drawn(any=False, **NOTHING)
    assert "No AI usage was recorded on Sun 15 Nov." in empty.text


def test_a_trend_too_small_to_tell() -> None:
    assert "as on an average day" in drawn(company={"name": "", "nanos": USD, "trend": "1/1000"}).text
