from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import FixedClock
from bot.services.report import digest_is_due, post_digest
from bot.services.roster import import_people
from bot.services.verb import Channels, Company
from tests.services.notice_town import HEADER, USD, Owed, Town

SUNDAY = datetime(2026, 11, 15, 12, tzinfo=UTC)  # the day before the tests' clock
SIX = ("ann", "ben", "cat", "dan", "eve", "fay")
THREE = ("gus", "hal", "ida")


@pytest.fixture
def town(company: Company) -> Town:
    town = Town(company)
    town.hire(*[(name, 120_000) for name in SIX])
    town.hire(*[(name, 120_000) for name in THREE], team="Looms")
    return town


def digest(town: Town) -> list[Owed]:
    post_digest(town.company)
    return town.news("report.digest")


def test_no_digest_before_there_was_any_usage(town: Town) -> None:
    assert digest(town) == []


def test_the_company_and_the_largest_models_of_the_day_before(town: Town) -> None:
    for number, name in enumerate(SIX):
        town.spend(name, 10 + number, at=SUNDAY)
    town.spend("ann", 99)  # today is not in it
    (one,) = digest(town)
    facts = one.facts["COMPANY_SPEND"]
    assert (one.channel, facts["day"]) == ("C0ALERTS", "2026-11-15")
    assert facts["company"] == {"name": "", "nanos": 75 * USD, "trend": None}
    assert facts["teams"] == [{"name": "Engines", "nanos": 75 * USD, "trend": None}]
    assert facts["models"] == [{"name": "model-a", "nanos": 75 * USD}]
    assert facts["cache"] == "3/4"
    assert facts["chart"] == [{"day": "2026-11-15", "nanos": 75 * USD}]


def test_a_small_team_is_left_out_and_takes_the_next_smallest_with_it(town: Town) -> None:
    for name in (*SIX, *THREE):
        town.spend(name, 10, at=SUNDAY)
    facts = digest(town)[0].facts["COMPANY_SPEND"]
    assert facts["company"]["nanos"] == 90 * USD
    assert facts["teams"] == []


def test_whose_team_nobody_knows_cannot_be_had_by_subtraction(town: Town) -> None:
    row = "new@example.com,New,Engines,,,120000,,,USD,2026-11-16"  # joins the day after
    import_people(town.company, f"{HEADER}\n{row}", by="test")
    for name in SIX:
        town.spend(name, 10, at=SUNDAY)
    town.spend("new", 7, at=SUNDAY)
    facts = digest(town)[0].facts["COMPANY_SPEND"]
    assert facts["company"]["nanos"] == 67 * USD
    assert facts["teams"] == []  # the company's line less the team's would be one person's spend


@pytest.mark.parametrize("spent", [(10, 10, 10, 10), (50, 10, 10, 10, 10)])
def test_a_company_of_few_or_of_one_is_not_shown(town: Town, spent: tuple[int, ...]) -> None:
    for name, usd in zip(SIX, spent, strict=False):
        town.spend(name, usd, at=SUNDAY)
    facts = digest(town)[0].facts["COMPANY_SPEND"]
    hidden = [facts[name] for name in ("company", "teams", "models", "cache", "chart")]
    assert hidden == [None, [], [], None, []]
    assert facts["any"] is True


def test_unattributed_and_unpriced_are_lines_of_their_own(town: Town) -> None:
    town.spend("stranger", 7, at=SUNDAY)
    facts = digest(town)[0].facts["COMPANY_SPEND"]
    assert facts["unattributed_nanos"] == 7 * USD
    assert facts["company"] is None


def test_the_trend_is_against_the_mean_of_the_days_since_the_first_spend(town: Town) -> None:
    for name in SIX:
        town.spend(name, 10, at=SUNDAY - timedelta(days=2))
        town.spend(name, 10, at=SUNDAY)
    facts = digest(town)[0].facts["COMPANY_SPEND"]
    assert facts["company"]["trend"] == "1"  # 60 against 60 in two days
    assert [point["day"] for point in facts["chart"]] == ["2026-11-13", "2026-11-15"]


def test_one_digest_a_day_and_one_after_a_month_of_silence(town: Town, clock: FixedClock) -> None:
    town.spend("ann", 1, at=SUNDAY)
    assert len(digest(town)) == 1
    assert not digest_is_due(town.company)
    clock.at = clock.at.replace(hour=8, minute=59) + timedelta(days=1)
    assert digest(town) == []
    clock.at += timedelta(minutes=1)
    assert digest_is_due(town.company)
    assert len(digest(town)) == 1
    clock.at += timedelta(days=30)
    (one,) = digest(town)
    assert one.facts["COMPANY_SPEND"]["any"] is False
    assert digest(town) == []


def test_without_an_alerts_channel_finance_gets_it(town: Town) -> None:
    town.hire(("fin", 120_000), team="Money", role="finance")
    town.company = Company(town.company.database, town.company.clock, Channels())
    town.spend("ann", 1, at=SUNDAY)
    (one,) = digest(town)
    assert (one.channel, one.person_id) == (None, town.id("fin"))
