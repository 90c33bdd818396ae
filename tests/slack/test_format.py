from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import format as fmt
from bot.slack.views import kit

USD = 1_000_000_000


@pytest.mark.parametrize(
    ("nanos", "shown"),
    [
        (20_833_333_333_333, "$20,833.33"),
        (19_598_773_333_333, "$19,598.77"),
        (0, "$0.00"),
        (-1, "$0.00"),
        (-12_500_000_000, "-$12.50"),
        (5_000_000, "$0.00"),
        (15_000_000, "$0.02"),
        (250_000 * USD, "$250,000.00"),
    ],
)
def test_dollars_round_half_even_to_cents(nanos: int, shown: str) -> None:
    assert fmt.dollars(nanos) == shown


def test_asked_amounts_are_whole_unless_they_have_cents() -> None:
    assert fmt.amount(1300 * USD) == "$1,300"
    assert fmt.amount(1300 * USD + 500_000_000) == "$1,300.50"


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, "1 token"),
        (9_312, "9,312 tokens"),
        (123_456, "about 123,000 tokens"),
        (999_999_999, "about 1 billion tokens"),
        (1_234_000_000, "about 1.2 billion tokens"),
        (-2_000_000, "about -2 million tokens"),
    ],
)
def test_token_counts_are_words(count: int, shown: str) -> None:
    assert fmt.tokens(count) == shown


def test_shares_have_a_no_break_space() -> None:
    assert fmt.share(Fraction(38, 100)) == "38\u00a0%"
    assert fmt.share(Fraction(100, 475), 1) == "21.1\u00a0%"


def test_dates_are_the_readers_own_with_a_fallback_in_their_zone() -> None:
    instant = datetime(2026, 7, 31, 22, 0, tzinfo=UTC)
    stockholm = ZoneInfo("Europe/Stockholm")
    assert fmt.slack_date(instant, stockholm) == "<!date^1785535200^{date_short_pretty}|Sat 1 Aug 00:00>"
    assert fmt.zone_or_utc("No/Such") == ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("label", "name"), [("2026-07", "July"), ("2026-Q3", "Q3 2026"), ("2026", "2026")]
)  # fmt: skip
def test_periods_have_names(label: str, name: str) -> None:
    assert fmt.period_name(label) == name


@given(st.text())
def test_escaped_text_can_call_nobody(text: str) -> None:
    for shown in (fmt.escape(text), fmt.code(text), fmt.mention({"name": text})):
        assert "<" not in shown
    assert "\n" not in fmt.code(text)
    assert all(line.startswith("> ") for line in fmt.quote(text).split("\n"))


def test_mentions_reach_whoever_has_a_slack_id() -> None:
    assert fmt.mention({"name": "Ada", "slack_id": "U1"}) == "<@U1>"
    assert fmt.mention({"name": "Ada <b>", "slack_id": None}) == "*Ada &lt;b&gt;*"
    assert fmt.people(["Ada", "Grace", "Linus"], "or") == "Ada, Grace or Linus"
    assert fmt.people([]) == ""


@given(st.text(alphabet="ab &<>@!|", max_size=80), st.integers(min_value=2, max_value=60))
def test_clipping_never_leaves_half_an_entity(text: str, limit: int) -> None:
    shown = kit.clip(fmt.escape(text), limit)
    assert len(shown) <= limit
    assert all(part.startswith(("amp;", "lt;", "gt;")) for part in shown.split("&")[1:])


def test_day() -> None:
    assert fmt.day(date(2026, 7, 28)) == "Tue 28 Jul"
