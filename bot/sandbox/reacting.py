"""Reactions: what people put under a message, and take back."""

from bot.sandbox import events
from bot.sandbox.acting import Acting
from bot.sandbox.errors import SlackError
from bot.sandbox.messages import remove_reaction
from bot.sandbox.records import CannotDo, Seen


class Reacting(Acting):
    """Reacting to messages."""

    def react(self, user: str, channel: str, ts: str, name: str) -> Seen:
        """React to a message, once per person and name."""
        with self.ws.lock:
            place, message = self.shown(user, channel, ts)
            if message.ephemeral_to is not None:
                raise CannotDo("nobody can react to what only they see")
            people = message.reactions.setdefault(name, [])
            if user in people:
                raise CannotDo(f"{user} has reacted with {name}")
            people.append(user)
            self.ws.changed.notify_all()
            sent = events.emit_reaction(self.ws, place, message, user, name)
        return self.wait(Seen(user, ts=ts), sent)

    def unreact(self, user: str, channel: str, ts: str, name: str) -> Seen:
        """Take an own reaction back."""
        with self.ws.lock:
            place, message = self.shown(user, channel, ts)
            try:
                remove_reaction(self.ws, message, user, name)
            except SlackError:
                raise CannotDo(f"{user} has not reacted with {name}") from None
            sent = events.emit_reaction(self.ws, place, message, user, name, "reaction_removed")
        return self.wait(Seen(user, ts=ts), sent)
