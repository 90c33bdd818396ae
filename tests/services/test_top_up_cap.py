"""Caps: allotments and top-ups together never promise more by approval, and who is told how much."""

import pytest

from bot.rules.top_up_reply import Approve
from bot.services import check, roster, top_up
from bot.services.policy import import_policy
from bot.services.top_up import CapReached
from bot.services.verb import Company
from tests.services.top_up_town import HEADER, USD, Town, make_large_town

FIXED = '[allotment]\nkind = "fixed"\namount_usd = 1000\n'
ENGINES = FIXED + "[team.Engines.cap]\ncap_usd = 4000\n"  # Ada, Eve and Grace have 1,000 each


def ask(town: Town, dollars: int, who: str = "ada", key: str = "k1") -> top_up.Request:
    return top_up.ask(town.company, town[who], dollars * USD, "the migration", key)


@pytest.fixture
def town(company: Company) -> Town:
    return make_large_town(company, ENGINES)


def test_what_fits_exactly_is_granted_and_a_cent_more_is_not(town: Town) -> None:
    first = ask(town, 600)
    top_up.decide(town.company, first.id, town["grace"], Approve())
    second = ask(town, 401, "eve", "k2")
    with pytest.raises(CapReached, match="beyond the cap of team Engines for this period, so nothing was granted"):
        top_up.decide(town.company, second.id, town["grace"], Approve())
    assert town.row(second.id).status == "pending"
    assert top_up.decide(town.company, second.id, town["grace"], Approve(400 * USD)).status == "approved"


def test_only_finance_is_told_the_sum(town: Town) -> None:
    request = ask(town, 1500)
    with pytest.raises(CapReached) as caught:
        top_up.decide(town.company, request.id, town["grace"], Approve())
    assert "4,000" not in str(caught.value)
    large = top_up.edit(town.company, request.id, town["ada"], 2500 * USD, "the migration", 1)
    with pytest.raises(CapReached, match=r"The cap is \$4,000, and \$3,000 of it is promised"):
        top_up.decide(town.company, large.id, town["fin"], Approve())


def test_what_approves_itself_is_refused_too(company: Company) -> None:
    town = make_large_town(company, FIXED + "[team.Engines.cap]\ncap_usd = 3030\n")
    with pytest.raises(CapReached):
        ask(town, 40)
    assert town.owed() == []
    assert ask(town, 30).status == "approved"
    request = ask(town, 900, key="k2")
    with pytest.raises(CapReached):
        top_up.edit(town.company, request.id, town["ada"], 1 * USD, "the migration", 1)
    assert town.row(request.id).version == 1


def test_the_companys_cap_holds_for_every_team(company: Company) -> None:
    town = make_large_town(company, FIXED + "[cap]\ncap_usd = 9500\n")  # nine people are employed
    request = ask(town, 600)
    with pytest.raises(CapReached, match="cap of the company"):
        top_up.decide(town.company, request.id, town["grace"], Approve())
    assert top_up.decide(town.company, request.id, town["grace"], Approve(400 * USD)).status == "approved"


def test_other_teams_have_nothing_to_do_with_a_teams_cap(town: Town) -> None:
    request = ask(town, 1900, "nan")
    assert top_up.decide(town.company, request.id, town["mia"], Approve()).status == "approved"


def test_allotments_beyond_a_cap_are_granted_and_named(town: Town) -> None:
    import_policy(town.company, FIXED + "[team.Engines.cap]\ncap_usd = 2999\n[cap]\ncap_usd = 5\n", by="test")
    assert town.available("ada") == 1000 * USD
    found = [finding.sentence for finding in check.findings(town.company) if "beyond" in finding.sentence]
    assert found == [
        "Promised beyond budget: the allotments and top-ups of team Engines exceed its cap for 2026-11.",
        "Promised beyond budget: the allotments and top-ups of the company exceed its cap for 2026-11.",
    ]


def test_dead_ends_are_named_by_person_and_tier_and_saving_succeeds(company: Company) -> None:
    rules = """
[[top_up.tier]]
up_to_usd = 1000
steps = ["manager"]
[[top_up.tier]]
up_to_usd = 5000
steps = ["manager", "nobody@example.com", "lev@example.com"]
"""
    town = make_large_town(company, rules)
    said = roster.approver_warnings(town.company)
    assert said[:2] == [
        "The policy names lev@example.com as an approver, who has left. Finance decides in their place.",
        "The policy names nobody@example.com as an approver, who is not on the roster. Finance decides in their place.",
    ]
    # Fin has no manager, so all three steps would be Flo's; the same the other way round.
    ends = "above $1,000 and up to $5,000 for Fin"
    needs = "it needs manager, then nobody@example.com, then lev@example.com, each a different person"
    assert [each for each in said if needs in each and " for Fin:" in each] == [
        f"Nobody could decide a top-up {ends}: {needs} and none of them the one who asks."
    ]
    assert "Nobody could decide a top-up above $5,000 for Ada: no tier reaches further." in said
    assert not any("for Ada: it needs" in each for each in said)
    assert {finding.sentence for finding in check.findings(town.company)} >= set(said)


def test_a_roster_that_makes_a_dead_end_is_taken_and_names_it(company: Company) -> None:
    make_large_town(company, '[[top_up.tier]]\nsteps = ["finance", "finance"]\n')
    row = "flo@example.com,Flo,Money,fin@example.com,,400000,,,USD,U0FLO,"
    report = roster.import_people(company, f"{HEADER}\n{row}\n", by="test")
    assert report.changed == 1
    assert any(each.startswith("Nobody could decide a top-up above $50 for Ada: it needs") for each in report.warnings)
