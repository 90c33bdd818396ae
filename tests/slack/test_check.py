"""`check` on Slack's side: token, scopes, channels, each in a sentence, against the strict local Slack."""

import copy
from collections.abc import Iterator

import pytest
import yaml
from slack_sdk import WebClient

from bot.sandbox import LocalSlack
from bot.services.check import Finding, Level
from bot.services.verb import Channels
from bot.slack.check import SCOPES, slack_findings
from tests.story.town import ROOT

MANIFEST = yaml.safe_load((ROOT / "manifest.yaml").read_text())


def look(slack: LocalSlack, channels: Channels | None = None, token: str | None = None) -> list[Finding]:
    client = WebClient(token=token or slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=5)
    return list(slack_findings(client, channels or Channels()))


def sentences(findings: list[Finding], level: Level) -> list[str]:
    return [finding.sentence for finding in findings if finding.level is level]


@pytest.fixture
def slack() -> Iterator[LocalSlack]:
    with LocalSlack(MANIFEST, mode="http") as running:
        yield running


def test_scopes_are_those_of_the_manifest() -> None:
    assert set(SCOPES) == set(MANIFEST["oauth_config"]["scopes"]["bot"])


def test_a_good_installation_has_no_problem(slack: LocalSlack) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    team = slack.add_channel("approvals", members=[ada, slack.bot_user_id])
    found = look(slack, Channels(approvals=team, alerts=team))
    assert sentences(found, Level.PROBLEM) == []
    assert any("#approvals" in sentence for sentence in sentences(found, Level.OK))


def test_a_wrong_token_is_said(slack: LocalSlack) -> None:
    assert "invalid_auth" in sentences(look(slack, token="xoxb-wrong"), Level.PROBLEM)[0]


def test_a_missing_scope_is_named_with_its_reason() -> None:
    manifest = copy.deepcopy(MANIFEST)
    manifest["oauth_config"]["scopes"]["bot"].remove("groups:history")
    with LocalSlack(manifest, mode="http") as slack:
        problems = sentences(look(slack), Level.PROBLEM)
    assert len(problems) == 1
    assert "groups:history" in problems[0]


def test_each_channel_mistake_has_its_sentence(slack: LocalSlack) -> None:
    ada = slack.add_user("ada", email="ada@example.com")
    outside = slack.add_channel("outside", members=[ada])
    archived = slack.add_channel("old", members=[ada, slack.bot_user_id])
    slack.archive(archived)
    public = slack.add_channel("money", members=[ada, slack.bot_user_id])
    problems = sentences(look(slack, Channels(approvals=outside, alerts=archived, finance=public)), Level.PROBLEM)
    assert [word for word in ("not in #outside", "#old", "#money") if any(word in p for p in problems)] == [
        "not in #outside", "#old", "#money",
    ]  # fmt: skip
    unseen = sentences(look(slack, Channels(approvals="C0NOWHERE")), Level.PROBLEM)
    assert "channel_not_found" in unseen[0]
