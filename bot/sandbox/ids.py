"""Identifiers and timestamps that look like Slack's; the same seed gives the same ones."""

import hashlib
import itertools
import random
import uuid


class Ids:
    """Hands out identifiers. Not safe for threads by itself: the workspace's lock guards it."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._counters: dict[str, itertools.count[int]] = {}

    def next(self, prefix: str) -> str:
        """The next identifier of a kind: U0A0000001, C0A0000001 and so on."""
        counter = self._counters.setdefault(prefix, itertools.count(1))
        return f"{prefix}0A{next(counter):07X}"

    def token(self, size: int = 24) -> str:
        """Letters and digits that nobody guesses by counting."""
        return "".join(self._random.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=size))

    def block_id(self) -> str:
        """What Slack gives a block that came without a block_id."""
        return self.token(5)

    def uuid(self) -> str:
        """For envelope ids and client_msg_id."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def hash_of(self, at: float) -> str:
        """A view's hash: an instant and something that changes with each version."""
        return f"{int(at)}.{self.token(8)}"


def next_ts(last: str | None, at: float) -> str:
    """A message's ts: later than `last` in the same channel, whatever the clock does.

    Two channels may well hold the same ts: it identifies a message only together with its channel.
    """
    second, micro = int(at), 100
    if last is not None:
        last_second, last_micro = (int(part) for part in last.split("."))
        if last_second >= second:
            second, micro = last_second, last_micro + 100
    return f"{second + micro // 1_000_000}.{micro % 1_000_000:06d}"


def secret(seed: int, purpose: str) -> str:
    """A made-up secret of this server, 32 hex digits."""
    return hashlib.sha256(f"{seed}:{purpose}".encode()).hexdigest()[:32]
