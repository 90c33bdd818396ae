"""What people do with messages and commands."""

from concurrent.futures import Future

from bot.sandbox import events
from bot.sandbox.acting import Acting
from bot.sandbox.channels import open_channel
from bot.sandbox.messages import change, remove, store
from bot.sandbox.payloads import command_payload, message_shortcut_payload, shortcut_payload
from bot.sandbox.records import Ack, CannotDo, Json, Seen
from bot.sandbox.responses import take_command_reply
from bot.sandbox.state import Channel, Message, User
from bot.sandbox.typed_text import as_command_text, as_posted
from bot.sandbox.views import view_json


class People(Acting):
    """Talking, commanding, opening the Home tab, using shortcuts."""

    def command(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Seen:
        """Type a slash command. In a thread, or with a name the manifest lacks, Slack itself says no."""
        name, _, rest = text.strip().partition(" ")
        if not name.startswith("/"):
            raise CannotDo(f"{text!r} is no command: it does not begin with a slash")
        seen = Seen(user)
        with self.ws.lock:
            place = self.place(user, channel)
            refusal = self._refusal(name, thread_ts)
            if refusal:
                return _refused(seen, *refusal)
            entry = self.ws.manifest.commands[name]
            words = as_command_text(self.ws, rest.strip(), should_escape=bool(entry.get("should_escape")))
            payload = command_payload(self.ws, seen, self.ws.users[user], place, name, words)
        self.deliver(seen, "slash_commands", name, payload)
        with self.ws.lock:
            take_command_reply(self.ws, seen, place)
            if not seen.ok:
                seen.ephemerals.append(_slackbot(f"{name} failed with the error {seen.error}"))
        return self.note_view(seen)

    def _refusal(self, name: str, thread_ts: str | None) -> tuple[str, str] | None:
        if name not in self.ws.manifest.commands:
            return "invalid_command", f"{name} is not a valid command."
        if thread_ts:
            return "not_supported_in_threads", f"{name} is not supported in threads. Sorry!"
        return None

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None, *, broadcast: bool = False) -> Seen:
        """Post a message, or a reply in a thread. Refused: unknown threads, a Messages tab that is read-only."""
        with self.ws.lock:
            place = self.place(user, channel)
            self._check_thread(place, thread_ts)
            message = self._typed(place, self.ws.users[user], text, thread_ts)
            if broadcast and thread_ts:
                message.subtype = "thread_broadcast"
            sent = events.emit_message(self.ws, place, store(self.ws, place, message))
        return self.wait(Seen(user, ts=message.ts), sent)

    def _check_thread(self, place: Channel, thread_ts: str | None) -> None:
        if thread_ts and thread_ts not in place.messages:
            raise CannotDo(f"there is no thread {thread_ts} in {place.id}")
        manifest = self.ws.manifest
        is_closed = manifest.messages_tab_is_read_only or not manifest.has_messages_tab
        if place.kind == "im" and self.ws.bot_user_id in place.members and is_closed:
            raise CannotDo("the app's Messages tab takes no messages from people")

    def _typed(self, place: Channel, user: User, text: str, thread_ts: str | None) -> Message:
        posted = as_posted(self.ws, text)
        message = Message(self.ws.tick(place), user.id, posted, _rich_text(text), thread_ts=thread_ts)
        message.client_msg_id = self.ws.ids.uuid()
        return message

    def bot_says(self, channel: str, text: str, thread_ts: str | None = None, *, name: str = "otherbot") -> Seen:
        """Another app's bot posts; its message carries its own bot_id."""
        with self.ws.lock:
            place = self.ws.channels[channel]
            bot = self._other_bot(name)
            self._check_thread(place, thread_ts)
            message = Message(self.ws.tick(place), bot.id, text, thread_ts=thread_ts, bot_id=bot.bot_id)
            message.app_id = f"A0{bot.bot_id}"
            sent = events.emit_message(self.ws, place, store(self.ws, place, message))
        return self.wait(Seen(bot.id, ts=message.ts), sent)

    def _other_bot(self, name: str) -> User:
        for user in self.ws.users.values():
            if user.is_bot and user.name == name:
                return user
        bot = User(self.ws.ids.next("U"), name, name.title(), is_bot=True, bot_id=self.ws.ids.next("B"))
        self.ws.users[bot.id] = bot
        return bot

    def edit(self, user: str, channel: str, ts: str, text: str) -> Seen:
        """Edit an own message."""
        with self.ws.lock:
            place, message = self._own(user, channel, ts)
            content: Json = {"text": as_posted(self.ws, text), "blocks": _rich_text(text)}
            previous = change(self.ws, place, message, content)
            message.edited = {"user": user, "ts": self.ws.tick(place)}
            sent = events.emit_changed(self.ws, place, message, previous)
        return self.wait(Seen(user, ts=ts), sent)

    def delete(self, user: str, channel: str, ts: str) -> Seen:
        """Delete an own message; an admin may delete anybody's."""
        with self.ws.lock:
            place, message = self._own(user, channel, ts)
            sent = events.emit_deleted(self.ws, place, remove(self.ws, place, message))
        return self.wait(Seen(user, ts=ts), sent)

    def _own(self, user: str, channel: str, ts: str) -> tuple[Channel, Message]:
        place, message = self.shown(user, channel, ts)
        if message.user != user and not self.ws.users[user].is_admin:
            raise CannotDo(f"{ts} is not {user}'s message")
        return place, message

    def open_home(self, user: str, tab: str = "home") -> Seen:
        """Open the app's Home (or Messages) tab."""
        with self.ws.lock:
            self.person(user)
            sent = self._home_opened(user, tab)
        return self.wait(Seen(user), sent)

    def _home_opened(self, user: str, tab: str) -> "Future[Ack] | None":
        place = open_channel(self.ws, [self.ws.bot_user_id, user])
        event: Json = {
            "type": "app_home_opened",
            "user": user,
            "channel": place.id,
            "tab": tab,
            "event_ts": self.ws.tick(place),
        }
        if user in self.ws.homes:
            event["view"] = view_json(self.ws, self.ws.homes[user])
        return events.emit(self.ws, event)

    def shortcut(self, user: str, callback_id: str) -> Seen:
        """Use a global shortcut. Refused: what the manifest lacks."""
        seen = Seen(user)
        with self.ws.lock:
            self._check_shortcut(callback_id, "global")
            action_ts = f"{self.ws.now():.6f}"
            payload = shortcut_payload(self.ws, seen, self.person(user), callback_id, action_ts)
        self.deliver(seen, "interactive", "shortcut", payload)
        return self.note_view(seen)

    def message_shortcut(self, user: str, channel: str, ts: str, callback_id: str) -> Seen:
        """Use a shortcut on a message. Refused: what the manifest lacks, messages the person does not see."""
        seen = Seen(user)
        with self.ws.lock:
            self._check_shortcut(callback_id, "message")
            place, message = self.shown(user, channel, ts)
            payload = message_shortcut_payload(self.ws, seen, self.person(user), place, message, callback_id)
        self.deliver(seen, "interactive", "message_action", payload)
        return self.note_view(seen)

    def _check_shortcut(self, callback_id: str, kind: str) -> None:
        entry = self.ws.manifest.shortcuts.get(callback_id)
        if entry is None or entry.get("type") != kind:
            raise CannotDo(f"the manifest has no {kind} shortcut {callback_id}")


def _refused(seen: Seen, error: str, sentence: str) -> Seen:
    seen.ok, seen.error = False, error
    seen.ephemerals.append(_slackbot(sentence))
    return seen


def _slackbot(text: str) -> Json:
    return {"type": "message", "user": "USLACKBOT", "text": text, "is_ephemeral": True}


def _rich_text(text: str) -> list[Json]:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return [{"type": "rich_text", "elements": [section]}]
