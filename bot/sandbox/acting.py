"""What every act of a person has in common: who may do it where, and waiting for the bot."""

from concurrent.futures import Future

from bot.sandbox.outbound import Outbound
from bot.sandbox.records import Ack, CannotDo, Delivery, Json, Seen
from bot.sandbox.state import Channel, Message, User, Workspace
from bot.sandbox.views import view_json


class Acting:
    """The base of all acts: the workspace, and the way to the bot."""

    ws: Workspace
    outbound: Outbound

    def person(self, user_id: str) -> User:
        """The person who acts. Refused: nobody, the deactivated, bots."""
        user = self.ws.users.get(user_id)
        if user is None:
            raise CannotDo(f"there is nobody with the id {user_id}")
        if user.deleted or user.is_bot:
            raise CannotDo(f"{user.name} cannot sign in")
        return user

    def place(self, user_id: str, channel_id: str) -> Channel:
        """The channel the person acts in. Refused: channels that are unknown, archived, or not theirs."""
        self.person(user_id)
        channel = self.ws.channels.get(channel_id)
        if channel is None:
            raise CannotDo(f"there is no channel {channel_id}")
        if user_id not in channel.members:
            raise CannotDo(f"{user_id} is not in {channel_id}")
        if channel.archived:
            raise CannotDo(f"{channel_id} is archived")
        return channel

    def shown(self, user_id: str, channel_id: str, ts: str) -> tuple[Channel, Message]:
        """A message the person sees: one of the channel's, or one shown to them alone."""
        channel = self.place(user_id, channel_id)
        message = channel.messages.get(ts) or channel.ephemerals.get(ts)
        if message is None or message.ephemeral_to not in {None, user_id}:
            raise CannotDo(f"{user_id} sees no message {ts} in {channel_id}")
        return channel, message

    def wait(self, seen: Seen, sent: "Future[Ack] | None") -> Seen:
        """Wait for the first attempt of an event; without one the act is simply done."""
        if sent is not None:
            seen.take(sent.result())
        return seen

    def deliver(self, seen: Seen, kind: str, type_: str, payload: Json) -> Ack:
        """Send a payload and note in `seen` what came of it. Not to be called under the lock."""
        seen.payload = payload
        ack = self.outbound.deliver(Delivery(kind, type_, payload))
        seen.take(ack)
        return ack

    def note_view(self, seen: Seen) -> Seen:
        """Note which modal the person now sees."""
        with self.ws.lock:
            stack = self.ws.stacks.get(seen.user, [])
            seen.view = view_json(self.ws, stack[-1]) if stack else None
        return seen
