"""The HTTP and WebSocket server, and the thread it runs in."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response, WebSocket
from websockets.exceptions import InvalidState

from bot.sandbox.api_files import private_content, receive
from bot.sandbox.control import Control
from bot.sandbox.dispatch import Answer, call_method, call_response_url
from bot.sandbox.errors import SlackError
from bot.sandbox.http_delivery import HttpDelivery
from bot.sandbox.outbound import Outbound
from bot.sandbox.page_api import Page, is_own
from bot.sandbox.requests import read_arguments, token_of
from bot.sandbox.socket_mode import SocketMode
from bot.sandbox.state import Workspace

CONTROL_THREADS = 64
SHUTDOWN_LOOKS = 20


def build_app(ws: Workspace, sockets: SocketMode, http: HttpDelivery, outbound: Outbound, page: Page) -> FastAPI:
    """The routes: /api, /response, /upload, /link and /_control, and the page."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Each act of a person waits for the bot in a thread of its own; asyncio's default allows only a handful.
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(CONTROL_THREADS, "local-slack-control"))
        outbound.start()
        yield
        await outbound.stop()
        await http.close()

    app = FastAPI(lifespan=lifespan, openapi_url=None)
    methods = ["GET", "POST"]
    app.add_api_route("/api/{method}", _api_route(ws), methods=methods, response_model=None)
    app.add_api_route("/response/{name:path}", _response_route(ws), methods=["POST"], response_model=None)
    app.add_api_route("/upload/{file_id}", _upload_route(ws), methods=["POST", "PUT"], response_model=None)
    app.add_api_route("/files-pri/{name}", _private_file_route(ws), methods=["GET"], response_model=None)
    app.add_api_route("/_control/{name}", _control_route(page.control), methods=methods, response_model=None)
    app.add_api_websocket_route("/link/", _link_route(sockets))
    page.add_routes(app)
    return app


def _link_route(sockets: SocketMode) -> Callable[..., Any]:
    async def link(websocket: WebSocket) -> None:
        await sockets.serve(websocket)

    return link


def _api_route(ws: Workspace) -> Callable[..., Any]:
    async def api(request: Request, method: str) -> Response:
        try:
            args = await _arguments(request)
        except SlackError as error:
            return await _respond(request, Answer(error.body()))
        token = token_of(request.headers, args)
        return await _respond(request, call_method(ws, method, args, token))

    return api


def _response_route(ws: Workspace) -> Callable[..., Any]:
    async def response(request: Request, name: str) -> Response:
        try:
            args = await _arguments(request)
        except SlackError as error:
            return Response(error.code, 400)
        return await _respond(request, call_response_url(ws, name, args))

    return response


def _upload_route(ws: Workspace) -> Callable[..., Any]:
    async def upload(request: Request, file_id: str) -> Response:
        content = await request.body()
        with ws.lock:
            is_taken = receive(ws, file_id, content)
        return Response(f"OK - {len(content)}" if is_taken else "no such upload", 200 if is_taken else 404)

    return upload


def _private_file_route(ws: Workspace) -> Callable[..., Any]:
    async def private_file(request: Request, name: str) -> Response:
        with ws.lock:
            content = private_content(ws, name, token_of(request.headers, {}))
        return Response(
            content or "no such file", 404 if content is None else 200, media_type="application/octet-stream"
        )

    return private_file


def _control_route(control: Control) -> Callable[..., Any]:
    async def act(request: Request, name: str) -> Response:
        # Whoever controls this Slack may do anything in it; a website that is open in a browser here may not.
        if not is_own(request.headers):
            return Response(json.dumps({"ok": False, "error": "not from here"}), 403, media_type="application/json")
        args = await _arguments(request)
        # People's acts wait for the bot, so they have a thread of their own and leave the event loop free.
        status, result = await asyncio.to_thread(control, name, args)
        return Response(json.dumps(result), status, media_type="application/json")

    return act


async def _arguments(request: Request) -> dict[str, Any]:
    return read_arguments(request.url.query, request.headers.get("content-type", ""), await request.body())


async def _respond(request: Request, answer: Answer) -> Response:
    if answer.seconds:
        await asyncio.sleep(answer.seconds)
    if answer.is_dropped:
        # ASGI has no word for hanging up. Uvicorn's own send function knows the connection it writes to.
        transport = request.scope["sandbox.transport"]
        transport.abort()
        await request.receive()
    if isinstance(answer.body, str):
        return Response(answer.body, answer.status, answer.headers, "text/plain")
    return Response(json.dumps(answer.body), answer.status, answer.headers, "application/json; charset=utf-8")


class Transported:
    """Hands each request the connection it came by, so that a fault can cut it."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection's request."""
        if scope["type"] == "http":
            scope["sandbox.transport"] = send.__self__.transport
        await self.app(scope, receive, send)


class _PromptServer(uvicorn.Server):
    """Uvicorn looks every tenth of a second whether it should stop; hundreds of tests cannot wait for that."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_ready = threading.Event()

    async def main_loop(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.is_over = asyncio.Event()
        self.is_ready.set()
        # One tick sets the default headers; their date then stands still, which nobody reads.
        await self.on_tick(0)
        await self.is_over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for listening in sockets or []:
            listening.close()
        for connection in list(self.server_state.connections):
            # A page that is saying goodbye itself cannot be told it a second time.
            with contextlib.suppress(InvalidState):
                connection.shutdown()
        for _ in range(SHUTDOWN_LOOKS):
            if not self.server_state.connections:
                break
            await asyncio.sleep(0.005)
        # What still runs is a request that hangs by a fault, or a peer that does not hang up.
        for task in self.server_state.tasks:
            task.cancel()
        await self.lifespan.shutdown()


class ServerThread:
    """Uvicorn in a thread, bound before it starts so that the address is known."""

    def __init__(self, app: FastAPI, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(("127.0.0.1", port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            Transported(app), log_config=None, access_log=False, http="h11", ws="websockets-sansio", lifespan="on",
            timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = _PromptServer(config)
        self._thread = threading.Thread(target=self._run, name="local-slack", daemon=True)

    def start(self) -> None:
        """Return once requests are answered."""
        self._socket.listen(512)
        self._thread.start()
        while not self._server.is_ready.wait(0.05):
            if not self._thread.is_alive():
                raise RuntimeError("the local Slack did not start")

    def _run(self) -> None:
        asyncio.run(self._server.serve(sockets=[self._socket]))

    def stop(self) -> None:
        """Stop serving and wait for the thread."""
        self._server.loop.call_soon_threadsafe(self._server.is_over.set)
        self._thread.join(10)
        self._socket.close()
