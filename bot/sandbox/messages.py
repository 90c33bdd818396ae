"""Messages: storing, changing and describing them."""

import copy

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json
from bot.sandbox.state import Channel, Message, Workspace


def message_json(ws: Workspace, channel: Channel, message: Message, *, with_metadata: bool = False) -> Json:
    """A message as conversations.history shows it; its metadata only when asked for."""
    body: Json = {"type": "message", "user": message.user, "text": message.text, "ts": message.ts, "team": ws.team_id}
    optional = {
        "subtype": message.subtype,
        "client_msg_id": message.client_msg_id,
        "thread_ts": message.thread_ts,
        "bot_id": message.bot_id,
        "app_id": message.app_id,
        "username": message.username,
        "edited": message.edited,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "files": message.files,
        "metadata": message.metadata if with_metadata else None,
    }
    body |= {key: copy.deepcopy(value) for key, value in optional.items() if value}
    if message.reactions:
        body["reactions"] = [{"name": n, "users": u[:], "count": len(u)} for n, u in message.reactions.items()]
    if message.bot_id:
        body["bot_profile"] = _bot_profile(ws, message)
    if message.ephemeral_to:
        body["is_ephemeral"] = True
    return body | _thread_fields(ws, channel, message)


def _bot_profile(ws: Workspace, message: Message) -> Json:
    user = ws.users.get(message.user)
    return {
        "id": message.bot_id,
        "app_id": message.app_id,
        "name": user.real_name if user else message.username,
        "deleted": False,
        "team_id": ws.team_id,
    }


def _thread_fields(ws: Workspace, channel: Channel, message: Message) -> Json:
    if message.thread_ts and message.thread_ts != message.ts:
        parent = channel.messages.get(message.thread_ts)
        if parent is None:
            return {}
        # What was sent to the channel too says what it answers.
        root = {"root": message_json(ws, channel, parent)} if message.subtype == "thread_broadcast" else {}
        return {"parent_user_id": parent.user, **root}
    replies = replies_to(channel, message.ts)
    if not replies:
        return {}
    people = list(dict.fromkeys(reply.user for reply in replies))
    return {
        "thread_ts": message.ts,
        "reply_count": len(replies),
        "reply_users": people,
        "reply_users_count": len(people),
        "latest_reply": replies[-1].ts,
    }


def replies_to(channel: Channel, ts: str) -> list[Message]:
    """The replies of a thread, oldest first, without the parent."""
    return [message for message in channel.messages.values() if message.thread_ts == ts and message.ts != ts]


def give_block_ids(ws: Workspace, blocks: list[Json]) -> list[Json]:
    """The blocks as Slack keeps them: each has a block_id, each interactive element an action_id."""
    kept = copy.deepcopy(blocks)
    for block in kept:
        block.setdefault("block_id", ws.ids.block_id())
        for element in elements_of(block):
            if element.get("type") not in {"image", "mrkdwn", "plain_text"}:
                element.setdefault("action_id", ws.ids.block_id())
    return kept


def elements_of(block: Json) -> list[Json]:
    """The elements of a block that may be interactive, wherever the block type keeps them."""
    kind = block.get("type")
    if kind in {"actions", "context_actions"}:
        return list(block.get("elements", []))
    if kind == "section":
        return [block["accessory"]] if block.get("accessory") else []
    if kind == "input":
        return [block["element"]]
    if kind == "card":
        return list(block.get("actions", []))
    nested = {"container": "child_blocks", "carousel": "elements"}.get(str(kind))
    return [element for child in block.get(nested, []) for element in elements_of(child)] if nested else []


def store(ws: Workspace, channel: Channel, message: Message) -> Message:
    """Put a new message into its channel; an ephemeral one goes beside the channel's messages, for one person."""
    message.blocks = give_block_ids(ws, message.blocks)
    shelf = channel.ephemerals if message.ephemeral_to else channel.messages
    shelf[message.ts] = message
    ws.changed.notify_all()
    return message


def change(ws: Workspace, channel: Channel, message: Message, changes: Json) -> Json:
    """Change a message in place, keeping what it was; returns the former message."""
    previous = message_json(ws, channel, message, with_metadata=True)
    message.versions.append(previous)
    for name, value in changes.items():
        setattr(message, name, give_block_ids(ws, value) if name == "blocks" else value)
    # A client drops what people had half entered in blocks that are gone.
    kept = {block["block_id"] for block in message.blocks}
    message.state = {block_id: values for block_id, values in message.state.items() if block_id in kept}
    ws.changed.notify_all()
    return previous


def remove_reaction(ws: Workspace, message: Message, user: str, name: str) -> None:
    """Take a reaction away. Refused: `no_reaction` where there is none of this person."""
    people = message.reactions.get(name, [])
    if user not in people:
        raise SlackError("no_reaction")
    people.remove(user)
    if not people:
        del message.reactions[name]
    ws.changed.notify_all()


def remove(ws: Workspace, channel: Channel, message: Message) -> Json:
    """Take a message away; a parent with replies leaves a tombstone, as in Slack. Returns the former message."""
    previous = message_json(ws, channel, message, with_metadata=True)
    if not message.ephemeral_to and replies_to(channel, message.ts):
        gone: Json = {"text": "This message was deleted.", "blocks": [], "metadata": None, "files": [], "reactions": {}}
        change(ws, channel, message, {**gone, "subtype": "tombstone", "user": "USLACKBOT", "bot_id": None})
    else:
        shelf = channel.ephemerals if message.ephemeral_to else channel.messages
        del shelf[message.ts]
    ws.changed.notify_all()
    return previous
