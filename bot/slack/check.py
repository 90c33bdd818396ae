"""What can be seen to be wrong on Slack's side: token, scopes, channels and who is in them."""

from collections.abc import Iterator

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.services.check import Finding, Level
from bot.services.verb import Channels

SCOPES = {
    "app_mentions:read": "to answer when it is mentioned",
    "channels:history": "to read replies in approval threads, and to look before it posts a second time",
    "channels:read": "to look who is in a channel",
    "chat:write": "to post",
    "commands": "for /tokens and /topup",
    "groups:history": "the same in private channels",
    "groups:read": "the same in private channels",
    "im:history": "to look before it sends a direct message a second time",
    "im:write": "to open direct messages",
    "users:read": "to recognise people",
    "users:read.email": "to recognise people by e-mail",
}


def slack_findings(client: WebClient, channels: Channels) -> Iterator[Finding]:
    """Look at the token, its scopes and each channel; never raises for what Slack answers."""
    try:
        answer = client.auth_test()
    except (SlackClientError, OSError) as error:
        yield Finding(Level.PROBLEM, f"Slack does not take the bot token: {_reason(error)}.")
        return
    bot, team = answer.get("user") or answer.get("user_id"), answer.get("team") or answer.get("team_id")
    yield Finding(Level.OK, f"Slack knows the bot as {bot} in {team}.")
    granted = {name.lower(): value for name, value in answer.headers.items()}.get("x-oauth-scopes")
    if granted is None:
        yield Finding(Level.WARNING, "Slack does not say which scopes the token has. It needs those of manifest.yaml.")
    else:
        yield from _scopes(granted)
    yield from _channels(client, channels)


def _scopes(granted: str) -> Iterator[Finding]:
    given = {scope.strip() for scope in granted.split(",") if scope.strip()}
    missing = {scope: why for scope, why in SCOPES.items() if scope not in given}
    for scope, why in missing.items():
        yield Finding(Level.PROBLEM, f"The token lacks the scope {scope}, {why}. Reinstall the app with manifest.yaml.")
    for scope in sorted(given - SCOPES.keys()):
        yield Finding(Level.WARNING, f"The token has the scope {scope}, which Stipend does not need.")
    if not missing:
        yield Finding(Level.OK, "The token has every scope that is needed.")


def _channels(client: WebClient, channels: Channels) -> Iterator[Finding]:
    for name, without in _WITHOUT.items():
        setting, channel = f"STIPEND_{name.upper()}_CHANNEL", getattr(channels, name)
        if channel is None:
            yield Finding(Level.WARNING, f"{setting} is not set: {without}.")
        else:
            yield _channel(client, setting, channel, must_be_private=name == "finance")


_WITHOUT = {
    "approvals": "requests for top-ups go to each approver by direct message",
    "alerts": "no digest and no salary counts are posted",
    "finance": "finance gets direct messages",
}


def _channel(client: WebClient, setting: str, channel: str, *, must_be_private: bool) -> Finding:
    try:
        found = client.conversations_info(channel=channel)["channel"]
    except (SlackClientError, OSError) as error:
        return Finding(Level.PROBLEM, f"{setting} {channel} cannot be seen: {_reason(error)}. Invite the bot to it.")
    name = f"#{found.get('name', channel)}"
    if found.get("is_archived"):
        return Finding(Level.PROBLEM, f"{setting} {name} is archived.")
    if "is_member" not in found:
        return Finding(Level.WARNING, f"Slack does not say whether the bot is in {name} ({setting}).")
    if not found["is_member"]:
        return Finding(Level.PROBLEM, f"The bot is not in {name} ({setting}). Invite it there.")
    if must_be_private and not found.get("is_private"):
        return Finding(Level.PROBLEM, f"{name} ({setting}) is public. What finance reads has to stay private.")
    return Finding(Level.OK, f"The bot is in {name} ({setting}).")


def _reason(error: Exception) -> str:
    if isinstance(error, SlackApiError):
        return str(error.response.get("error", "an answer without a reason"))
    return type(error).__name__
