from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.audience import Audience, Fact, NotForThisAudience, Visible
from bot.sandbox.blocks import message_problems, view_problems
from bot.slack.views import answer, home, ledger
from bot.slack.views.kit import Rendered
from tests.slack.conftest import JULY, USD, WAITING, Draw

RENDERERS = [ledger.balance, ledger.history, ledger.why]
NASTY = "<!channel> & `" + "x" * 3000


def days(nanos: int = 12 * USD) -> list[dict[str, Any]]:
    first = date(2026, 7, 8)
    return [{"on": (first + timedelta(days=n)).isoformat(), "nanos": nanos} for n in range(14)]


def entries(count: int, what: str = "allotment") -> list[dict[str, Any]]:
    return [{"on": "2026-07-01", "what": what, "nanos": (-1) ** n * USD} for n in range(count)]


def shown(rendered: Rendered) -> str:
    """What Slack reads for mentions: cells of tables are plain text."""
    return rendered.text + str([block for block in rendered.blocks if block["type"] != "data_table"])


def test_balance_says_what_is_left_until_when_and_what_drives_it(july: Draw) -> None:
    rendered = ledger.balance(july(REQUESTED=WAITING))
    assert rendered.text == (
        "$2,285.40 left for July, about 1.2 billion tokens at your 30-day mix."
        " Granted $10,500.00 (allotment $10,000.00 + top-ups $500.00), spent $8,214.60."
        " Runs out about Tue 28 Jul (27\u201330), July ends Sat 1 Aug 01:00 your time."
        " Biggest driver: `nightly-migration` $3,120.00 (38\u00a0% of your spend)."
        " Waiting: $1,300, with Grace since Tue 21 Jul 09:12."
        " Nothing is blocked at $0. Unspent budget ends with July."
        " As of Tue 21 Jul 14:05, LiteLLM live, imported files to Mon 20 Jul 03:00."
    )
    first, *_, last = rendered.blocks[0]["text"]["text"].splitlines()
    assert first == "*$2,285.40 left for July* · about 1.2 billion tokens at your 30-day mix"
    assert last == "Nothing is blocked at $0. Unspent budget ends with July."


def test_files_are_never_called_live(july: Draw) -> None:
    now = "2026-07-21T11:00:00+00:00"
    text = ledger.balance(july(COMPLETENESS={"sources": [{"name": "file", "complete_to": now}]})).text
    assert text.endswith("imported files to Tue 21 Jul 14:00.")


def test_a_negative_balance_is_shown_as_one(july: Draw) -> None:
    text = ledger.balance(july(BUDGET={"available": -120 * USD, "run_out": None, "tokens_left": None})).text
    assert text.startswith("-$120.00 left for July, $120.00 more is spent than was granted")
    assert "Runs out" not in text


def test_without_budget_it_says_why_and_shows_no_percentage(july: Draw) -> None:
    none = {
        "available": 0, "granted": 0, "allotment": 0, "top_ups": 0, "tokens_left": None, "run_out": None,
        "has_allotment": False,
    }  # fmt: skip
    text = ledger.balance(july(BUDGET=none, SPEND={"spent": 0, "driver": None})).text
    assert text.startswith("You have no AI budget for July, policy finds no base salary")
    assert "`/topup` asks for a budget." in text
    assert "Granted" not in text
    assert "%" not in text
    text = ledger.balance(july(BUDGET={**none, "no_rate_currency": "SEK"})).text
    assert "your pay is in SEK, and finance has imported no exchange rate for it yet." in text


def test_the_fallback_text_has_no_slack_dates_and_the_blocks_do(july: Draw) -> None:
    rendered = ledger.balance(july(REQUESTED=WAITING))
    assert "<!date" not in rendered.text
    assert str(rendered.blocks).count("<!date") == 4


def test_history_is_a_chart_with_the_same_in_words(july: Draw) -> None:
    rendered = ledger.history(july(SPEND={"days": days()}))
    assert "data_visualization" in {block["type"] for block in rendered.blocks}
    assert rendered.text.startswith("$168.00 in the last 14 days, $12.00 a day on average, most on Wed 8 Jul")
    assert "21 Jul $12.00" in rendered.text


def test_history_without_usage_says_so(july: Draw) -> None:
    rendered = ledger.history(july(SPEND={"days": days(0)}))
    assert rendered.text == "No usage of yours has been reported in the last 14 days."
    assert not message_problems(rendered.blocks)


def test_why_lists_the_movements_and_counts_what_it_leaves_out(july: Draw) -> None:
    rendered = ledger.why(july(BUDGET={"entries": entries(200)}))
    assert rendered.text.startswith("Why $2,285.40 is left for July. Wed 1 Jul, +$1.00, allotment.")
    assert "\u2212$1.00" in rendered.text
    assert "100 more are not shown" in rendered.text
    assert "100 more are not shown" in str(rendered.blocks[-1])


def test_figures_stand_below_each_other(july: Draw) -> None:
    table = ledger.why(july(BUDGET={"entries": entries(3)})).blocks[1]
    assert [row[-1]["type"] for row in table["rows"]] == ["raw_text", *["raw_number"] * 3]
    assert [cell["text"] for cell in table["rows"][-1]] == ["Wed\u00a01\u00a0Jul", "allotment", "$1.00"]


def test_help_names_only_what_is_there_and_guesses_what_was_meant() -> None:
    assert "`/tokens why`" in ledger.help_().text
    assert not any(later in ledger.help_().text for later in ("models", "agents", "statement", "leaderboard", "admin"))
    assert ledger.help_("histroy", "history").text.startswith(
        "I do not know `histroy`. Did you mean `/tokens history`?"
    )
    assert "<" not in ledger.help_("<!channel>" * 100, None).text


@pytest.mark.parametrize("render", RENDERERS)
def test_every_answer_is_valid_for_slack_however_long_the_names(render: Any, july: Draw) -> None:
    visible = july(
        SPEND={"days": days(), "driver": {"name": NASTY, "nanos": USD, "share": 1.0}, "unpriced_events": 3},
        BUDGET={"entries": entries(500, NASTY)},
        REQUESTED={**WAITING, "approver": NASTY},
        COMPLETENESS={"sources": [{"name": NASTY, "complete_to": "2026-07-21T11:00:00+00:00"}] * 20},
    )
    rendered = render(visible)
    assert not message_problems(rendered.blocks)
    assert "<!channel" not in shown(rendered)
    assert len(rendered.text) <= 40_000
    assert not view_problems(answer.as_modal(rendered), ("modal",))


def test_home_is_valid_for_slack_however_long_the_names(july: Draw) -> None:
    view = home.home(
        july(
            SPEND={"days": days(), "driver": {"name": NASTY, "nanos": USD, "share": 1.0}},
            BUDGET={"entries": entries(500, NASTY)},
            REQUESTED={**WAITING, "approver": NASTY},
        )
    )
    assert not view_problems(view, ("home",))
    assert {"data_table"} <= {block["type"] for block in view["blocks"]}
    assert "home.withdraw" in str(view)


def test_home_without_usage_or_request_is_valid_too(july: Draw) -> None:
    view = home.home(july(SPEND={"days": days(0), "driver": None}))
    assert not view_problems(view, ("home",))
    assert "home.withdraw" not in str(view)


@pytest.mark.parametrize("audience", [a for a in Audience if a not in {Audience.PERSON, Audience.FINANCE}])
def test_nobody_else_can_be_shown_a_balance(audience: Audience) -> None:
    with pytest.raises(NotForThisAudience):
        Visible(audience, JULY)
    with pytest.raises(NotForThisAudience):
        ledger.balance(Visible(audience, {Fact.PERIOD: JULY[Fact.PERIOD]}))


@given(name=st.text(max_size=300), left=st.integers(-(10**18), 10**18), tokens=st.none() | st.integers(0, 10**15))
def test_any_figure_and_name_can_be_drawn(name: str, left: int, tokens: int | None) -> None:
    facts = {fact: dict(values) for fact, values in JULY.items()}
    facts[Fact.BUDGET].update(available=left, tokens_left=tokens)
    facts[Fact.SPEND]["driver"] = {"name": name, "nanos": 1, "share": 0.5}
    rendered = ledger.balance(Visible(Audience.PERSON, facts))
    assert not message_problems(rendered.blocks)
