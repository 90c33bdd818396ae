"""The roster: import, roles, managers, Slack ids, rates, and the dead ends that an import names."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from bot.clock import FixedClock
from bot.rules.allotment import TermsFact
from bot.rules.roster import BadPeopleFile
from bot.services import audit, person, policy, roster
from bot.services.verb import Company, Tx
from tests.services.books import USD, id_of, spend, standings, within
from tests.services.usage_facts import rows

HEADER = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency"
MORE = f"{HEADER},slack_user_id,timezone,effective_from,ends_on"
ADA = "ada@example.com,Ada,Engines,grace@example.com,,500000,20000,100000,USD"
GRACE = "grace@example.com,Grace,Engines,,,613370,,,USD"
FIN = "fin@example.com,Fin,Money,,finance,441700,,,USD"
FLO = "flo@example.com,Flo,Money,fin@example.com,finance admin,441700,,,USD"


def bring(company: Company, *people: str, header: str = HEADER) -> roster.ImportReport:
    return roster.import_people(company, "\n".join([header, *people]) + "\n", by="test")


@pytest.fixture
def people(company: Company) -> dict[str, int]:
    bring(company, ADA, GRACE, FIN, FLO)
    return {name: id_of(company, name) for name in ("ada", "grace", "fin", "flo")}


def card_of(company: Company, name: str) -> roster.PersonCard:
    found = roster.person_by_email(company, f"{name.upper()}@example.com")
    assert found is not None
    return found


def manager_id(company: Company, person_id: int) -> int | None:
    manager = within(company, lambda tx: roster.manager_of(tx, person_id))
    return manager.id if manager else None


def terms(company: Company, person_id: int) -> list[TermsFact]:
    return within(company, lambda tx: roster.terms_of(tx, person_id))


def test_the_second_import_changes_nothing(company: Company, people: dict[str, int]) -> None:
    before = rows(company, "SELECT count(*) FROM terms")
    report = bring(company, ADA, GRACE, FIN, FLO)
    assert (report.new, report.changed, report.unchanged) == (0, 0, 4)
    assert rows(company, "SELECT count(*) FROM terms") == before
    assert len(terms(company, people["ada"])) == 1


def test_new_people_count_from_the_periods_first_day_and_changes_from_today(
    company: Company, people: dict[str, int], clock: FixedClock
) -> None:
    clock.at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    report = bring(company, ADA.replace("500000", "510000"))
    assert (report.new, report.changed, report.unchanged) == (0, 1, 0)
    first, second = terms(company, people["ada"])
    assert (first.effective_from, second.effective_from) == (date(2026, 11, 1), date(2026, 11, 20))
    assert (first.base_nanos, second.base_nanos) == (500_000 * USD, 510_000 * USD)


def test_two_changes_of_a_day_leave_the_last(company: Company, people: dict[str, int]) -> None:
    bring(company, ADA.replace("500000", "510000"))
    bring(company, ADA.replace("500000", "520000"))
    assert [(each.revision, (each.base_nanos or 0) // USD) for each in terms(company, people["ada"])] == [
        (0, 500_000), (0, 510_000), (1, 520_000)]  # fmt: skip


def test_what_holds_from_a_day_is_corrected_by_the_same_day(company: Company) -> None:
    row = "ada@example.com,Ada,Engines,,,{},,,USD,,,2026-10-05,"
    bring(company, row.format(100), header=MORE)
    assert bring(company, row.format(100), header=MORE).unchanged == 1
    assert bring(company, row.format(200), header=MORE).changed == 1
    found = terms(company, id_of(company, "ada"))
    assert [(each.effective_from, each.revision, (each.base_nanos or 0) // USD) for each in found] == [
        (date(2026, 10, 5), 0, 100), (date(2026, 10, 5), 1, 200)]  # fmt: skip


def test_who_has_left_has_no_role_and_decides_nothing(company: Company, people: dict[str, int]) -> None:
    bring(company, f"{GRACE},,,,2026-11-15", f"{FIN},,,,2026-11-16", header=MORE)

    def look(tx: Tx) -> object:
        return (
            roster.is_active(tx, people["grace"]), roster.manager_of(tx, people["ada"]),
            roster.roles_of(tx, people["fin"]), [one.name for one in roster.finance_people(tx)],
            [one.name for one in roster.active_people(tx)],
        )  # fmt: skip

    assert within(company, look) == (False, None, {"finance"}, ["Fin", "Flo"], ["Ada", "Fin", "Flo"])


def test_who_is_told_of_late_has_left_all_the_same(company: Company, people: dict[str, int]) -> None:
    bring(company, ADA.replace("500000", "600000"))  # from the 16th
    report = bring(company, f"{ADA.replace('500000', '600000')},,,,2026-11-10", header=MORE)
    assert report.changed == 1
    assert bring(company, f"{ADA.replace('500000', '600000')},,,,2026-11-10", header=MORE).unchanged == 1
    assert not within(company, lambda tx: roster.is_active(tx, people["ada"]))
    found = terms(company, people["ada"])
    assert {each.ends_on for each in found if each.effective_from > date(2026, 11, 10)} == {None, date(2026, 11, 10)}
    last = max(found, key=lambda each: (each.effective_from, each.revision))
    assert last.ends_on == date(2026, 11, 10)


def test_whoever_comes_back_is_there_again(company: Company, people: dict[str, int], clock: FixedClock) -> None:
    bring(company, f"{ADA},,,,2026-11-16", header=MORE)
    clock.at += timedelta(days=5)
    assert not within(company, lambda tx: roster.is_active(tx, people["ada"]))
    assert bring(company, ADA).changed == 1
    assert within(company, lambda tx: roster.is_active(tx, people["ada"]))


def test_roles_and_managers_are_those_of_today(company: Company, people: dict[str, int], clock: FixedClock) -> None:
    row = "ada@example.com,Ada,Engines,flo@example.com,admin,500000,20000,100000,USD,,,2026-12-01,"
    bring(company, row, header=MORE)
    assert manager_id(company, people["ada"]) == people["grace"]
    clock.at = datetime(2026, 12, 1, tzinfo=UTC)
    assert manager_id(company, people["ada"]) == people["flo"]
    assert within(company, lambda tx: roster.roles_of(tx, people["ada"])) == {"admin"}
    assert card_of(company, "ada").roles == {"admin"}


def test_teammates_are_those_of_today(company: Company, people: dict[str, int], clock: FixedClock) -> None:
    bob, eve = ADA.replace("ada@", "bob@"), ADA.replace("ada@", "eve@")
    moved = GRACE.replace("Engines", "Money")
    planned = [f"{bob},,,2026-12-01,", f"{eve},,,2026-10-01,2026-11-20", f"{moved},,,2026-12-01,"]
    bring(company, *planned, header=MORE)
    ada = people["ada"]

    def mates() -> list[int]:
        return within(company, lambda tx: person.teammates(tx, ada))

    assert mates() == [ada, people["grace"], id_of(company, "eve")]
    bring(company, f"{GRACE},,,2026-12-01,", header=MORE)  # of two revisions of a day the later holds
    clock.at = datetime(2026, 12, 1, 12, tzinfo=UTC)
    assert mates() == [ada, people["grace"], id_of(company, "bob")]


def test_a_manager_is_never_oneself_nor_a_stranger(company: Company) -> None:
    report = bring(
        company,
        "ada@example.com,Ada,Engines,ada@example.com,,1,,,USD",
        "bob@example.com,Bob,Engines,nobody@example.com,,1,,,USD",
    )
    for name in ("ada", "bob"):
        assert manager_id(company, id_of(company, name)) is None
    assert report.warnings == [
        "Ada is their own manager, so finance decides their top-ups.",
        "Bob's manager nobody@example.com is not in the roster, so finance decides their top-ups.",
        "Nobody has the role finance, so nobody can decide a top-up above the manager's limit.",
        "Nobody could decide a top-up for Ada: no manager, and nobody has the role finance.",
        "Nobody could decide a top-up for Bob: no manager, and nobody has the role finance.",
    ]


def test_the_only_finance_person_is_a_dead_end(company: Company) -> None:
    assert bring(company, ADA, GRACE, FIN).warnings == [
        "Nobody could decide a top-up for Fin: no manager, and nobody else has the role finance."
    ]
    assert bring(company, FIN.replace(",,finance", ",grace@example.com,finance")).warnings == [
        "Nobody could decide a top-up above the manager's limit for Fin: nobody else has the role finance."
    ]
    assert bring(company, FLO).warnings == []


def test_all_or_nothing(company: Company) -> None:
    with pytest.raises(BadPeopleFile) as error:
        bring(company, ADA, "x,,,,,,,,", GRACE.replace("613370", "lots"))
    assert any(problem.startswith("line 4") for problem in error.value.errors)
    assert rows(company, "SELECT count(*) FROM person") == [(0,)]
    assert rows(company, "SELECT count(*) FROM team") == [(0,)]


def test_a_slack_id_is_one_persons(company: Company, people: dict[str, int]) -> None:
    roster.learn_slack_id(company, people["ada"], "U0ADA")
    roster.learn_slack_id(company, people["ada"], "U0ADA")
    for name, slack_id in (("grace", "U0ADA"), ("ada", "U0OTHER")):
        with pytest.raises(roster.SlackIdTaken):
            roster.learn_slack_id(company, people[name], slack_id)
    with pytest.raises(BadPeopleFile, match=r"line 2: slack_user_id is ada@example\.com's already"):
        bring(company, f"{GRACE},U0ADA,,,", header=MORE)
    assert [one.name for one in roster.unresolved(company)] == ["Grace", "Fin", "Flo"]
    card = card_of(company, "ada")
    assert roster.person_by_slack_id(company, "U0ADA") == card
    assert (card.name, card.email, card.roles) == ("Ada", "ada@example.com", frozenset())
    assert roster.person_by_slack_id(company, "U0NOBODY") is None
    assert roster.person_by_id(company, people["ada"]) == card


@pytest.mark.usefixtures("people")
def test_a_file_may_swap_slack_ids_and_leave_them(company: Company) -> None:
    bring(company, f"{ADA},U0AAA,Europe/Berlin,,", f"{GRACE},U0GGG,,,", header=MORE)
    report = bring(company, f"{ADA},U0GGG,,,", f"{GRACE},U0AAA,,,", header=MORE)
    assert report.changed == 2
    assert roster.person_by_slack_id(company, "U0GGG") == card_of(company, "ada")
    assert card_of(company, "ada").timezone == "Europe/Berlin"
    assert bring(company, ADA).unchanged == 1
    assert card_of(company, "ada").slack_user_id == "U0GGG"


def test_usage_from_before_somebody_came_is_theirs(company: Company) -> None:
    spend(company, "ada", 7 * USD, datetime(2026, 10, 3, tzinfo=UTC), "october")
    spend(company, "ada", 5 * USD, datetime(2026, 11, 3, tzinfo=UTC), "november")
    bring(company, ADA)
    ada = id_of(company, "ada")
    found = standings(company)
    assert (found[ada, "2026-10"].spent, found[ada, "2026-10"].granted) == (7 * USD, 0)
    assert found[ada, "2026-11"].spent == 5 * USD


def test_pay_is_sealed_and_in_no_repr(company: Company, people: dict[str, int]) -> None:
    dump = str(rows(company, "SELECT * FROM terms")) + str(rows(company, "SELECT * FROM audit"))
    assert "500000" not in dump
    assert "500000" not in repr(terms(company, people["ada"]))
    assert "example.com" not in str(rows(company, "SELECT * FROM audit"))


@pytest.mark.usefixtures("people")
def test_an_import_is_audited_and_one_without_effect_is_not(company: Company) -> None:
    before = rows(company, "SELECT action, subject, detail FROM audit")
    assert before[-1] == ("people.import", "roster", '{"changed":0,"new":4}')
    bring(company, ADA)
    assert rows(company, "SELECT action, subject, detail FROM audit") == before
    assert within(company, audit.broken_links) == []


@pytest.mark.usefixtures("people")
def test_whom_to_ask(company: Company) -> None:
    assert roster.whom_to_ask(company) == ["Flo"]
    bring(company, FLO.replace("finance admin", "finance"))
    assert roster.whom_to_ask(company) == ["Fin", "Flo"]


def test_team_and_the_unknown(company: Company, people: dict[str, int]) -> None:
    assert within(company, lambda tx: roster.team_name_of(tx, people["ada"])) == "Engines"
    assert within(company, lambda tx: roster.team_name_of(tx, 4711)) is None
    assert within(company, lambda tx: roster.person_of_slack_id(tx, "U0X")) is None
    with pytest.raises(LookupError):
        within(company, lambda tx: roster.person(tx, 4711))


def test_rates(company: Company, clock: FixedClock) -> None:
    report = bring(company, "ada@example.com,Ada,Engines,,,100,,,EUR", FIN, FLO)
    assert report.warnings == ["There is no rate for EUR yet, so nobody paid in it gets an allotment. Import rates."]
    header = "currency,on_date,usd_per_unit\n"
    assert roster.import_rates(company, f"{header}EUR,2026-10-15,1.1\nJPY,2026-11-01,0.0065\n", by="test") == 2
    assert roster.import_rates(company, f"{header}EUR,2026-10-15,1.10\nJPY,2026-11-01,0.0066\n", by="test") == 1
    assert roster.import_rates(company, f"{header}EUR,2026-10-15,1.10\n", by="test") == 0
    assert within(company, roster.currencies_without_rate) == []
    clock.at = datetime(2026, 12, 10, tzinfo=UTC)
    assert within(company, roster.currencies_without_rate) == ["EUR"]

    def december(tx: Tx) -> Mapping[str, Fraction]:
        return roster.rates_for(tx, policy.calendar(tx).at(tx.now))

    assert within(company, december) == {"USD": 1, "JPY": Fraction("0.0066")}


def test_equal_salaries_have_different_ciphertexts(company: Company) -> None:
    bring(company, ADA, GRACE.replace("613370", "500000"))
    sealed = rows(company, "SELECT pay FROM terms")
    assert len({bytes(one) for (one,) in sealed}) == 2
