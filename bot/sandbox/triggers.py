"""Trigger ids and response urls: short lives, counted uses."""

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Seen
from bot.sandbox.state import ResponseUrl, Trigger, Workspace

TRIGGER_SECONDS = 3.0
RESPONSE_URL_SECONDS = 30 * 60.0
RESPONSE_URL_USES = 5


def new_trigger(ws: Workspace, user: str, view_id: str | None = None) -> str:
    """A trigger id for something that a person just did."""
    trigger_id = f"{int(ws.now() * 1000)}.{len(ws.triggers) + 1}.{ws.ids.token(32)}"
    ws.triggers[trigger_id] = Trigger(user, ws.now() + TRIGGER_SECONDS, view_id)
    return trigger_id


def exchange(ws: Workspace, trigger_id: str) -> Trigger:
    """Use a trigger id up (docs.slack.dev: Handling user interaction).

    Refused: `invalid_trigger_id`, `exchanged_trigger_id` the second time, `expired_trigger_id` after three seconds.
    """
    trigger = ws.triggers.get(trigger_id)
    if trigger is None:
        raise SlackError("invalid_trigger_id")
    if trigger.used:
        raise SlackError("exchanged_trigger_id")
    if ws.now() > trigger.expires_at:
        raise SlackError("expired_trigger_id")
    trigger.used = True
    return trigger


def new_response_url(
    ws: Workspace, seen: Seen, channel: str, original_ts: str | None = None, *, is_ephemeral: bool = False
) -> str:
    """A response url for something that a person just did in a channel."""
    name = f"{ws.team_id}/{len(ws.response_urls) + 1}/{ws.ids.token()}"
    expires_at = ws.now() + RESPONSE_URL_SECONDS
    ws.response_urls[name] = ResponseUrl(seen, channel, expires_at, original_ts, is_ephemeral)
    seen.response_url = f"{ws.base_url}/response/{name}"
    return seen.response_url


def use_response_url(ws: Workspace, name: str) -> ResponseUrl:
    """Count a use. Refused: unknown, expired (30 minutes) or used up (5 uses) urls, all with HTTP 404."""
    known = ws.response_urls.get(name)
    if known is None:
        raise SlackError("no_such_url", status=404)
    if ws.now() > known.expires_at:
        raise SlackError("expired_url", status=404)
    if known.uses >= RESPONSE_URL_USES:
        raise SlackError("used_url", status=404)
    known.uses += 1
    return known
