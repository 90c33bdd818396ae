"""Slack users and people, found in either direction through the local Slack."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from slack_sdk import WebClient

from bot.sandbox import LocalSlack
from bot.services import roster
from bot.services.verb import Company
from bot.slack.people import Directory, NotOfThisCompany, NotOnTheRoster, SlackDidNotSay

HEADER = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency"
PEOPLE = f"""{HEADER}
ada@example.com,Ada Lovelace,Engines,grace@example.com,,500000,,,USD
grace@example.com,Grace Hopper,Engines,,finance,600000,,,USD
root@example.com,Root <Admin>,Engines,,admin,100000,,,USD
"""
SCOPES = ["users:read", "users:read.email", "channels:read", "groups:read"]
Calls = Callable[[str], int]


def manifest(scopes: list[str]) -> dict[str, Any]:
    return {"display_information": {"name": "Robot"}, "oauth_config": {"scopes": {"bot": scopes}}}


@pytest.fixture
def slack(request: pytest.FixtureRequest) -> Iterator[LocalSlack]:
    with LocalSlack(manifest(getattr(request, "param", SCOPES))) as running:
        yield running


@pytest.fixture
def directory(company: Company, slack: LocalSlack) -> Iterator[Directory]:
    roster.import_people(company, PEOPLE, by="tests")
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)
    made = Directory(company, client)
    yield made
    made.close()


@pytest.fixture
def calls(slack: LocalSlack) -> Calls:
    return lambda method: sum(call.method == method for call in slack.calls())


def test_a_newcomer_is_found_by_email_and_remembered(slack: LocalSlack, directory: Directory, calls: Calls) -> None:
    ada = slack.add_user("ada", email="Ada@Example.com")
    assert directory.person(ada).name == "Ada Lovelace"
    assert directory.person(ada).slack_user_id == ada
    assert calls("users.info") == 1


def test_many_clicks_of_a_newcomer_ask_slack_once(slack: LocalSlack, directory: Directory, calls: Calls) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    slack.fault("users.info", "hang", seconds=0.3)
    with ThreadPoolExecutor(8) as clicks:
        people = list(clicks.map(lambda _n: directory.person(ada, patience=10), range(8)))
    assert {one.name for one in people} == {"Ada Lovelace"}
    assert calls("users.info") == 2  # the one that hung, and its repetition


def test_somebody_unknown_is_told_whom_to_ask(slack: LocalSlack, directory: Directory) -> None:
    eve = slack.add_user("eve", email="eve@example.com")
    with pytest.raises(NotOnTheRoster, match=r"Ask Root <Admin>\. They can add you with the address eve@example"):
        directory.person(eve)


def test_somebody_imported_later_is_found_at_the_next_try(
    slack: LocalSlack, directory: Directory, company: Company
) -> None:
    eve = slack.add_user("eve", email="eve@example.com")
    with pytest.raises(NotOnTheRoster):
        directory.person(eve)
    roster.import_people(company, f"{HEADER}\neve@example.com,Eve,Engines,,,100000,,,USD\n", by="tests")
    assert directory.person(eve).name == "Eve"


def test_an_address_that_is_another_slack_users_opens_nothing(
    slack: LocalSlack, directory: Directory, company: Company
) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    directory.person(ada)
    impostor = slack.add_user("ada2", email="ada@example.com")
    with pytest.raises(NotOnTheRoster, match="under another Slack user"):
        directory.person(impostor)
    known = roster.person_by_email(company, "ada@example.com")
    assert known is not None
    assert known.slack_user_id == ada


def test_bots_the_deactivated_and_nobody_are_not_of_the_company(slack: LocalSlack, directory: Directory) -> None:
    left = slack.add_user("left", email="ada@example.com", deleted=True)
    for slack_user_id in (left, slack.bot_user_id, "U0NOBODY00"):
        with pytest.raises(NotOfThisCompany):
            directory.person(slack_user_id)


def test_a_slack_that_hangs_costs_patience_and_no_more(slack: LocalSlack, directory: Directory) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    slack.fault("users.info", "hang", seconds=1.0)
    with pytest.raises(SlackDidNotSay):
        directory.person(ada, patience=0.1)
    assert directory.person(ada, patience=10).name == "Ada Lovelace"


def test_reads_are_repeated_when_slack_fails(slack: LocalSlack, directory: Directory, calls: Calls) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    slack.fault("users.info", "http_503", times=1)
    assert directory.person(ada, patience=10).name == "Ada Lovelace"
    assert calls("users.info") == 2


def test_slack_is_left_alone_for_as_long_as_it_asks(slack: LocalSlack, directory: Directory, calls: Calls) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    slack.fault("users.info", "ratelimited", retry_after=60)
    for _ in range(3):
        with pytest.raises(SlackDidNotSay):
            directory.person(ada)
    assert calls("users.info") == 1


def test_a_person_is_found_in_slack_by_address(slack: LocalSlack, directory: Directory, company: Company) -> None:
    grace = slack.add_user("grace", email="grace@example.com")
    person = roster.person_by_email(company, "grace@example.com")
    assert person is not None
    assert directory.slack_id_of(person.id) == grace
    ada = roster.person_by_email(company, "ada@example.com")
    assert ada is not None
    assert directory.slack_id_of(ada.id) is None


@pytest.mark.parametrize("slack", [["users:read", "users:read.email"]], indirect=True)
def test_without_an_address_in_the_profile_the_rosters_addresses_are_tried(
    slack: LocalSlack, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    # Another Slack may leave the address out of users.info and still find people by it.
    asked = WebClient.users_info

    def without_address(self: WebClient, **kwargs: Any) -> Any:
        answer: Any = asked(self, **kwargs)
        answer.data["user"]["profile"].pop("email")
        return answer

    monkeypatch.setattr(WebClient, "users_info", without_address)
    assert directory.person(ada, patience=10).name == "Ada Lovelace"


def test_a_channel_is_finances_own_only_if_private_and_peopled_by_finance(
    slack: LocalSlack, directory: Directory
) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    grace = slack.add_user("grace", email="grace@example.com")
    directory.person(grace)
    directory.person(ada)
    own = slack.add_channel("finance", private=True, members=[grace, slack.bot_user_id])
    public = slack.add_channel("open-finance", members=[grace, slack.bot_user_id])
    assert directory.finance_only(own)
    assert not directory.finance_only(public)
    slack.invite(own, ada)
    assert not directory.finance_only(own)


def test_who_the_bot_is_is_learnt_without_waiting(
    slack: LocalSlack, directory: Directory, until: Callable[[Callable[[], bool]], None]
) -> None:
    until(lambda: directory.workspace is not None)
    assert directory.workspace is not None
    assert directory.workspace.bot_user_id == slack.bot_user_id
