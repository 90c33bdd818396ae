"""The app manifest: it alone decides scopes, commands, shortcuts and events."""

import json
from pathlib import Path
from typing import Any

from bot.sandbox.records import Json


class Manifest:
    """Answers questions about a manifest (docs.slack.dev: App manifest reference)."""

    def __init__(self, content: Json) -> None:
        self.content = content
        features = content.get("features", {})
        settings = content.get("settings", {})
        self.name = str(content.get("display_information", {}).get("name", "App"))
        self.bot_name = str(features.get("bot_user", {}).get("display_name", self.name))
        self.scopes: tuple[str, ...] = tuple(content.get("oauth_config", {}).get("scopes", {}).get("bot", ()))
        self.events = frozenset(settings.get("event_subscriptions", {}).get("bot_events", ()))
        self.commands: dict[str, Json] = {entry["command"]: entry for entry in features.get("slash_commands", ())}
        self.shortcuts: dict[str, Json] = {entry["callback_id"]: entry for entry in features.get("shortcuts", ())}
        home: Json = features.get("app_home", {})
        self.has_home = bool(home.get("home_tab_enabled", False))
        # Slack opens the Messages tab of a new app unless its manifest closes it.
        self.has_messages_tab = bool(home.get("messages_tab_enabled", True))
        self.messages_tab_is_read_only = bool(home.get("messages_tab_read_only_enabled", False))
        self.is_interactive = bool(settings.get("interactivity", {}).get("is_enabled", False))

    def has_any(self, scopes: tuple[str, ...]) -> bool:
        """Whether the bot token carries one of these scopes; no scope needed is always carried."""
        return not scopes or any(scope in self.scopes for scope in scopes)


def read_manifest(path: Path) -> Json:
    """A manifest from a JSON or YAML file; YAML needs PyYAML, which is asked for only then."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".json":
        content: Any = json.loads(text)
    else:
        import yaml  # noqa: PLC0415 - a JSON manifest must work without PyYAML

        content = yaml.safe_load(text)
    if not isinstance(content, dict):
        raise TypeError(f"{path} holds no manifest: its top level must be a mapping")
    return content
