"""The local Slack: a strict Slack on 127.0.0.1 for tests and for the demo.

    with LocalSlack(manifest, mode="socket") as slack:
        ada = slack.add_user("ada", email="ada@example.com")
        team = slack.add_channel("approvals", members=[ada, slack.bot_user_id])
        client = WebClient(token=slack.bot_token, base_url=slack.api_url, retry_handlers=[])
        ...start the bot with slack.api_url, slack.bot_token and slack.app_token (or slack.signing_secret)...
        seen = slack.command(ada, team, "/tokens")
        assert seen.ok and "left" in seen.ephemerals[0]["text"]

LocalSlack(manifest, *, mode, request_url, port, message_interval_seconds, ack_seconds, event_retry_delays, seed, now)
    `manifest` is the app manifest as a dict: it alone decides scopes, commands, shortcuts and events. `mode` is
    "socket" or "http"; for "http" set `slack.request_url` before or after the start. `message_interval_seconds=0`
    turns the one-message-a-second rule off. `ack_seconds` (3.0) is how long a payload may wait for its ack,
    `event_retry_delays` ((0, 60, 300)) when an event is sent again. The same seed gives the same ids.

The page: `base_url` in a browser is a chat with all of it: channels, threads, the Home tab, modals, and a choice of who
    one is. `#as=<user>&at=<channel or home>&thread=<ts>` opens it at a place.

The guide: `slack.guide = guide`, before or after the start, puts a panel with a story beside the page: steps to try,
    and a clock to move. `Guide` says what it is; `guide_changed()` lets open pages draw it anew; `guide_story()` and
    `guide_do(act)` are what the panel asks and does.

What the bot needs: `base_url`, `api_url` (ends in /api/), `bot_token`, `app_token`, `signing_secret`, `bot_user_id`,
`bot_id`, `app_id`, `team_id`.

Setting the scene; whatever is new is returned as its id:
    `add_user(name, email=, real_name=, tz=, …)`, `deactivate(user)`, `add_channel(name, private=, members=)`,
    `invite(channel, user)`, `remove(channel, user)`, `archive(channel)`, `dm(user)` (the DM with the bot),
    `dm_between(user, other)`.

What people do. Each returns a `Seen`, and raises `CannotDo` where Slack's own client would offer no way to do it:
    `command(user, channel, "/tokens history", thread_ts=None)`,
    `say(user, channel, text, thread_ts=None, broadcast=False)`,
    `edit(user, channel, ts, text)`, `delete(user, channel, ts)`,
    `click(user, channel, ts, action_id, value=None, block_id=, values=, stale=False)`,
    `click_home(user, action_id, value=None, …)`, `click_modal(user, action_id, value=None, …)`, `open_home(user)`,
    `shortcut(user, callback_id)`, `message_shortcut(user, channel, ts, callback_id)`,
    `submit(user, {action_id: value} or {block_id: {action_id: value}})`, `close(user, clear=False)`,
    `react(user, channel, ts, name)`, `unreact(…)`, `suggest(user, action_id, "typed", channel=, ts=, home=)` (types
    into a menu that asks the bot; only what it offered can be chosen), `upload(user, name, content)` (gives an id; a
    list of these is what a file_input takes), `join(user, channel)`, `leave(user, channel)`,
    `bot_says(channel, text)` (another app's bot). A command waits for its ack; a message for the event's ack, which
    Bolt gives before its listener runs: use `until` for what the listener does.

Seen: `ok` (acked in time and without error; a message nobody subscribes to is ok), `error` ("operation_timeout",
    "dispatch_failed", "http_client_error", "http_service_error", "invalid_command", "not_supported_in_threads", …),
    `latency_seconds`, `status` (HTTP), `body` (the ack's body), `ephemerals` (shown to this person by this act, and by
    its response_url later), `replies` (every accepted use of the response_url), `view` (the person's modal on top
    afterwards), `errors` (of a view_submission, by block_id), `options` (of `suggest`), `ts` (of the message posted),
    `trigger_id`, `response_url`, `payload` (what was sent to the bot).

What is to be seen, as copies of Slack's JSON:
    `messages(channel)` (oldest first, no replies), `thread(channel, ts)` (parent first), `ephemerals(user)`,
    `dms(user)`, `home(user)`, `view(user)` (the modal on top), `views(user)` (the stack), `users()`, `channels()`,
    `calls(method=None, ok=None)` (every Web API request, as `ApiCall`), `deliveries(type=None)` (every payload for the
    bot, as `Delivery`), `warnings` (habits that Slack allows and people regret, such as blocks without text).
    `until(check, seconds=30)` waits until `check()` is true and returns its value; it asks again at every change.
    `reload(user)` reloads the person's Slack: ephemerals are gone.

Faults: `fault(method, kind, times=1, when="before"|"after", seconds=, retry_after=)` with kind "ratelimited",
    "http_500", "http_502", "http_503", "internal_error", "fatal_error", "hang", "drop". "after" loses the answer of a
    call that took effect; a "hang" after answers late, one before never does. Method "*" is any, "response_url" the
    response urls.
    `random_faults({kind: probability}, seed=, methods=)`, `clear_faults()`.

Time: `advance(seconds)` moves Slack's clock only: triggers and response urls expire, the next message may be posted.

Socket Mode: `connections()`, `disconnect(reason="refresh_requested"|"warning"|"link_disabled")`, `drop_connections()`.
HTTP: `sign(body, timestamp=None, secret=None)` gives the headers of any body; `verify_url()` sends url_verification.

From another process: `python -m bot.sandbox --port N [--manifest FILE]` prints one line of JSON with urls and tokens.
    Every method above is `POST /_control/<name>` with its arguments as JSON; the answer is `{"ok": true, "result": …}`,
    or `{"ok": false, "error": sentence}` with 400, 404 or 409. `RemoteSlack(base_url)` has the same methods.
"""

from bot.sandbox.guide import Guide
from bot.sandbox.local import LocalSlack
from bot.sandbox.records import Ack, ApiCall, CannotDo, Delivery, Seen
from bot.sandbox.remote import RemoteSlack

__all__ = ["Ack", "ApiCall", "CannotDo", "Delivery", "Guide", "LocalSlack", "RemoteSlack", "Seen"]
