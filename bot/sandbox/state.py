"""The workspace: people, channels, messages, views, and the lock that guards them all."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Literal

from bot.sandbox.faults import Faults
from bot.sandbox.ids import Ids, next_ts, secret
from bot.sandbox.manifest import Manifest
from bot.sandbox.records import Ack, ApiCall, Delivery, Json, Seen

ChannelKind = Literal["public", "private", "im", "mpim"]


@dataclass(slots=True)
class User:
    """Somebody in the workspace; bots are users too."""

    id: str
    name: str
    real_name: str
    email: str | None = None
    title: str = ""
    tz: str = "Etc/UTC"
    tz_offset: int = 0
    is_admin: bool = False
    is_owner: bool = False
    is_bot: bool = False
    deleted: bool = False
    bot_id: str | None = None


@dataclass(slots=True)
class Message:
    """One message. `versions` keeps what it looked like before each change, for clicks on what is gone."""

    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    files: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    subtype: str | None = None
    client_msg_id: str | None = None
    edited: Json | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    versions: list[Json] = field(default_factory=list)
    ephemeral_to: str | None = None
    state: dict[str, dict[str, Json]] = field(default_factory=dict)


@dataclass(slots=True)
class Channel:
    """A channel or a direct message."""

    id: str
    name: str
    kind: ChannelKind
    created: int
    creator: str
    members: list[str] = field(default_factory=list)
    archived: bool = False
    messages: dict[str, Message] = field(default_factory=dict)
    ephemerals: dict[str, Message] = field(default_factory=dict)
    last_ts: str | None = None
    posted_at: float | None = None


@dataclass(slots=True)
class View:
    """A modal or a Home tab as the server keeps it."""

    id: str
    content: Json
    hash: str
    user: str
    root_id: str
    previous_id: str | None = None
    values: dict[str, dict[str, Json]] = field(default_factory=dict)


@dataclass(slots=True)
class Trigger:
    """A trigger id: three seconds, one use."""

    user: str
    expires_at: float
    view_id: str | None = None
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """A response url: five uses in thirty minutes, tied to one act of one person."""

    seen: Seen
    channel: str
    expires_at: float
    original_ts: str | None = None
    is_ephemeral: bool = False
    uses: int = 0


@dataclass(slots=True)
class File:
    """An uploaded file."""

    id: str
    name: str
    size: int
    title: str = ""
    content: bytes = b""
    is_complete: bool = False
    user: str = ""
    created: int = 0


@dataclass(frozen=True, slots=True)
class Options:
    """What may be tuned: pacing of messages, patience for acks, event retries."""

    message_interval_seconds: float = 1.0
    ack_seconds: float = 3.0
    event_retry_delays: tuple[float, ...] = (0.0, 60.0, 300.0)


class Changed(threading.Condition):
    """Notified at every change. Listeners are called with the lock held, so they do no more than set a flag."""

    def __init__(self, lock: threading.RLock) -> None:
        super().__init__(lock)
        self.listeners: set[Callable[[], None]] = set()

    def notify_all(self) -> None:
        """Wake whoever waits, and tell the listeners."""
        super().notify_all()
        for listener in tuple(self.listeners):
            listener()


class Workspace:
    """All state of one local Slack. Whoever reads or writes it holds `lock`; nobody waits for the bot with it."""

    def __init__(self, manifest: Manifest, options: Options, now: Callable[[], float], seed: int) -> None:
        self.manifest = manifest
        self.options = options
        self.lock = threading.RLock()
        self.changed = Changed(self.lock)
        self.ids = Ids(seed)
        self.faults = Faults()
        self.base_url = ""
        self._now = now
        self._skew = 0.0
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.homes: dict[str, View] = {}
        self.stacks: dict[str, list[View]] = {}
        self.triggers: dict[str, Trigger] = {}
        self.response_urls: dict[str, ResponseUrl] = {}
        self.files: dict[str, File] = {}
        self.suggested: dict[tuple[str, str, str], list[Json]] = {}
        self.tickets: dict[str, float] = {}
        self.calls: list[ApiCall] = []
        self.sent: list[Delivery] = []
        self.warnings: list[str] = []
        self.connections_open: Callable[[], int] = lambda: 0
        self.publish: Callable[[Delivery], Future[Ack]] = _nobody_listens
        self.team_id = self.ids.next("T")
        self.app_id = self.ids.next("A")
        self.bot_id = self.ids.next("B")
        self.verification_token = secret(seed, "verification")
        self.signing_secret = secret(seed, "signing")
        self.bot_token = f"xoxb-local-{secret(seed, 'bot')}"
        self.app_token = f"xapp-1-{self.app_id}-{secret(seed, 'app')}"
        name = manifest.bot_name
        bot = User(self.ids.next("U"), name, manifest.name, is_bot=True, bot_id=self.bot_id)
        self.bot_user_id = bot.id
        self.users[bot.id] = bot

    def now(self) -> float:
        """Slack's clock, in seconds."""
        return self._now() + self._skew

    def advance(self, seconds: float) -> None:
        """Move Slack's clock ahead."""
        with self.lock:
            self._skew += seconds
            self.changed.notify_all()

    def tick(self, channel: Channel) -> str:
        """A new ts for a channel."""
        channel.last_ts = next_ts(channel.last_ts, self.now())
        return channel.last_ts

    def team(self) -> Json:
        """The team as interaction payloads carry it."""
        return {"id": self.team_id, "domain": "local"}

    def warn(self, text: str) -> None:
        """Write down a habit that Slack allows and people regret."""
        self.warnings.append(text)


def _nobody_listens(delivery: Delivery) -> "Future[Ack]":
    future: Future[Ack] = Future()
    ack = Ack(ok=False, error="dispatch_failed")
    delivery.attempts.append(ack)
    future.set_result(ack)
    return future


def text_of(value: Any) -> str:
    """The text of a text object, or nothing."""
    return str(value.get("text", "")) if isinstance(value, dict) else ""
