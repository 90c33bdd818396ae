import random
from collections.abc import Callable
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox import LocalSlack
from tests.sandbox.errors import refusal


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("ratelimited", 429),
        ("http_500", 500),
        ("http_502", 502),
        ("http_503", 503),
        ("internal_error", 200),
        ("fatal_error", 200),
        ("drop", None),
        ("hang", None),
    ],
)
def test_a_fault_strikes_once_before_or_after_the_effect(
    slack: LocalSlack, team: str, kind: Any, status: int | None, when: Any
) -> None:
    client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[], timeout=1)
    slack.fault("chat.postMessage", kind, when=when, seconds=30, retry_after=7)
    with pytest.raises((SlackApiError, OSError)) as raised:
        client.chat_postMessage(channel=team, text="x")
    if isinstance(raised.value, SlackApiError):
        assert raised.value.response.status_code == status
        assert kind != "ratelimited" or raised.value.response.headers["retry-after"] == "7"
    else:
        assert status is None
    assert len(slack.messages(team)) == (1 if when == "after" else 0)
    assert client.chat_postMessage(channel=team, text="y")["ok"]
    assert [call.fault for call in slack.calls("chat.postMessage")] == [f"{kind} {when}", None]


def test_a_short_hang_answers_late(slack: LocalSlack, client: WebClient, team: str) -> None:
    slack.fault("chat.postMessage", "hang", when="after", seconds=0.01)
    assert client.chat_postMessage(channel=team, text="x")["ok"]


def test_unknown_faults_are_refused(slack: LocalSlack) -> None:
    with pytest.raises(ValueError, match="no fault"):
        slack.fault("chat.postMessage", "earthquake")  # type: ignore[arg-type]


def test_a_fault_may_strike_any_method_and_several_times(slack: LocalSlack, client: WebClient) -> None:
    slack.fault("*", "fatal_error", times=2)
    assert [refusal(client.auth_test), refusal(client.users_list)] == ["fatal_error"] * 2
    assert client.auth_test()["ok"]


def test_random_faults_are_the_same_for_the_same_seed(slack: LocalSlack, client: WebClient, team: str) -> None:
    def outcomes(seed: int) -> list[bool]:
        slack.random_faults({"internal_error": 0.3, "http_500": 0.2}, seed=seed, methods=["chat.postMessage"])
        found = []
        for _ in range(20):
            try:
                found.append(bool(client.chat_postMessage(channel=team, text="x")["ok"]))
            except SlackApiError:
                found.append(False)
        return found

    seed = random.randrange(1000)
    first = outcomes(seed)
    assert first == outcomes(seed)
    slack.clear_faults()
    assert client.chat_postMessage(channel=team, text="x")["ok"]


def test_concurrent_posts_lose_nothing_and_share_no_ts(
    slack: LocalSlack, client: WebClient, team: str, at_once: Callable[[list[Callable[[], Any]]], None]
) -> None:
    def post(number: int) -> Callable[[], Any]:
        return lambda: [client.chat_postMessage(channel=team, text=f"{number}.{turn}") for turn in range(10)]

    at_once([post(number) for number in range(8)])
    messages = slack.messages(team)
    assert len({message["text"] for message in messages}) == len({message["ts"] for message in messages}) == 80


def test_one_of_many_takes_a_trigger(
    slack: LocalSlack, client: WebClient, ada: str, team: str, at_once: Callable[[list[Callable[[], Any]]], None]
) -> None:
    trigger = slack.command(ada, team, "/ask").trigger_id or ""
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []}
    outcomes: list[str] = []

    def open_it() -> None:
        try:
            client.views_open(trigger_id=trigger, view=view)
            outcomes.append("opened")
        except SlackApiError as error:
            outcomes.append(error.response["error"])

    at_once([open_it] * 8)
    assert sorted(outcomes) == ["exchanged_trigger_id"] * 7 + ["opened"]
