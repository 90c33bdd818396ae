"""What is to be seen: messages, threads, ephemerals, views, calls, deliveries. All answers are copies."""

import copy
import time
from collections.abc import Callable
from typing import TypeVar

from bot.sandbox.acting import Acting
from bot.sandbox.channels import channel_json, user_json
from bot.sandbox.messages import message_json, replies_to
from bot.sandbox.records import ApiCall, CannotDo, Delivery, Json
from bot.sandbox.state import Channel, Message
from bot.sandbox.views import view_json

Found = TypeVar("Found")


class Looking(Acting):
    """Questions about the state, and waiting for it."""

    def messages(self, channel: str) -> list[Json]:
        """The messages of a channel, oldest first, with metadata; thread replies are in `thread`."""
        with self.ws.lock:
            place = self._place(channel)
            top = [m for m in place.messages.values() if m.thread_ts in {None, m.ts} or m.subtype == "thread_broadcast"]
            return [self._json(place, message) for message in top]

    def thread(self, channel: str, ts: str) -> list[Json]:
        """A thread: its parent, then the replies, oldest first."""
        with self.ws.lock:
            place = self._place(channel)
            if ts not in place.messages:
                raise CannotDo(f"there is no message {ts} in {channel}")
            return [self._json(place, message) for message in [place.messages[ts], *replies_to(place, ts)]]

    def ephemerals(self, user: str, channel: str | None = None) -> list[Json]:
        """What is shown to one person alone, in all channels or in one; each says its channel."""
        with self.ws.lock:
            places = [self._place(channel)] if channel else list(self.ws.channels.values())
            return [
                {**self._json(place, message), "channel": place.id}
                for place in places
                for message in place.ephemerals.values()
                if message.ephemeral_to == user
            ]

    def reload(self, user: str) -> None:
        """The person reloads Slack: what was shown to them alone is gone."""
        with self.ws.lock:
            for place in self.ws.channels.values():
                place.ephemerals = {ts: m for ts, m in place.ephemerals.items() if m.ephemeral_to != user}

    def dms(self, user: str) -> list[Json]:
        """The DM of a person and the bot, replies included, oldest first."""
        with self.ws.lock:
            for place in self.ws.channels.values():
                if place.kind == "im" and sorted(place.members) == sorted([user, self.ws.bot_user_id]):
                    return [self._json(place, message) for message in place.messages.values()]
            return []

    def home(self, user: str) -> Json | None:
        """A person's Home tab as last published."""
        with self.ws.lock:
            view = self.ws.homes.get(user)
            return view_json(self.ws, view) if view else None

    def view(self, user: str) -> Json | None:
        """A person's modal on top."""
        views = self.views(user)
        return views[-1] if views else None

    def views(self, user: str) -> list[Json]:
        """A person's modals, the lowest first."""
        with self.ws.lock:
            return [view_json(self.ws, view) for view in self.ws.stacks.get(user, [])]

    def users(self) -> list[Json]:
        """Everybody."""
        with self.ws.lock:
            return [user_json(self.ws, user, with_email=True) for user in self.ws.users.values()]

    def channels(self) -> list[Json]:
        """Every channel and DM, with its members."""
        with self.ws.lock:
            return [
                {**channel_json(self.ws, channel), "members": channel.members[:]}
                for channel in self.ws.channels.values()
            ]

    def calls(self, method: str | None = None, *, ok: bool | None = None) -> list[ApiCall]:
        """Every request to the Web API and the response urls (method "response_url"), in order; tokens are left out."""
        with self.ws.lock:
            found = [call for call in self.ws.calls if method in {None, call.method} and ok in {None, call.ok}]
            return copy.deepcopy(found)

    def deliveries(self, type: str | None = None) -> list[Delivery]:  # noqa: A002 - Slack's own word
        """Every payload for the bot, in order, by its type: an event's, a command's name, "block_actions"."""
        with self.ws.lock:
            return copy.deepcopy([sent for sent in self.ws.sent if type in {None, sent.type}])

    @property
    def warnings(self) -> list[str]:
        """Habits that Slack allows and people regret."""
        with self.ws.lock:
            return self.ws.warnings[:]

    def until(self, check: Callable[[], Found], seconds: float = 30.0) -> Found:
        """Wait until `check()` is true and return what it says. It is asked at every change. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while True:
            # Asked without the lock: a check may well call the Web API, which needs it.
            found = check()
            if found:
                return found
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"not true after {seconds} s; the last answer was {found!r}")
            with self.ws.changed:
                # A change between the question and this line, or outside of Slack, wakes nobody: hence the short wait.
                self.ws.changed.wait(min(left, 0.01))

    def _place(self, channel: str) -> Channel:
        if channel not in self.ws.channels:
            raise CannotDo(f"there is no channel {channel}")
        return self.ws.channels[channel]

    def _json(self, place: Channel, message: Message) -> Json:
        return message_json(self.ws, place, message, with_metadata=True)
