"""The story of the demo, told by its buttons and by hand, out of order and twice; at its end the books hold."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.demo.company import STORY, ZONE
from bot.demo.history import play
from bot.demo.story import MORNING, Story
from bot.demo.town import Town, running_town
from bot.services.ledger import check_books
from tests.story.town import shown

Json = dict[str, Any]
CLOSE = datetime(2026, 11, 4, tzinfo=ZONE)


class Visitor:
    """Somebody at the page, who presses the guide's buttons."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.slack = town.slack
        self.alerts, self.approvals = town.channels["alerts"], town.channels["approvals"]

    def press(self, act: str) -> Json:
        """Press a button; returns where the page then looks."""
        answer = self._post(act)
        assert answer["ok"], answer
        result: Json = answer["result"]
        return result

    def is_told(self, act: str) -> str:
        """Press a button that cannot do anything now; returns the sentence."""
        answer = self._post(act)
        assert not answer["ok"]
        return str(answer["error"])

    def _post(self, act: str) -> Json:
        answer: Json = httpx.post(f"{self.slack.base_url}/_page/do/guide", json={"act": act}, timeout=60).json()
        return answer

    def done(self) -> list[str]:
        story = self.slack.guide_story()
        assert story is not None
        return [step["id"] for step in story["steps"] if step["done"]]

    def said(self) -> str:
        story = self.slack.guide_story()
        assert story is not None
        return str(story["said"])

    def dm(self, key: str) -> str:
        """All that somebody's messages from the bot say."""
        return " ".join(shown(message) for message in self.slack.dms(self.town.ids[key]))

    def in_general(self, key: str) -> str:
        """The last that somebody alone sees in #general."""
        return shown(self.slack.ephemerals(self.town.ids[key], self.town.channels["general"])[-1])


@pytest.fixture(scope="module")
def visitor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visitor]:
    """A demo at the moment at which its address is printed."""
    with running_town(Path(tmp_path_factory.mktemp("demo")), [0]) as town:
        play(town)
        town.slack.guide = Story(town)
        yield Visitor(town)


@pytest.mark.timeout(300)
def test_the_story(visitor: Visitor) -> None:
    """One telling from the beginning to the end; what comes later rests on what came before."""
    the_past_stands_in_the_channels(visitor)
    nothing_is_decided_before_it_is_asked(visitor)
    ada_looks(visitor)
    a_stranger_is_told_so(visitor)
    ada_asks_once(visitor)
    grace_decides_by_a_reply(visitor)
    ada_asks_again_by_hand_and_grace_presses(visitor)
    an_hour_passes(visitor)
    the_morning_tells_of_tomas(visitor)
    ada_sees_why(visitor)
    october_closes(visitor)
    assert check_books(visitor.town.company) == []
    assert visitor.slack.warnings == []
    assert [call.response for call in visitor.slack.calls(ok=False)] == []


def the_past_stands_in_the_channels(visitor: Visitor) -> None:
    posts = visitor.slack.messages(visitor.alerts)
    days = [datetime.fromtimestamp(float(post["ts"]), UTC).astimezone(ZONE) for post in posts]
    assert {(STORY - timedelta(days=back)).date() for back in range(10)} <= {day.date() for day in days}
    assert all((day.hour, day.minute) == (9, 0) for day in days)
    everything = " ".join(shown(post) for post in posts)
    assert "1 person" in everything
    assert "Unattributed" in everything
    assert "Unpriced" in everything
    asked = " ".join(shown(card) for card in visitor.slack.messages(visitor.approvals))
    for outcome in ("approved $400", "denied it", "approved $500 of the $800", "Approved by itself", "Waiting"):
        assert outcome in asked
    assert "Fiona Grant approved $1,600" in asked


def nothing_is_decided_before_it_is_asked(visitor: Visitor) -> None:
    assert visitor.done() == []
    assert "Step 2" in visitor.is_told("decide.reply")
    assert "Step 2" in visitor.is_told("decide.button")
    assert "09:00" in visitor.is_told("alert.person")
    assert "09:00" in visitor.is_told("alert.finance")
    assert "no such step" in visitor.is_told("look.away")


def ada_looks(visitor: Visitor) -> None:
    where = visitor.press("look.tokens")
    assert where == {"viewer": visitor.town.ids["ada"], "at": visitor.town.channels["general"], "thread": ""}
    assert "left for October" in visitor.in_general("ada")
    assert "billing-migration" in visitor.in_general("ada")
    assert visitor.done() == ["look"]


def a_stranger_is_told_so(visitor: Visitor) -> None:
    told = visitor.slack.command(visitor.town.ids["sam"], visitor.town.channels["general"], "/tokens")
    assert "Dana Whitfield" in told.ephemerals[0]["text"]
    assert "$" not in told.ephemerals[0]["text"]


def ada_asks_once(visitor: Visitor) -> None:
    visitor.press("ask.topup")
    assert "Grace" in visitor.said()
    assert "Grace already" in visitor.is_told("ask.topup")
    assert "Ada Lovelace asks for $500" in shown(visitor.slack.messages(visitor.approvals)[-1])
    assert visitor.done() == ["look", "ask"]


def grace_decides_by_a_reply(visitor: Visitor) -> None:
    where = visitor.press("decide.reply")
    assert (where["viewer"], where["at"]) == (visitor.town.ids["grace"], visitor.approvals)
    card = visitor.slack.thread(visitor.approvals, where["thread"])[0]
    assert "Grace Hopper approved $300 of the $500" in shown(card)
    assert "Grace Hopper approved $300 of the $500" in visitor.dm("ada")
    assert visitor.is_told("decide.button").startswith("Grace Hopper has approved $300 of the $500")
    assert visitor.done() == ["look", "ask", "decide"]


def ada_asks_again_by_hand_and_grace_presses(visitor: Visitor) -> None:
    visitor.slack.command(visitor.town.ids["ada"], visitor.town.channels["general"], "/topup 120 one more table")
    visitor.town.settle()
    visitor.press("decide.button")
    assert "Grace Hopper approved $120" in visitor.dm("ada")


def an_hour_passes(visitor: Visitor) -> None:
    before = visitor.slack.messages(visitor.alerts)
    visitor.press("clock.hour")
    assert STORY + timedelta(hours=1) <= visitor.town.time.now() < STORY + timedelta(hours=2)
    assert "October budget is spent" in visitor.dm("nadia")
    assert visitor.slack.messages(visitor.alerts) == before
    assert "alert" not in visitor.done()


def the_morning_tells_of_tomas(visitor: Visitor) -> None:
    assert "above your salary" not in visitor.dm("tomas")
    where = visitor.press("alert.morning")
    assert MORNING <= visitor.town.time.now() < MORNING + timedelta(hours=1)
    assert where["at"] == visitor.alerts
    told = shown(visitor.slack.thread(visitor.alerts, where["thread"])[-1])
    assert "1 person" in told
    assert "1 above" in told
    assert "Tomas" not in " ".join(shown(post) for post in visitor.slack.messages(visitor.alerts))
    assert visitor.press("alert.person")["viewer"] == visitor.town.ids["tomas"]
    assert "above your salary" in visitor.dm("tomas")
    assert visitor.press("alert.finance")["viewer"] == visitor.town.ids["fiona"]
    assert visitor.town.ids["tomas"] in visitor.dm("fiona")
    assert visitor.press("alert.morning") == where
    assert visitor.done() == ["look", "ask", "decide", "alert"]


def ada_sees_why(visitor: Visitor) -> None:
    visitor.press("why.tokens")
    assert "$300.00" in visitor.in_general("ada")
    assert visitor.done() == ["look", "ask", "decide", "alert", "why"]


def october_closes(visitor: Visitor) -> None:
    visitor.press("clock.close")
    assert CLOSE <= visitor.town.time.now() < CLOSE + timedelta(hours=1)
    assert "4 Nov" in visitor.said()
    story = visitor.slack.guide_story()
    assert story is not None
    assert [move["label"] for move in story["clock"]["moves"]][-1] == "November's close"
    visitor.press("look.tokens")
    assert "left for November" in visitor.in_general("ada")
    visitor.press("clock.morning")
    assert visitor.town.time.now() >= datetime(2026, 11, 5, 9, tzinfo=ZONE)
