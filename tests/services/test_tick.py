from dataclasses import replace

import pytest

from bot.services import tick
from bot.services.round import Round, attempt, each
from bot.services.tick import TICKS, Ran, UnknownTick, run_all, run_tick, run_ticks
from bot.services.verb import Company
from bot.services.vitals import vitals
from db.session import Database
from tests.services.notice_town import Town


def test_every_tick_runs_on_an_empty_company_and_leaves_its_heartbeat(company: Company) -> None:
    assert [ran.sentence for ran in run_all(company)] == [f"{name}: 0 done." for name in TICKS]
    assert set(vitals(company).tick_age_seconds) == set(TICKS)


def test_an_unknown_tick_is_refused_with_the_known_ones(company: Company) -> None:
    with pytest.raises(UnknownTick, match=r"There is no tick 'sweeep'. There are: periods, close"):
        run_tick(company, "sweeep")


def test_running_all_twice_owes_nothing_twice(company: Company) -> None:
    town = Town(company)
    town.hire(("ada", 120_000), ("bob", 120_000))
    town.hire(("fin", 120_000), team="Money", role="finance")
    town.spend("ada", 9000)
    town.spend("bob", 12_000)
    assert all(ran.round.failed == 0 for ran in run_all(company))
    kinds = sorted(one.kind for one in town.news())
    assert kinds.count("notice.sweep") == 1
    assert kinds.count("notice.salary") == 2
    assert kinds.count("report.digest") == 1
    run_all(company)
    assert town.news() == []


def test_a_tick_that_fails_is_counted_and_the_others_run(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_company: Company) -> Round:
        raise RuntimeError("with a salary in it")

    monkeypatch.setattr(tick, "TICKS", {"broken": broken, "digest": TICKS["digest"]})
    assert list(run_ticks(company, ["broken", "digest"])) == [
        "broken: 0 done, 1 failed (RuntimeError).",
        "digest: 0 done.",
    ]


def test_one_items_failure_does_not_stop_the_rest() -> None:
    def work(number: int) -> int:
        if number == 2:
            raise ValueError(number)
        return number

    assert each([1, 2, 3], work) == Round(4, 1, frozenset({"ValueError"}))
    assert attempt(lambda: 3) == Round(3)
    assert Ran("x", each([2, 2], work)).sentence == "x: 0 done, 2 failed (ValueError)."


def test_where_nothing_is_owed_the_periods_write_for_nobody(company: Company) -> None:
    written: list[str] = []
    watched = replace(company, database=Database(company.database.url, company.database.master, crash=written.append))
    Town(company).hire(("ada", 120_000), ("bob", 120_000))
    try:
        assert run_tick(watched, "periods").round == Round(2)
        assert "tick.period.after_commit" in written
        written.clear()
        assert run_tick(watched, "periods").round == Round()
        assert written == ["tick.ran.before_commit", "tick.ran.after_commit"]
    finally:
        watched.database.dispose()
