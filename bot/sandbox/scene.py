"""Setting the scene: people, channels, memberships."""

from collections.abc import Iterable

from bot.sandbox import events
from bot.sandbox.acting import Acting
from bot.sandbox.channels import add_channel, open_channel
from bot.sandbox.records import CannotDo, Seen
from bot.sandbox.state import Channel, User


class Scene(Acting):
    """What a workspace's owner would do before the bot comes."""

    def add_user(
        self,
        name: str,
        *,
        real_name: str = "",
        email: str | None = None,
        title: str = "",
        tz: str = "Etc/UTC",
        tz_offset: int = 0,
        is_admin: bool = False,
        is_owner: bool = False,
        deleted: bool = False,
    ) -> str:
        """Somebody new; returns their id. Refused: a name that is taken."""
        with self.ws.lock:
            if any(user.name == name for user in self.ws.users.values()):
                raise CannotDo(f"the name {name} is taken")
            user = User(self.ws.ids.next("U"), name, real_name or name.title(), email, title, tz, tz_offset)
            user.is_admin, user.is_owner, user.deleted = is_admin, is_owner, deleted
            self.ws.users[user.id] = user
            self.ws.changed.notify_all()
            return user.id

    def deactivate(self, user: str) -> None:
        """Somebody leaves the company."""
        with self.ws.lock:
            self.person(user).deleted = True

    def add_channel(self, name: str, *, private: bool = False, members: Iterable[str] = ()) -> str:
        """A new channel; returns its id. Refused: a name that is taken, members who do not exist."""
        people = list(members)
        with self.ws.lock:
            if any(channel.name == name for channel in self.ws.channels.values()):
                raise CannotDo(f"the name {name} is taken")
            unknown = [member for member in people if member not in self.ws.users]
            if unknown:
                raise CannotDo(f"there is nobody with the ids {unknown}")
            return add_channel(self.ws, name, "private" if private else "public", people).id

    def _known(self, channel: str) -> Channel:
        if channel not in self.ws.channels:
            raise CannotDo(f"there is no channel {channel}")
        return self.ws.channels[channel]

    def invite(self, channel: str, user: str) -> Seen:
        """Put somebody, or the bot, into a channel; an event follows."""
        with self.ws.lock:
            place = self._known(channel)
            if user not in self.ws.users:
                raise CannotDo(f"there is nobody with the id {user}")
            if user in place.members:
                return Seen(user)
            place.members.append(user)
            self.ws.changed.notify_all()
            sent = events.emit_joined(self.ws, place, user)
        return self.wait(Seen(user), sent)

    def remove(self, channel: str, user: str) -> Seen:
        """Take somebody, or the bot, out of a channel."""
        with self.ws.lock:
            place = self._known(channel)
            if user not in place.members:
                raise CannotDo(f"{user} is not in {channel}")
            sent = events.emit_left(self.ws, place, user) if user != self.ws.bot_user_id else None
            place.members.remove(user)
            self.ws.changed.notify_all()
        return self.wait(Seen(user), sent)

    def join(self, user: str, channel: str) -> Seen:
        """A person joins a public channel. Refused: private ones."""
        with self.ws.lock:
            self.person(user)
            if self._known(channel).kind != "public":
                raise CannotDo(f"{channel} is not public")
        return self.invite(channel, user)

    def leave(self, user: str, channel: str) -> Seen:
        """A person leaves a channel."""
        with self.ws.lock:
            self.place(user, channel)
        return self.remove(channel, user)

    def archive(self, channel: str) -> None:
        """Archive a channel."""
        with self.ws.lock:
            place = self._known(channel)
            place.archived = True
            events.emit_archived(self.ws, place, place.creator)

    def dm(self, user: str) -> str:
        """The DM of a person and the bot; returns its id."""
        with self.ws.lock:
            self.person(user)
            return open_channel(self.ws, [self.ws.bot_user_id, user]).id

    def dm_between(self, user: str, other: str) -> str:
        """The DM of two people, which the bot does not see; returns its id."""
        with self.ws.lock:
            self.person(user)
            self.person(other)
            return open_channel(self.ws, [user, other]).id
