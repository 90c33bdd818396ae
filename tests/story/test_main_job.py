"""The main job, end to end: look, ask, decide in the thread, be alerted."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.story.town import Town, shown

NOW = datetime.now(UTC)  # the bot in its own process keeps the machine's time


def this_month() -> str:
    return max(NOW - timedelta(hours=1), NOW.replace(day=1, hour=0, minute=0, second=0)).isoformat()


def tokens(town: Town, name: str = "ada") -> str:
    seen = town.slack.command(town.people[name], town.channels["general"], "/tokens")
    assert seen.ok, seen.error
    return shown(seen.ephemerals[0])


def ask(town: Town, text: str, name: str = "ada") -> str:
    seen = town.slack.command(town.people[name], town.channels["general"], f"/topup {text}")
    assert seen.ok, seen.error
    return shown(seen.ephemerals[0])


def newest_card(town: Town, count: int) -> str:
    cards = town.slack.until(lambda: (found := town.slack.messages(town.channels["approvals"]))[count - 1 :] and found)
    card = cards[-1]
    town.slack.until(lambda: len(town.slack.thread(town.channels["approvals"], card["ts"])) > 1)
    return str(card["ts"])


def action(town: Town, card: str, prefix: str) -> tuple[str, str]:
    """The ts of the bot's first reply and the action id of its button."""
    reply = town.slack.thread(town.channels["approvals"], card)[1]
    buttons = [block for block in reply["blocks"] if block["type"] == "actions"]
    ids = [element["action_id"] for block in buttons for element in block["elements"]]
    return reply["ts"], next(found for found in ids if found.startswith(prefix))


def test_look_ask_decide(town: Town) -> None:
    town.start()
    assert "$20,833.33" in tokens(town)
    assert "1 new" in town.spend(("ada@example.com", "1234.56"), at=this_month())
    assert "$19,598.77" in tokens(town)

    answer = ask(town, "500 finish the migration")
    assert "$500" in answer
    card = newest_card(town, 1)
    reply, approve = action(town, card, "top_up.approve")
    for nobody in ("ada", "stranger", "mia", "olga"):
        seen = town.slack.click(town.people[nobody], town.channels["approvals"], reply, approve)
        assert seen.ok, seen.error
        town.slack.until(lambda seen=seen: seen.ephemerals)  # type: ignore[misc]
    assert "$19,598.77" in tokens(town)

    town.slack.click(town.people["grace"], town.channels["approvals"], reply, approve)
    assert "$20,098.77" in tokens(town)
    again = town.slack.click(town.people["grace"], town.channels["approvals"], reply, approve, stale=True)
    assert "Grace" in shown(town.slack.until(lambda: again.ephemerals)[0])
    assert "$20,098.77" in tokens(town)
    town.slack.until(lambda: any("$500" in text for text in town.dm_texts("ada")))
    assert town.cli("audit", "verify").returncode == 0


def test_decide_by_typing(town: Town) -> None:
    town.start()
    ask(town, "$400 a larger context")
    card = newest_card(town, 1)
    approvals = town.channels["approvals"]
    for name, text in [("grace", "approved?"), ("grace", "approve once legal signs off"), ("mia", "approve"),
                       ("ada", "approve"), ("stranger", "approve 300")]:  # fmt: skip
        before = len(town.dm_texts(name))
        said = town.slack.say(town.people[name], approvals, text, thread_ts=card)
        town.hears(name, before)
        town.slack.edit(town.people[name], approvals, str(said.ts), "approve 400")
    assert "$20,833.33" in tokens(town)
    town.slack.say(town.people["grace"], approvals, "approve 300", thread_ts=card)
    town.slack.until(lambda: any("$300" in text for text in town.dm_texts("ada")))
    assert "$21,133.33" in tokens(town)
    parent = shown(town.slack.thread(approvals, card)[0])
    assert "$300" in parent
    assert "$400" in parent


@pytest.mark.parametrize("mode", ["http", pytest.param("socket", marks=pytest.mark.long)])
def test_alerted_once_by_counts_and_without_a_figure(town: Town) -> None:
    month = NOW.strftime("%Y-%m")
    at = this_month()
    # 85 % and 120 % of a month's base salary: of 318450/12 and of 377190/12. A round share would spell the pay.
    town.spend(("olga@example.com", "22556.88"), ("mia@example.com", "37720.53"), at=at)
    tick_at = (NOW + timedelta(minutes=1)).isoformat()
    town.cli("tick", "--at", tick_at)
    posts = town.slack.messages(town.channels["alerts"])
    counts = [shown(post) for post in posts if "salary" in shown(post)]
    assert len(counts) == 1, month
    assert "1" in counts[0]
    assert not re.search(r"[$%]|\d{3,}", counts[0].replace(NOW.strftime("%Y"), ""))
    town.cli("tick", "--at", tick_at)
    town.start()
    town.stop()
    town.cli("tick", "--at", tick_at)
    assert len([p for p in town.slack.messages(town.channels["alerts"]) if "salary" in shown(p)]) == 1
    assert any("salary" in text for text in town.dm_texts("mia"))
    assert any("Mia" in text for text in town.dm_texts("fin"))
