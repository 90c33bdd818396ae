"""People and a real Bolt app, over Socket Mode and over signed HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt import Ack, App, Respond, Say

from bot.sandbox import CannotDo
from tests.sandbox.conftest import Bench
from tests.sandbox.errors import refusal

Json = dict[str, Any]


def button(action_id: str, value: str = "1") -> Json:
    return {"type": "button", "action_id": action_id, "value": value, "text": {"type": "plain_text", "text": action_id}}


def actions(*elements: Json) -> list[Json]:
    return [{"type": "actions", "block_id": "b", "elements": list(elements)}]


def modal(*blocks: Json, title: str = "T", **more: Any) -> Json:
    text = {"type": "plain_text", "text": title}
    return {"type": "modal", "callback_id": "m", "title": text, "submit": text, "blocks": list(blocks), **more}


def entry(block_id: str = "amount", *, optional: bool = False, **element: Any) -> Json:
    label = {"type": "plain_text", "text": block_id}
    made = {"type": "plain_text_input", "action_id": f"{block_id}_typed", **element}
    return {"type": "input", "block_id": block_id, "label": label, "optional": optional, "element": made}


def register(app: App, kind: str, name: Any, listener: Any) -> list[Json]:
    """Register a listener that keeps the payloads it got."""
    got: list[Json] = []

    def keep(ack: Ack, body: Json, respond: Respond) -> None:
        got.append(body)
        listener(ack, body, respond)

    getattr(app, kind)(name)(keep)
    return got


def hear(app: App, name: str) -> list[Json]:
    """Listen to an event and keep what comes."""
    got: list[Json] = []

    def keep(event: Json) -> None:
        got.append(event)

    app.event(name)(keep)
    return got


def test_a_command_is_answered_in_its_ack(bench: Bench) -> None:
    got = register(bench.app, "command", "/ask", lambda ack, body, _: ack(f"for you: {body['text']}"))
    seen = bench.slack.command(bench.ada, bench.team, "/ask @grace about #team & <b>")
    assert (seen.ok, seen.error) == (True, None)
    expected = f"<@{bench.grace}> about <#{bench.team}|team> &amp; &lt;b&gt;"
    assert (got[0]["command"], got[0]["text"], got[0]["user_id"]) == ("/ask", expected, bench.ada)
    assert [message["text"] for message in seen.ephemerals] == [f"for you: {expected}"]
    assert bench.slack.messages(bench.team) == bench.slack.ephemerals(bench.grace) == []


def test_a_command_without_should_escape_gets_plain_names(bench: Bench) -> None:
    got = register(bench.app, "command", "/plain", lambda ack, *_: ack())
    bench.slack.command(bench.ada, bench.team, f"/plain <@{bench.grace}> and @grace")
    assert got[0]["text"] == "@grace and @grace"


def test_a_command_may_answer_everybody(bench: Bench) -> None:
    register(bench.app, "command", "/ask", lambda ack, *_: ack(text="all", response_type="in_channel"))
    assert bench.slack.command(bench.ada, bench.team, "/ask").ephemerals == []
    assert [message["text"] for message in bench.slack.messages(bench.team)] == ["all"]


def test_slack_itself_refuses_unknown_commands_and_threads(bench: Bench) -> None:
    hear(bench.app, "message")
    ts = bench.slack.say(bench.ada, bench.team, "hi").ts or ""
    in_thread = bench.slack.command(bench.ada, bench.team, "/ask", thread_ts=ts)
    assert (in_thread.ok, in_thread.error) == (False, "not_supported_in_threads")
    assert bench.slack.command(bench.ada, bench.team, "/nothing").error == "invalid_command"
    assert bench.slack.deliveries("/ask") == []


def test_a_response_url_serves_five_times_in_thirty_minutes(bench: Bench) -> None:
    register(bench.app, "command", "/ask", lambda ack, *_: ack())
    seen = bench.slack.command(bench.ada, bench.team, "/ask")
    respond = Respond(response_url=seen.response_url)
    assert [respond(f"{number}").status_code for number in range(6)] == [200] * 5 + [404]
    assert [message["text"] for message in seen.ephemerals] == list("01234")
    late = bench.slack.command(bench.ada, bench.team, "/ask")
    bench.slack.advance(30 * 60 + 1)
    answer = Respond(response_url=late.response_url)("late")
    assert (answer.status_code, answer.body) == (404, "expired_url")


def test_a_click_carries_what_slack_says(bench: Bench) -> None:
    got = register(bench.app, "action", "yes", lambda ack, _, respond: (ack(), respond("done")))
    menu = {"type": "static_select", "action_id": "menu", "options": [option("a"), option("b")]}
    posted = bench.client.chat_postMessage(channel=bench.team, text="?", blocks=actions(button("yes", "42"), menu))
    seen = bench.slack.click(bench.ada, bench.team, posted["ts"], "yes", values={"menu": "b"})
    assert seen.ok
    (body,) = got
    assert body["container"] == {
        "type": "message",
        "message_ts": posted["ts"],
        "channel_id": bench.team,
        "is_ephemeral": False,
    }
    assert body["state"]["values"]["b"]["menu"]["selected_option"]["value"] == "b"
    assert (body["actions"][0]["value"], body["actions"][0]["block_id"]) == ("42", "b")
    assert body["message"]["ts"] == posted["ts"]
    bench.slack.until(lambda: seen.replies)
    assert [message["text"] for message in bench.slack.messages(bench.team)] == ["?"]


def option(value: str) -> Json:
    return {"text": {"type": "plain_text", "text": value}, "value": value}


def test_respond_may_replace_and_delete_the_original(bench: Bench) -> None:
    register(bench.app, "action", "swap", lambda ack, _, respond: (ack(), respond("new", replace_original=True)))
    register(bench.app, "action", "gone", lambda ack, _, respond: (ack(), respond(delete_original=True)))
    swap = bench.client.chat_postMessage(channel=bench.team, text="old", blocks=actions(button("swap")))["ts"]
    bench.slack.click(bench.ada, bench.team, swap, "swap")
    bench.slack.until(lambda: bench.slack.messages(bench.team)[0]["text"] == "new")
    gone = bench.client.chat_postMessage(channel=bench.team, text="old", blocks=actions(button("gone")))["ts"]
    bench.slack.click(bench.ada, bench.team, gone, "gone")
    bench.slack.until(lambda: len(bench.slack.messages(bench.team)) == 1)


def test_an_ephemeral_keeps_its_visibility_when_replaced(bench: Bench) -> None:
    def swap(ack: Ack, body: Json, respond: Respond) -> None:
        ack()
        assert "message" not in body
        respond("new", replace_original=True, response_type="in_channel")

    register(bench.app, "action", "swap", swap)
    sent = bench.client.chat_postEphemeral(
        channel=bench.team, user=bench.ada, text="old", blocks=actions(button("swap"))
    )
    bench.slack.click(bench.ada, bench.team, sent["message_ts"], "swap")
    bench.slack.until(lambda: bench.slack.ephemerals(bench.ada)[0]["text"] == "new")
    assert bench.slack.messages(bench.team) == []
    with pytest.raises(CannotDo, match="sees no message"):
        bench.slack.click(bench.grace, bench.team, sent["message_ts"], "swap")


def test_a_button_that_is_gone_takes_only_stale_clicks(bench: Bench) -> None:
    got = register(bench.app, "action", "yes", lambda ack, *_: ack())
    ts = bench.client.chat_postMessage(channel=bench.team, text="?", blocks=actions(button("yes")))["ts"]
    bench.client.chat_update(channel=bench.team, ts=ts, text="decided")
    with pytest.raises(CannotDo, match="no element yes"):
        bench.slack.click(bench.ada, bench.team, ts, "yes")
    assert got == []
    assert bench.slack.click(bench.ada, bench.team, ts, "yes", stale=True).ok
    assert got[0]["message"]["text"] == "?"


def test_a_modal_is_opened_corrected_and_submitted(bench: Bench) -> None:
    def opened(ack: Ack, body: Json, _: Respond) -> None:
        ack()
        bench.client.views_open(trigger_id=body["trigger_id"], view=modal(entry(), entry("why", optional=True)))

    def submitted(ack: Ack, body: Json, _: Respond) -> None:
        typed = body["view"]["state"]["values"]["amount"]["amount_typed"]["value"]
        ack() if typed == "5" else ack(response_action="errors", errors={"amount": "five, please"})

    register(bench.app, "shortcut", "ask_global", opened)
    got = register(bench.app, "view", "m", submitted)
    bench.slack.shortcut(bench.ada, "ask_global")
    bench.slack.until(lambda: bench.slack.view(bench.ada))
    with pytest.raises(CannotDo, match="required"):
        bench.slack.submit(bench.ada)
    refused = bench.slack.submit(bench.ada, {"amount_typed": "4"})
    assert refused.errors == {"amount": "five, please"}
    done = bench.slack.submit(bench.ada, {"amount": {"amount_typed": "5"}})
    assert (done.ok, done.view, done.errors) == (True, None, {})
    assert got[1]["view"]["state"]["values"]["why"]["why_typed"]["value"] is None


def test_a_submission_may_update_push_and_clear(bench: Bench) -> None:
    replies: list[Json] = [
        {"response_action": "update", "view": modal(entry(), title="two")},
        {"response_action": "push", "view": modal(entry(), title="three")},
        {"response_action": "push", "view": modal(entry(), title="four")},
        {"response_action": "clear"},
    ]
    register(bench.app, "shortcut", "ask_global", lambda ack, body, _: open_first(bench, ack, body))
    register(bench.app, "view", "m", lambda ack, *_: ack(**replies.pop(0)))
    bench.slack.shortcut(bench.ada, "ask_global")
    bench.slack.until(lambda: bench.slack.view(bench.ada))
    titles = []
    for _ in range(4):
        bench.slack.submit(bench.ada, {"amount_typed": "1"})
        titles.append([view["title"]["text"] for view in bench.slack.views(bench.ada)])
    assert titles == [["two"], ["two", "three"], ["two", "three", "four"], []]


def open_first(bench: Bench, ack: Ack, body: Json) -> None:
    ack()
    bench.client.views_open(trigger_id=body["trigger_id"], view=modal(entry(), title="one", notify_on_close=True))


def test_a_closed_modal_is_told_to_who_asked_for_it(bench: Bench) -> None:
    closed: list[Json] = []
    register(bench.app, "shortcut", "ask_global", lambda ack, body, _: open_first(bench, ack, body))

    @bench.app.view_closed("m")
    def on_closed(ack: Ack, body: Json) -> None:
        ack()
        closed.append(body)

    bench.slack.shortcut(bench.ada, "ask_global")
    bench.slack.until(lambda: bench.slack.view(bench.ada))
    assert bench.slack.close(bench.ada).ok
    assert (bench.slack.views(bench.ada), closed[0]["is_cleared"]) == ([], False)


def test_errors_for_a_block_that_is_no_input_are_a_bad_answer(bench: Bench) -> None:
    register(bench.app, "shortcut", "ask_global", lambda ack, body, _: open_first(bench, ack, body))
    register(bench.app, "view", "m", lambda ack, *_: ack(response_action="errors", errors={"nope": "x"}))
    bench.slack.shortcut(bench.ada, "ask_global")
    bench.slack.until(lambda: bench.slack.view(bench.ada))
    seen = bench.slack.submit(bench.ada, {"amount_typed": "1"})
    assert (seen.ok, seen.error, len(bench.slack.views(bench.ada))) == (False, "invalid_errors", 1)


def test_the_home_tab_is_opened_and_clicked(bench: Bench) -> None:
    @bench.app.event("app_home_opened")
    def opened(event: Json) -> None:
        bench.client.views_publish(user_id=event["user"], view={"type": "home", "blocks": actions(button("yes"))})

    got = register(bench.app, "action", "yes", lambda ack, *_: ack())
    assert bench.slack.open_home(bench.ada).ok
    bench.slack.until(lambda: bench.slack.home(bench.ada))
    assert bench.slack.click_home(bench.ada, "yes").ok
    assert got[0]["container"]["type"] == "view"
    assert "response_url" not in got[0]


def test_messages_edits_and_deletions_reach_the_bot(bench: Bench) -> None:
    got = hear(bench.app, "message")
    mentions = hear(bench.app, "app_mention")
    ts = bench.slack.say(bench.ada, bench.team, "approve @robot 300 < 400").ts or ""
    bench.slack.say(bench.grace, bench.team, "reply", ts)
    bench.slack.edit(bench.ada, bench.team, ts, "deny")
    bench.slack.delete(bench.ada, bench.team, ts)
    bench.slack.bot_says(bench.team, "approve")
    bench.slack.until(lambda: len(got) == 5 and mentions)
    by_kind = {event.get("subtype") or ("bot" if "bot_id" in event else event["text"]): event for event in got}
    posted = by_kind[f"approve <@{bench.slack.bot_user_id}> 300 &lt; 400"]
    assert (posted["channel_type"], posted["user"], posted["ts"]) == ("channel", bench.ada, ts)
    assert by_kind["reply"]["thread_ts"] == ts
    assert by_kind["message_changed"]["previous_message"]["text"] == posted["text"]
    assert by_kind["message_changed"]["message"]["text"] == "deny"
    assert by_kind["message_deleted"]["deleted_ts"] == ts
    assert by_kind["bot"]["user"] != bench.slack.bot_user_id


def test_a_message_shortcut_and_a_reaction(bench: Bench) -> None:
    got = register(bench.app, "shortcut", "decide_message", lambda ack, *_: ack())
    reactions = hear(bench.app, "reaction_added")
    hear(bench.app, "message")
    ts = bench.slack.say(bench.ada, bench.team, "hi").ts or ""
    assert bench.slack.message_shortcut(bench.grace, bench.team, ts, "decide_message").ok
    assert (got[0]["message"]["text"], got[0]["message_ts"]) == ("hi", ts)
    bench.slack.react(bench.grace, bench.team, ts, "eyes")
    bench.slack.until(lambda: reactions)
    assert reactions[0]["item"] == {"type": "message", "channel": bench.team, "ts": ts}
    with pytest.raises(CannotDo, match="no global shortcut"):
        bench.slack.shortcut(bench.ada, "decide_message")


def test_a_trigger_is_good_once_and_for_three_seconds(bench: Bench) -> None:
    register(bench.app, "command", "/ask", lambda ack, *_: ack())
    first = bench.slack.command(bench.ada, bench.team, "/ask").trigger_id
    assert bench.client.views_open(trigger_id=first, view=modal(entry()))["ok"]
    assert refusal(bench.client.views_open, trigger_id=first, view=modal(entry())) == "exchanged_trigger_id"
    late = bench.slack.command(bench.ada, bench.team, "/ask").trigger_id
    bench.slack.advance(3.1)
    assert refusal(bench.client.views_open, trigger_id=late, view=modal(entry())) == "expired_trigger_id"
    assert refusal(bench.client.views_open, trigger_id="1.2.3", view=modal(entry())) == "invalid_trigger_id"


def test_views_update_keeps_what_was_typed_and_minds_the_hash(bench: Bench) -> None:
    register(bench.app, "shortcut", "ask_global", lambda ack, body, _: open_first(bench, ack, body))
    register(bench.app, "view", "m", lambda ack, *_: ack(response_action="errors", errors={"amount": "no"}))
    bench.slack.shortcut(bench.ada, "ask_global")
    view = bench.slack.until(lambda: bench.slack.view(bench.ada)) or {}
    bench.slack.submit(bench.ada, {"amount_typed": "7"})
    bench.client.views_update(view_id=view["id"], hash=view["hash"], view=modal(entry(), title="new"))
    now = bench.slack.view(bench.ada) or {}
    assert now["state"]["values"]["amount"]["amount_typed"]["value"] == "7"
    stale = refusal(bench.client.views_update, view_id=view["id"], hash=view["hash"], view=modal(entry()))
    assert stale == "hash_conflict"
    assert refusal(bench.client.views_update, view_id="V404", view=modal(entry())) == "not_found"


def test_say_answers_in_the_thread(bench: Bench) -> None:
    @bench.app.event("message")
    def answer(event: Json, say: Say) -> None:
        say(text="heard", thread_ts=event["ts"])

    ts = bench.slack.say(bench.ada, bench.team, "hi").ts or ""
    bench.slack.until(lambda: [m["text"] for m in bench.slack.thread(bench.team, ts)] == ["hi", "heard"])


def test_people_act_only_where_they_are(bench: Bench) -> None:
    eve = bench.slack.add_user("eve")
    acts: list[Callable[[], Any]] = [
        lambda: bench.slack.say(eve, bench.team, "hi"),
        lambda: bench.slack.command(eve, bench.team, "/ask"),
        lambda: bench.slack.say(bench.slack.bot_user_id, bench.team, "hi"),
        lambda: bench.slack.say(bench.ada, bench.team, "hi", "1.000001"),
    ]
    for act in acts:
        with pytest.raises(CannotDo):
            act()
