"""The page's own API: its files, a stream of what one person sees, and what people do.

`GET /` and `/page/*` are the page. Over the WebSocket `/_page/live` the page says where it looks and gets a snapshot of
it at every change. `POST /_page/do/<act>` does what a person does, by the same functions as `/_control`.
`POST /_page/do/guide` with {"act": id} does what a button of the guide says (see `bot.sandbox.guide`).
`GET /_page/files/<id>` gives the bytes of an uploaded picture.

Only the page itself may use it: browsers tell us the origin of what they send, and a page from elsewhere, which could
otherwise act in this workspace while it is open in another tab, is refused.
"""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fastapi import FastAPI, Request, Response, WebSocket, WebSocketDisconnect

from bot.sandbox.control import Control
from bot.sandbox.page_snapshot import LIMIT, Look, Reading, snapshot
from bot.sandbox.records import Json
from bot.sandbox.state import Workspace

FOLDER = Path(__file__).parent / "page"
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
ACTS = frozenset(
    {
        "command", "say", "edit", "delete", "react", "unreact", "suggest", "upload",
        "open_home", "shortcut", "message_shortcut", "click", "click_home",
        "click_modal", "submit", "close", "join", "leave", "reload", "dm", "dm_between",
    }
)  # fmt: skip
GUIDE = "guide"
PICTURES = {b"\x89PNG": "image/png", b"\xff\xd8\xff": "image/jpeg", b"GIF8": "image/gif"}
LOCAL_NAMES = {"127.0.0.1", "localhost"}
# One act changes the state several times; the page needs to see only where that ends.
COALESCE_SECONDS = 0.02


class _Watch:
    """One open page: where it looks, and a flag that something may have changed."""

    def __init__(self) -> None:
        self.look: Look | None = None
        self.woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wake(self) -> None:
        """May be called from any thread."""
        self._loop.call_soon_threadsafe(self.woken.set)


class Page:
    """The page of one local Slack."""

    def __init__(self, ws: Workspace, control: Control, story: Callable[[], Json | None]) -> None:
        self.ws = ws
        self.control = control
        self.story = story
        self.reading = Reading()
        self._watches: set[_Watch] = set()
        self._is_over = False

    def add_routes(self, app: FastAPI) -> None:
        """Serve the page with an app."""
        self._is_over = False
        app.add_api_route("/", self.index, methods=["GET"], response_model=None)
        app.add_api_route("/page/{name}", self.file, methods=["GET"], response_model=None)
        app.add_api_route("/_page/files/{file_id}", self.picture, methods=["GET"], response_model=None)
        app.add_api_route("/_page/do/{act}", self.act, methods=["POST"], response_model=None)
        app.add_api_websocket_route("/_page/live", self.live)

    def close(self) -> None:
        """End the streams; open pages then wait for the next server on this port."""
        self._is_over = True
        for watch in tuple(self._watches):
            watch.wake()

    async def index(self, request: Request) -> Response:
        """The page itself."""
        return await self.file(request, "index.html")

    async def file(self, request: Request, name: str) -> Response:
        """One of the page's files."""
        path = FOLDER / name
        if not _is_from_here(request.headers) or path.suffix not in TYPES or path.parent != FOLDER:
            return Response(status_code=404)
        if not path.is_file():
            return Response(status_code=404)
        return Response(path.read_bytes(), headers=HEADERS, media_type=TYPES[path.suffix])

    async def picture(self, request: Request, file_id: str) -> Response:
        """An uploaded picture; other files are not shown, because a browser might run them."""
        with self.ws.lock:
            file = self.ws.files.get(file_id)
            content = file.content if file else b""
        kind = next((kind for start, kind in PICTURES.items() if content.startswith(start)), None)
        if kind is None or not is_own(request.headers):
            return Response(status_code=404)
        return Response(content, headers=HEADERS, media_type=kind)

    async def act(self, request: Request, act: str) -> Response:
        """Do what a person does. The answer says what became of it; what is to be seen comes by the stream."""
        # A page from elsewhere cannot send JSON without asking first, which nobody answers.
        is_json = request.headers.get("content-type", "").startswith("application/json")
        if not is_json or not is_own(request.headers):
            return _answer(403, {"ok": False, "error": "only this server's own page may do that"})
        if act not in ACTS and act != GUIDE:
            return _answer(404, {"ok": False, "error": f"people cannot {act}"})
        try:
            args = json.loads(await request.body())
        except ValueError:
            return _answer(400, {"ok": False, "error": "that is no JSON"})
        status, answer = await asyncio.to_thread(self.control, "guide_do" if act == GUIDE else act, args)
        return _answer(status, answer if act == GUIDE else _shorter(answer))

    async def live(self, websocket: WebSocket) -> None:
        """Send a snapshot at every change, for as long as the page is open."""
        if not _is_from_here(websocket.headers):
            await websocket.close(1008)
            return
        await websocket.accept()
        watch = _Watch()
        self._watches.add(watch)
        self.ws.changed.listeners.add(watch.wake)
        reader = asyncio.create_task(self._read(websocket, watch))
        try:
            # A stream that is still writing when the server ends is cancelled, which is no news to anybody.
            with contextlib.suppress(WebSocketDisconnect, RuntimeError, asyncio.CancelledError):
                await self._send(websocket, watch, reader)
        finally:
            self.ws.changed.listeners.discard(watch.wake)
            self._watches.discard(watch)
            reader.cancel()

    async def _read(self, websocket: WebSocket, watch: _Watch) -> None:
        try:
            while True:
                watch.look = _look(await websocket.receive_json())
                watch.woken.set()
        except (WebSocketDisconnect, RuntimeError, ValueError):
            watch.woken.set()

    async def _send(self, websocket: WebSocket, watch: _Watch, reader: "asyncio.Task[None]") -> None:
        last = ""
        while True:
            await watch.woken.wait()
            if self._is_over or reader.done():
                break
            # Cleared before the pause: what wakes it during the pause counts again, the end of it all included.
            watch.woken.clear()
            await asyncio.sleep(COALESCE_SECONDS)
            # The guide asks whom it likes, so it is asked in a thread and without the lock.
            guide = await asyncio.to_thread(self.story)
            text = self._snapshot(watch.look, guide)
            if text != last:
                await websocket.send_text(text)
                last = text
        if not reader.done():
            await websocket.close(1001)

    def _snapshot(self, look: Look | None, guide: Json | None) -> str:
        look = look or Look()
        with self.ws.lock:
            # What was asked for goes back with the answer: a page that has moved on knows a late one.
            asked = {"viewer": look.viewer, "at": look.at, "thread": look.thread, "limit": look.limit}
            return json.dumps({"asked": asked, **snapshot(self.ws, self.reading, look), "guide": guide})


def _look(said: Any) -> Look:
    asked: Json = said if isinstance(said, dict) else {}
    limit = asked.get("limit")
    viewer, at, thread = (str(asked.get(key) or "") for key in ("viewer", "at", "thread"))
    return Look(viewer, at, thread, limit if isinstance(limit, int) and limit > 0 else LIMIT)


def is_own(headers: Mapping[str, str]) -> bool:
    """Whether a request to do or to tell something comes from the page itself, or from a program and no browser."""
    return headers.get("sec-fetch-site") in {None, "same-origin", "none"} and _is_from_here(headers)


def _is_from_here(headers: Mapping[str, str]) -> bool:
    """Whether a request is for this machine by name, and was not sent by a page from elsewhere."""
    host = headers.get("host", "")
    if urlsplit(f"//{host}").hostname not in LOCAL_NAMES:
        return False
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == host


def _shorter(answer: Json) -> Json:
    """What the page needs of an answer: not the payloads, which carry what is between Slack and the bot."""
    result = answer.get("result")
    if not isinstance(result, dict):
        return answer
    kept = {key: result.get(key) for key in ("error", "errors", "ts", "options")}
    # What Slack itself says to somebody is stored nowhere, so it travels in the answer.
    said = [shown["text"] for shown in result.get("ephemerals", []) if shown.get("user") == "USLACKBOT"]
    return {"ok": True, "result": {**kept, "ok": result.get("ok"), "said": said}}


def _answer(status: int, body: Json) -> Response:
    return Response(json.dumps(body), status, HEADERS, "application/json")
