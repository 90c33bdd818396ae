"""The guide's seam: what the panel is told, and what its buttons do."""

import json

import httpx
import pytest

from bot.sandbox import LocalSlack
from bot.sandbox.records import CannotDo, Json
from tests.sandbox.test_page_api import seen, watching


class Teller:
    """A guide of one step, which asks the Slack itself whenever it tells."""

    def __init__(self, slack: LocalSlack, user: str, channel: str) -> None:
        self.slack, self.user, self.channel = slack, user, channel
        self.said = ""

    def story(self) -> Json:
        acts = [{"id": "say", "label": "Say hello", "primary": True}]
        is_done = bool(self.slack.messages(self.channel))
        step = {"id": "greet", "title": "Greet", "text": "Say it.", "done": is_done, "acts": acts}
        return {"title": "In one step", "intro": "", "steps": [step], "clock": None, "said": self.said}

    def do(self, act: str) -> Json:
        if act != "say":
            raise CannotDo("There is nothing else to do.")
        said = self.slack.say(self.user, self.channel, "hello")
        self.said = "It is said."
        self.slack.guide_changed()
        return {"viewer": self.user, "at": self.channel, "thread": said.ts}


@pytest.fixture
def teller(slack: LocalSlack, ada: str, team: str) -> Teller:
    slack.guide = teller = Teller(slack, ada, team)
    return teller


def do(slack: LocalSlack, act: str) -> httpx.Response:
    return httpx.post(f"{slack.base_url}/_page/do/guide", json={"act": act}, trust_env=False)


def test_without_a_guide_there_is_no_story(slack: LocalSlack, ada: str, team: str) -> None:
    assert seen(slack, ada, team)["guide"] is None
    refused = do(slack, "say")
    assert refused.status_code == 409
    assert refused.json() == {"ok": False, "error": "nobody guides through this workspace"}


def test_an_act_says_where_to_look(slack: LocalSlack, teller: Teller, ada: str, team: str) -> None:
    assert seen(slack, ada, team)["guide"]["steps"][0]["done"] is False
    answer = do(slack, "say").json()
    assert teller.said == "It is said."
    ts = slack.messages(team)[0]["ts"]
    assert answer == {"ok": True, "result": {"viewer": ada, "at": team, "thread": ts}}
    assert seen(slack, ada, team)["guide"]["steps"][0]["done"] is True
    assert do(slack, "sing").json() == {"ok": False, "error": "There is nothing else to do."}


def test_open_pages_hear_of_a_change(slack: LocalSlack, teller: Teller, ada: str, team: str) -> None:
    with watching(slack) as socket:
        socket.send(json.dumps({"viewer": ada, "at": team}))
        assert json.loads(socket.recv(5))["guide"]["said"] == ""
        teller.said = "Something else."
        slack.guide_changed()
        assert json.loads(socket.recv(5))["guide"]["said"] == "Something else."
