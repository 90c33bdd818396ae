"""Files that people choose for a file_input: uploaded at once, submitted with the modal (docs.slack.dev)."""

import base64
from pathlib import PurePath

from bot.sandbox import limits
from bot.sandbox.acting import Acting
from bot.sandbox.records import CannotDo, Json
from bot.sandbox.state import File, Workspace

MIME_TYPES = {
    "csv": "text/csv", "gif": "image/gif", "jpg": "image/jpeg", "json": "application/json", "pdf": "application/pdf",
    "png": "image/png", "txt": "text/plain", "zip": "application/zip",
}  # fmt: skip
SAME = {"jpeg": "jpg", "htm": "html", "text": "txt", "tiff": "tif", "yml": "yaml"}


def extension(name: str) -> str:
    """What Slack calls a file's type: its extension in small letters; spellings of one type are one."""
    plain = PurePath(name).suffix.lstrip(".").lower()
    return SAME.get(plain, plain)


def file_json(ws: Workspace, file: File) -> Json:
    """A file as view_submission and files.info show it."""
    kind = extension(file.name)
    address = f"{ws.base_url}/files-pri/{ws.team_id}-{file.id}"
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": MIME_TYPES.get(kind, "application/octet-stream"),
        "filetype": kind or "binary",
        "pretty_type": kind.upper() or "Binary",
        "user": file.user,
        "user_team": ws.team_id,
        "editable": False,
        "size": file.size,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "is_public": False,
        "public_url_shared": False,
        "display_as_bot": False,
        "username": "",
        "url_private": address,
        "url_private_download": address,
        "file_access": "visible",
    }


def checked_files(ws: Workspace, user: str, element: Json, chosen: object) -> list[Json]:
    """The files of these ids as the payload carries them.

    Refused: files that are not this person's, more than the input takes, types that it does not take.
    """
    ids = chosen if isinstance(chosen, list) else []
    files = [ws.files.get(str(file_id)) for file_id in ids]
    if any(file is None or file.user != user for file in files):
        raise CannotDo(f"{element['action_id']} takes files that {user} has uploaded")
    most = int(element.get("max_files", limits.FILES))
    if len(files) > most:
        raise CannotDo(f"{element['action_id']} takes at most {most} files, not {len(files)}")
    known = [file for file in files if file is not None]
    allowed = {extension(f"of.{kind}") for kind in element.get("filetypes", [])}
    wrong = [file.name for file in known if allowed and extension(file.name) not in allowed]
    if wrong:
        raise CannotDo(f"{element['action_id']} takes {', '.join(sorted(allowed))}, not {', '.join(wrong)}")
    return [file_json(ws, file) for file in known]


class Uploads(Acting):
    """Uploading."""

    def upload(self, user: str, name: str, content: bytes | str) -> str:
        """Upload a file for a file_input; returns its id, which `submit` takes in a list. Text is taken as base64.

        Refused: nothing, and more than 10 MB.
        """
        body = base64.b64decode(content) if isinstance(content, str) else content
        if not body or len(body) > limits.FILE_BYTES:
            raise CannotDo(f"{name} has {len(body)} bytes; a file has 1 to {limits.FILE_BYTES}")
        with self.ws.lock:
            self.person(user)
            file = File(self.ws.ids.next("F"), name, len(body), user=user, created=int(self.ws.now()), content=body)
            file.is_complete = True
            self.ws.files[file.id] = file
            return file.id
