"""The local Slack of another process, used as if it were in this one."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from bot.sandbox.control import NAMES
from bot.sandbox.records import ApiCall, CannotDo, Delivery, Json, Seen

Found = TypeVar("Found")
RECORDS: dict[str, type[ApiCall] | type[Delivery]] = {"calls": ApiCall, "deliveries": Delivery}
ACTS = frozenset(
    {
        "command", "say", "bot_says", "edit", "delete", "react", "unreact", "suggest",
        "open_home", "shortcut", "message_shortcut", "click",
        "click_home", "click_modal", "submit", "close", "invite", "remove", "join", "leave",
    }
)  # fmt: skip
POSITIONAL: dict[str, tuple[str, ...]] = {
    "add_user": ("name",), "deactivate": ("user",), "add_channel": ("name",), "invite": ("channel", "user"),
    "remove": ("channel", "user"), "join": ("user", "channel"), "leave": ("user", "channel"), "archive": ("channel",),
    "dm": ("user",), "dm_between": ("user", "other"), "command": ("user", "channel", "text", "thread_ts"),
    "say": ("user", "channel", "text", "thread_ts"), "bot_says": ("channel", "text", "thread_ts"),
    "edit": ("user", "channel", "ts", "text"), "delete": ("user", "channel", "ts"),
    "react": ("user", "channel", "ts", "name"),
    "unreact": ("user", "channel", "ts", "name"), "suggest": ("user", "action_id", "typed"),
    "upload": ("user", "name", "content"), "open_home": ("user", "tab"), "shortcut": ("user", "callback_id"),
    "message_shortcut": ("user", "channel", "ts", "callback_id"),
    "click": ("user", "channel", "ts", "action_id", "value"),
    "click_home": ("user", "action_id", "value"), "click_modal": ("user", "action_id", "value"),
    "submit": ("user", "values"), "close": ("user",), "messages": ("channel",), "thread": ("channel", "ts"),
    "ephemerals": ("user", "channel"), "reload": ("user",), "dms": ("user",), "home": ("user",), "view": ("user",),
    "views": ("user",), "calls": ("method",), "deliveries": ("type",), "advance": ("seconds",),
    "fault": ("method", "kind", "times", "when"), "random_faults": ("probabilities",), "disconnect": ("reason",),
    "sign": ("body", "timestamp", "secret"), "guide_do": ("act",),
}  # fmt: skip


class RemoteSlack:
    """Every method of LocalSlack by its name, over HTTP. A `Seen` is a copy that does not grow: ask `ephemerals`."""

    def __init__(self, base_url: str) -> None:
        self._client = httpx.Client(base_url=base_url, timeout=60.0, trust_env=False)
        facts: Json = self._ask("facts", {})
        self.base_url: str = facts["base_url"]
        self.api_url: str = facts["api_url"]
        self.bot_token: str = facts["bot_token"]
        self.app_token: str = facts["app_token"]
        self.signing_secret: str = facts["signing_secret"]
        self.bot_user_id: str = facts["bot_user_id"]
        self.bot_id: str = facts["bot_id"]
        self.app_id: str = facts["app_id"]
        self.team_id: str = facts["team_id"]

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """A method of LocalSlack. Refused: names it does not have."""
        if name not in NAMES:
            raise AttributeError(name)

        def act(*args: Any, **named: Any) -> Any:
            given = dict(zip(POSITIONAL.get(name, ()), args, strict=False))
            return _record(name, self._ask(name, given | named))

        return act

    @property
    def warnings(self) -> list[str]:
        """Habits that Slack allows and people regret."""
        found: list[str] = self._ask("warnings", {})
        return found

    def use_request_url(self, url: str) -> None:
        """Set where payloads go in mode "http"."""
        self._ask("request_url", {"url": url})

    def until(self, check: Callable[[], Found], seconds: float = 30.0) -> Found:
        """Ask until `check()` is true and return what it says. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            found = check()
            if found:
                return found
            if time.monotonic() > deadline:
                raise TimeoutError(f"not true after {seconds} s; the last answer was {found!r}")
            time.sleep(0.02)

    def close_client(self) -> None:
        """Hang up."""
        self._client.close()

    def _ask(self, name: str, args: Json) -> Any:
        answer = self._client.post(f"/_control/{name}", json=args).json()
        if not answer["ok"]:
            raise CannotDo(answer["error"])
        return answer["result"]


def _record(name: str, result: Any) -> Any:
    if name in ACTS:
        return Seen(**result)
    if name in RECORDS:
        return [RECORDS[name](**{key: value for key, value in entry.items() if key != "ok"}) for entry in result]
    return result
