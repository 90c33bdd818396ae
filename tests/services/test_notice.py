from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.clock import FixedClock
from bot.services.notice import StateMoved, tell_people, until_settled
from bot.services.notice_sweep import sweep, sweep_is_due
from bot.services.policy import import_policy
from bot.services.roster import import_people
from bot.services.round import Round
from bot.services.verb import Channels, Company
from tests.services.notice_town import HEADER, USD, Owed, Town

MONTHLY = 120_000  # a year: 10,000 a month, of which half is the default allotment


@pytest.fixture
def town(company: Company) -> Town:
    town = Town(company)
    town.hire(("ada", MONTHLY), ("bob", MONTHLY))
    town.hire(("fin", MONTHLY), team="Money", role="finance")
    return town


def told(town: Town, *kinds: str) -> list[Owed]:
    done = tell_people(town.company)
    assert done.failed == 0, done.errors
    return town.news(*kinds)


def lines(found: list[Owed]) -> list[str]:
    return [one.facts["BUDGET"]["line"] for one in found]


@pytest.mark.parametrize(
    ("usd", "line"),
    [
        (2499.99, []),
        (2500, ["1/2"]),
        (3999.99, ["1/2"]),
        (4000, ["4/5"]),
        (4999.99, ["4/5"]),
        (5000, ["1"]),
        (5001, ["1"]),
    ],
)
def test_budget_lines_count_at_exactly_their_share(town: Town, usd: float, line: list[str]) -> None:
    town.spend("ada", usd)
    assert lines(told(town, "notice.budget")) == line


def test_a_notice_carries_the_persons_own_figures_to_the_person_only(town: Town) -> None:
    town.spend("ada", 4000)
    (one,) = told(town)
    assert (one.kind, one.person_id, one.channel) == ("notice.budget", town.id("ada"), None)
    assert one.facts["BUDGET"] == {
        "line": "4/5", "spent_nanos": 4000 * USD, "budget_nanos": 5000 * USD, "enforcement": "notify",
    }  # fmt: skip
    assert one.facts["PERIOD"]["label"] == "2026-11"


def test_a_line_is_told_once_and_each_higher_one_again(town: Town) -> None:
    found = []
    for usd in (2500, 10, 1490, 1000, 10):
        town.spend("ada", usd)
        found += lines(told(town, "notice.budget"))
        assert told(town) == []
    assert found == ["1/2", "4/5", "1"]


def test_near_counts_at_its_line_and_above_beyond_the_salary(town: Town) -> None:
    kinds = ("notice.salary", "notice.salary_finance")
    steps: list[Any] = []
    for usd in (7999.99, 0.01, 2000, 0.01, 4999.99, 0.01):
        town.spend("ada", usd)
        steps.append([(one.kind, one.person_id, one.facts["PAY"]["step"]) for one in told(town, *kinds)])
    ada, fin = town.id("ada"), town.id("fin")
    assert steps == [
        [],
        [("notice.salary", ada, 1), ("notice.salary_finance", fin, 1)],
        [],
        [("notice.salary", ada, 2), ("notice.salary_finance", fin, 2)],
        [],
        [("notice.salary", ada, 3), ("notice.salary_finance", fin, 3)],
    ]


def test_finance_gets_name_and_figures_and_the_salary_is_the_whole_periods(town: Town) -> None:
    town.spend("ada", 9000)
    (one,) = told(town, "notice.salary_finance")
    assert one.facts["NAME"]["name"] == "Ada"
    assert (one.facts["PAY"]["spent_nanos"], one.facts["PAY"]["salary_nanos"]) == (9000 * USD, 10_000 * USD)


def test_finance_people_are_not_told_twice_about_themselves(town: Town) -> None:
    town.spend("fin", 9000)
    found = told(town, "notice.salary", "notice.salary_finance")
    assert [(one.kind, one.facts["PAY"]["finance_told"]) for one in found] == [("notice.salary", False)]


def test_somebody_without_a_salary_is_compared_with_nothing(town: Town) -> None:
    town.hire(("zoe", 0))
    town.spend("zoe", 9000)
    assert told(town) == []


def test_a_missing_rate_is_told_to_finance_once_and_to_nobody_else(town: Town) -> None:
    town.hire(("eva", MONTHLY), currency="EUR")
    town.spend("eva", 9000)
    found = told(town)
    assert [(one.kind, one.person_id) for one in found] == [("notice.no_rate", town.id("fin"))]
    assert told(town) == []


def test_late_usage_of_the_month_before_still_tells(town: Town, clock: FixedClock) -> None:
    clock.at = datetime(2026, 11, 30, 12, tzinfo=UTC)
    town.spend("ada", 2500)
    told(town)
    clock.at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    town.spend("ada", 2500, at=datetime(2026, 11, 30, 23, tzinfo=UTC))
    (one,) = told(town, "notice.budget")
    assert one.facts["BUDGET"]["line"] == "1"
    assert (one.facts["PERIOD"]["label"], one.facts["PERIOD"]["over"]) == ("2026-11", True)


def test_a_new_period_begins_from_the_beginning(town: Town, clock: FixedClock) -> None:
    town.spend("ada", 5000)
    told(town)
    clock.at = datetime(2026, 12, 10, 12, tzinfo=UTC)
    town.spend("ada", 2500)
    assert lines(told(town, "notice.budget")) == ["1/2"]


def test_thresholds_are_policys(town: Town, clock: FixedClock) -> None:
    clock.at += timedelta(seconds=1)
    import_policy(town.company, "[notices]\nbudget = [0.25]\nsalary_near = 0.5\n", by="test")
    clock.at += timedelta(seconds=1)
    town.spend("ada", 5000)
    found = told(town)
    assert [one.kind for one in found] == ["notice.budget", "notice.salary", "notice.salary_finance"]
    assert found[0].facts["BUDGET"]["line"] == "1/4"


def test_one_persons_failure_is_counted_and_the_rest_are_told(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from bot.services import ledger  # noqa: PLC0415

    town.spend("ada", 3000)
    town.spend("bob", 3000)
    right = ledger.standing
    broken = town.id("ada")

    def standing(tx: Any, account: Any) -> Any:
        if account.person_id == broken:
            raise RuntimeError("with a salary in it")
        return right(tx, account)

    monkeypatch.setattr(ledger, "standing", standing)
    done = tell_people(town.company)
    assert done == Round(1, 1, frozenset({"RuntimeError"}))
    assert [one.person_id for one in town.news()] == [town.id("bob")]


def swept(town: Town, *, scheduled: bool = False) -> list[Owed]:
    told(town)
    sweep(town.company, scheduled=scheduled)
    return town.news()


def test_the_channel_gets_counts_after_the_people_themselves(town: Town) -> None:
    town.spend("ada", 8500)
    town.spend("bob", 12_000)
    tell_people(town.company)
    dms = {one.uid for one in town.news("notice.salary", "notice.salary_finance")}
    (post,) = swept(town)
    assert (post.kind, post.channel) == ("notice.sweep", "C0ALERTS")
    assert post.facts == {
        "PERIOD": post.facts["PERIOD"],
        "SALARY_COUNTS": {"near": 1, "above": 1, "finance_told": True},
    }
    assert set(post.after) == dms


def test_another_sweep_says_nothing_and_the_next_day_changes_the_message(town: Town, clock: FixedClock) -> None:
    town.spend("ada", 8500)
    (post,) = swept(town)
    town.spend("bob", 12_000)
    assert swept(town) == []
    clock.at += timedelta(days=1)
    edit, reply = swept(town)
    assert (edit.kind, edit.edits, edit.parent_uid) == ("notice.sweep", True, post.uid)
    assert (reply.kind, reply.edits, reply.parent_uid) == ("notice.sweep_worse", False, post.uid)
    assert reply.facts["SALARY_COUNTS"] == {"near": 1, "above": 1, "finance_told": True}
    assert swept(town) == []


def test_a_sweep_with_nothing_to_say_keeps_the_days_slot(town: Town) -> None:
    assert swept(town) == []
    town.spend("ada", 8500)
    assert [one.kind for one in swept(town)] == ["notice.sweep"]


def test_the_schedule_looks_once_a_day_so_that_a_post_tells_no_time(town: Town, clock: FixedClock) -> None:
    assert sweep_is_due(town.company)
    assert swept(town, scheduled=True) == []
    assert not sweep_is_due(town.company)
    town.spend("ada", 8500)
    assert swept(town, scheduled=True) == []
    clock.at = clock.at.replace(hour=8, minute=59) + timedelta(days=1)
    assert not sweep_is_due(town.company)
    assert swept(town, scheduled=True) == []
    clock.at += timedelta(minutes=1)
    assert sweep_is_due(town.company)
    assert [one.kind for one in swept(town, scheduled=True)] == ["notice.sweep"]


def test_names_only_where_policy_says_so_and_never_a_figure(town: Town, clock: FixedClock) -> None:
    clock.at += timedelta(seconds=1)
    import_policy(town.company, '[notices]\nsalary_in_channels = "names"\n', by="test")
    clock.at += timedelta(seconds=1)
    town.spend("ada", 8500)
    town.spend("bob", 16_000)
    (post,) = swept(town)
    assert post.facts["SALARY_BANDS"] == {
        "near": ["Ada"], "near_more": 0, "above": ["Bob"], "above_more": 0, "finance_told": True,
    }  # fmt: skip
    assert set(post.facts) == {"PERIOD", "SALARY_BANDS"}


def change_policy(town: Town, clock: FixedClock, toml: str) -> None:
    clock.at += timedelta(seconds=1)
    import_policy(town.company, toml, by="test")
    clock.at += timedelta(seconds=1)


@pytest.mark.parametrize(("own", "more"), [("counts", 1), ("off", 0)])
def test_nobody_is_named_or_counted_whose_own_policy_says_no(
    town: Town, clock: FixedClock, own: str, more: int
) -> None:
    mine = f'[person."ada@example.com".notices]\nsalary_in_channels = "{own}"\n'
    change_policy(town, clock, f'[notices]\nsalary_in_channels = "names"\n{mine}')
    town.spend("ada", 8500)
    town.spend("bob", 8500)
    tell_people(town.company)
    said = {one.person_id: one.facts["PAY"]["channel"] for one in town.news("notice.salary")}
    assert said == {town.id("ada"): own, town.id("bob"): "names"}
    (post,) = swept(town)
    assert post.facts["SALARY_BANDS"]["near"] == ["Bob"]
    assert post.facts["SALARY_BANDS"]["near_more"] == more


def test_a_country_without_named_notices_gives_counts(town: Town, clock: FixedClock) -> None:
    change_policy(
        town, clock, '[notices]\nsalary_in_channels = "names"\n[country.DE.switches]\nnamed_notices = false\n'
    )
    row = "dora@example.com,Dora,Engines,,,120000,,,USD,2026-01-01,DE"
    import_people(town.company, f"{HEADER},country\n{row}", by="test")
    town.spend("dora", 8500)
    (post,) = swept(town)
    assert (post.facts["SALARY_BANDS"]["near"], post.facts["SALARY_BANDS"]["near_more"]) == ([], 1)


def test_nobodys_own_policy_tells_a_channel_more_than_the_companys(town: Town, clock: FixedClock) -> None:
    change_policy(town, clock, '[person."ada@example.com".notices]\nsalary_in_channels = "names"\n')
    town.spend("ada", 8500)
    (post,) = swept(town)
    assert post.facts["SALARY_COUNTS"] == {"near": 1, "above": 0, "finance_told": True}


def test_off_is_off(town: Town, clock: FixedClock) -> None:
    clock.at += timedelta(seconds=1)
    import_policy(town.company, '[notices]\nsalary_in_channels = "off"\n', by="test")
    clock.at += timedelta(seconds=1)
    town.spend("ada", 8500)
    assert swept(town) == []


def test_without_an_alerts_channel_only_the_person_and_finance_know(town: Town) -> None:
    town.company = Company(town.company.database, town.company.clock, Channels())
    town.spend("ada", 8500)
    assert "notice.sweep" not in [one.kind for one in swept(town)]
    assert not sweep_is_due(town.company)


def test_above_150_percent_is_no_news_for_the_channel(town: Town, clock: FixedClock) -> None:
    town.spend("ada", 12_000)
    swept(town)
    clock.at += timedelta(days=1)
    town.spend("ada", 5000)
    assert [one.kind for one in told(town)] == ["notice.salary", "notice.salary_finance"]
    assert swept(town) == []


def test_whoever_comes_second_looks_again_and_is_no_failure() -> None:
    lost = [StateMoved(), StateMoved()]

    def work() -> int:
        if lost:
            raise lost.pop()
        return 1

    assert until_settled(work) == 1


def test_a_race_that_never_ends_is_a_failure() -> None:
    def work() -> int:
        raise StateMoved

    with pytest.raises(StateMoved):
        until_settled(work)
