"""files.getUploadURLExternal, files.completeUploadExternal and files.info."""

from bot.sandbox import events
from bot.sandbox.api_chat import bot_message
from bot.sandbox.channels import channel_to_write
from bot.sandbox.content import decoded
from bot.sandbox.errors import SlackError, missing
from bot.sandbox.messages import store
from bot.sandbox.records import Json
from bot.sandbox.state import File, Workspace
from bot.sandbox.uploads import file_json
from bot.sandbox.web_api import Call, Method


def get_upload_url(call: Call) -> Json:
    """Where to send a file's bytes (docs.slack.dev: files.getUploadURLExternal)."""
    if not call.text("filename"):
        raise missing("filename")
    if call.number("length", 0) <= 0:
        raise missing("length")
    file = File(call.ws.ids.next("F"), call.text("filename"), call.number("length", 0), user=call.ws.bot_user_id)
    call.ws.files[file.id] = file
    return {"upload_url": f"{call.ws.base_url}/upload/{file.id}", "file_id": file.id}


def receive(ws: Workspace, file_id: str, content: bytes) -> bool:
    """Take a file's bytes; false when no such upload was announced."""
    file = ws.files.get(file_id)
    if file is None or file.is_complete:
        return False
    file.content, file.size = content, len(content)
    return True


def complete_upload(call: Call) -> Json:
    """Share uploaded files, in a channel if one is named. Refused: `file_not_found`, `invalid_arguments`."""
    wanted = decoded(call.args.get("files") or [], "invalid_arguments")
    if not isinstance(wanted, list) or not wanted:
        raise missing("files")
    files = [_complete(call.ws, entry) for entry in wanted]
    if call.text("channel_id"):
        channel = channel_to_write(call.ws, call.text("channel_id"))
        text = call.text("initial_comment")
        content = {"text": text, "files": files}
        message = bot_message(call.ws, call.ws.tick(channel), content, call.text("thread_ts") or None)
        message.subtype = "file_share"
        events.emit_message(call.ws, channel, store(call.ws, channel, message))
    return {"files": files}


def _complete(ws: Workspace, entry: object) -> Json:
    file = ws.files.get(str(entry.get("id"))) if isinstance(entry, dict) else None
    if file is None or not isinstance(entry, dict):
        raise SlackError("file_not_found")
    file.title, file.is_complete = str(entry.get("title", file.name)), True
    return file_json(ws, file)


def files_info(call: Call) -> Json:
    """What is known of a file. Refused: `file_not_found`."""
    file = call.ws.files.get(call.text("file"))
    if file is None or not file.is_complete:
        raise SlackError("file_not_found")
    return {"file": file_json(call.ws, file)}


def private_content(ws: Workspace, name: str, token: str | None) -> bytes | None:
    """The bytes behind a file's url_private, for whoever has the bot's token and may read files."""
    file = ws.files.get(name.removeprefix(f"{ws.team_id}-"))
    is_allowed = token == ws.bot_token and ws.manifest.has_any(("files:read",))
    return file.content if file and is_allowed else None


METHODS: dict[str, Method] = {
    "files.getUploadURLExternal": Method(get_upload_url, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, ("files:write",)),
    "files.info": Method(files_info, ("files:read",)),
}
