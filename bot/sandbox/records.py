"""What the local Slack writes down: API calls, deliveries to the bot, and what a person saw."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


class CannotDo(Exception):
    """A person tried what Slack's own client offers no way to do."""


@dataclass(slots=True)
class ApiCall:
    """One request to the Web API or to a response url, with the answer it got (None when the answer was lost)."""

    method: str
    args: Json
    at: float
    status: int = 200
    response: Json | None = None
    fault: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the caller was told that it worked."""
        return bool(self.response and self.response.get("ok"))


@dataclass(frozen=True, slots=True)
class Ack:
    """What came back for one attempt to deliver a payload."""

    ok: bool
    latency_seconds: float = 0.0
    status: int | None = None
    body: Any = None
    error: str | None = None
    no_retry: bool = False


@dataclass(slots=True)
class Delivery:
    """One payload for the bot, with each attempt to deliver it."""

    kind: str
    type: str
    payload: Json
    attempts: list[Ack] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether an attempt was acknowledged in time."""
        return any(ack.ok for ack in self.attempts)


@dataclass(slots=True)
class Seen:
    """What a person saw after doing something; `ephemerals` and `replies` grow while the response url is used."""

    user: str
    ok: bool = True
    error: str | None = None
    latency_seconds: float = 0.0
    status: int | None = None
    body: Any = None
    ts: str | None = None
    trigger_id: str | None = None
    response_url: str | None = None
    payload: Json = field(default_factory=dict)
    ephemerals: list[Json] = field(default_factory=list)
    replies: list[Json] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)
    options: list[Json] = field(default_factory=list)
    view: Json | None = None

    def take(self, ack: Ack) -> None:
        """Fill in what an ack says."""
        self.ok, self.error = ack.ok, ack.error
        self.latency_seconds, self.status, self.body = ack.latency_seconds, ack.status, ack.body
