"""Menus that ask the bot, files in a modal, reactions taken back, replies sent to the channel too."""

import base64
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest
from slack_bolt import Ack

from bot.sandbox import CannotDo
from tests.sandbox.conftest import Bench, Json, client_of
from tests.sandbox.test_people import entry, hear, modal, register

PLACES = ["Paris", "Parma", "Rome"]


def option(name: str) -> Json:
    return {"text": {"type": "plain_text", "text": name}, "value": name.lower()}


def cannot(sentence: str) -> AbstractContextManager[object]:
    return pytest.raises(CannotDo, match=sentence)


def offer(ack: Ack, body: Json, _: Any) -> None:
    ack(options=[option(name) for name in PLACES if name.startswith(body["value"])])


def menu(**more: Any) -> Json:
    return {"type": "external_select", "action_id": "place", **more}


def opened(bench: Bench, *blocks: Json) -> list[Json]:
    """Open a modal of these blocks; returns what is submitted."""
    register(bench.app, "shortcut", "ask_global", lambda ack, *_: ack())
    got = register(bench.app, "view", "m", lambda ack, *_: ack())
    trigger = bench.slack.shortcut(bench.ada, "ask_global").trigger_id
    bench.client.views_open(trigger_id=str(trigger), view=modal(*blocks))
    return got


def test_a_menu_asks_the_bot_while_somebody_types(bench: Bench) -> None:
    asked = register(bench.app, "options", "place", offer)
    submitted = opened(bench, entry("where", **menu(min_query_length=2)))
    with cannot("asks from 2 letters on"):
        bench.slack.suggest(bench.ada, "place", "P")
    with cannot("offers no option 'paris'"):
        bench.slack.submit(bench.ada, {"place": "paris"})
    seen = bench.slack.suggest(bench.ada, "place", "Pa")
    assert [one["value"] for one in seen.options] == ["paris", "parma"]
    body = asked[0]
    assert (body["type"], body["value"], body["block_id"]) == ("block_suggestion", "Pa", "where")
    assert body["container"]["view_id"] == body["view"]["id"]
    assert not {"trigger_id", "response_url"} & body.keys()
    with cannot("offers no option 'rome'"):
        bench.slack.submit(bench.ada, {"place": "rome"})
    bench.slack.submit(bench.ada, {"place": "parma"})
    assert submitted[0]["view"]["state"]["values"]["where"]["place"]["selected_option"] == option("Parma")


def test_a_menu_in_a_message_and_on_the_home_tab(bench: Bench) -> None:
    asked = register(bench.app, "options", "place", offer)
    blocks = [{"type": "actions", "block_id": "b", "elements": [menu(min_query_length=0)]}]
    ts = str(bench.client.chat_postMessage(channel=bench.team, text="where?", blocks=blocks)["ts"])
    bench.client.views_publish(user_id=bench.ada, view={"type": "home", "blocks": blocks})
    assert len(bench.slack.suggest(bench.ada, "place", channel=bench.team, ts=ts).options) == 3
    assert len(bench.slack.suggest(bench.ada, "place", "R", home=True).options) == 1
    assert (asked[0]["message"]["ts"], asked[0]["channel"]["id"]) == (ts, bench.team)
    assert asked[1]["view"]["type"] == "home"
    got = register(bench.app, "action", "place", lambda ack, *_: ack())
    bench.slack.click(bench.ada, bench.team, ts, "place", "paris")
    assert got[0]["actions"][0]["selected_option"] == option("Paris")


def test_three_letters_are_the_default_and_groups_are_taken(bench: Bench) -> None:
    label = {"type": "plain_text", "text": "Cities"}
    groups = [{"label": label, "options": [option("Rome")]}]
    register(bench.app, "options", "place", lambda ack, *_: ack(option_groups=groups))
    opened(bench, entry("where", type="multi_external_select", action_id="place"))
    with cannot("asks from 3 letters on"):
        bench.slack.suggest(bench.ada, "place", "Ro")
    assert bench.slack.suggest(bench.ada, "place", "Rom").options == groups
    assert bench.slack.submit(bench.ada, {"place": ["rome"]}).ok


@pytest.mark.parametrize("answer", [{"options": [{"value": "x"}]}, {"options": [option("x")] * 101}, {}, {"text": "?"}])
def test_an_answer_that_slack_would_not_take_offers_nothing(bench: Bench, answer: Json) -> None:
    register(bench.app, "options", "place", lambda ack, *_: ack(answer))
    opened(bench, entry("where", **menu(min_query_length=0)))
    seen = bench.slack.suggest(bench.ada, "place")
    assert (seen.ok, seen.error, seen.options) == (False, "invalid_options", [])
    assert "block_suggestion reply" in bench.slack.warnings[-1]


def test_only_menus_of_that_kind_ask(bench: Bench) -> None:
    with cannot("has no modal open"):
        bench.slack.suggest(bench.ada, "place", "Par")
    opened(bench, entry())
    with cannot("is no menu that asks"):
        bench.slack.suggest(bench.ada, "amount_typed", "Par")


@pytest.fixture
def manifest(manifest: Json) -> Json:
    """The scope that a file_input needs, and the event of a reaction taken back."""
    manifest["oauth_config"]["scopes"]["bot"].append("files:read")
    manifest["settings"]["event_subscriptions"]["bot_events"].append("reaction_removed")
    return manifest


def test_files_are_submitted_and_read(bench: Bench) -> None:
    submitted = opened(
        bench, entry("bills", type="file_input", action_id="files", filetypes=["pdf", "jpg"], max_files=2)
    )
    with cannot("these inputs are required"):
        bench.slack.submit(bench.ada)
    bill = bench.slack.upload(bench.ada, "bill.pdf", b"%PDF-1.7")
    photo = bench.slack.upload(bench.ada, "photo.JPEG", base64.b64encode(b"\xff\xd8\xff").decode())
    assert bench.slack.submit(bench.ada, {"files": [bill, photo]}).ok
    first, second = submitted[0]["view"]["state"]["values"]["bills"]["files"]["files"]
    assert (first["id"], first["name"], first["filetype"], first["size"]) == (bill, "bill.pdf", "pdf", 8)
    assert (second["filetype"], second["mimetype"], second["user"]) == ("jpg", "image/jpeg", bench.ada)
    info = bench.client.files_info(file=bill)["file"]
    assert info == first
    token = {"authorization": f"Bearer {bench.slack.bot_token}"}
    assert httpx.get(first["url_private"], headers=token, trust_env=False).content == b"%PDF-1.7"
    assert httpx.get(first["url_private"], trust_env=False).status_code == 404


def refused_files(bench: Bench) -> dict[str, Callable[[], list[str]]]:
    def up(user: str, name: str) -> str:
        return bench.slack.upload(user, name, b"x")

    return {
        "takes pdf, not notes.txt": lambda: [up(bench.ada, "notes.txt")],
        "takes at most 1 files": lambda: [up(bench.ada, "a.pdf"), up(bench.ada, "b.pdf")],
        "takes files that": lambda: [up(bench.grace, "hers.pdf")],
    }


def test_files_that_the_input_does_not_take(bench: Bench) -> None:
    opened(bench, entry("bills", type="file_input", action_id="files", filetypes=["pdf"], max_files=1))
    for sentence, chosen in refused_files(bench).items():
        with cannot(sentence):
            bench.slack.submit(bench.ada, {"files": chosen()})
    for content in (b"", b"x" * 10_000_001):
        with cannot("a file has 1 to 10000000"):
            bench.slack.upload(bench.ada, "a.pdf", content)


def test_an_empty_optional_file_input_says_so(bench: Bench) -> None:
    submitted = opened(bench, entry("bills", optional=True, type="file_input", action_id="files"))
    assert bench.slack.submit(bench.ada).ok
    assert submitted[0]["view"]["state"]["values"]["bills"]["files"] == {"type": "file_input", "files": []}


def test_a_reaction_is_taken_back(bench: Bench) -> None:
    hear(bench.app, "message")
    hear(bench.app, "reaction_added")
    removed = hear(bench.app, "reaction_removed")
    ts = str(bench.slack.say(bench.grace, bench.team, "done?").ts)
    bench.slack.react(bench.ada, bench.team, ts, "eyes")
    bench.slack.unreact(bench.ada, bench.team, ts, "eyes")
    assert "reactions" not in bench.slack.messages(bench.team)[0]
    bench.slack.until(lambda: removed)
    assert (removed[0]["user"], removed[0]["reaction"], removed[0]["item"]["ts"]) == (bench.ada, "eyes", ts)
    with cannot("has not reacted with eyes"):
        bench.slack.unreact(bench.ada, bench.team, ts, "eyes")
    client = client_of(bench.slack)
    client.reactions_add(channel=bench.team, timestamp=ts, name="eyes")
    client.reactions_remove(channel=bench.team, timestamp=ts, name="eyes")
    assert "reactions" not in bench.slack.messages(bench.team)[0]


def test_nobody_reacts_to_what_only_they_see(bench: Bench) -> None:
    bench.client.chat_postEphemeral(channel=bench.team, user=bench.ada, text="for you")
    ts = bench.slack.ephemerals(bench.ada)[0]["ts"]
    with cannot("what only they see"):
        bench.slack.react(bench.ada, bench.team, ts, "eyes")


def test_a_reply_sent_to_the_channel_too_says_what_it_answers(bench: Bench) -> None:
    got = hear(bench.app, "message")
    ts = str(bench.slack.say(bench.grace, bench.team, "who decides?").ts)
    bench.slack.say(bench.ada, bench.team, "I do", thread_ts=ts, broadcast=True)
    assert [message["text"] for message in bench.slack.messages(bench.team)] == ["who decides?", "I do"]
    bench.slack.until(lambda: len(got) == 2)
    assert got[1]["subtype"] == "thread_broadcast"
    assert (got[1]["root"]["text"], got[1]["root"]["reply_count"]) == ("who decides?", 1)
