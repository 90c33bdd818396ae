"""A LiteLLM proxy and an Anthropic organisation on this machine, as far as their limits go, with faults on demand."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

KEY = "sk-admin-made-up"
Query = dict[str, list[str]]


@dataclass
class Fault:
    """What the next requests whose path ends with `path` meet, so many times."""

    path: str
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b"{}"
    times: int = 1
    does_it: bool = False  # the vendor does what it was asked, and the answer is lost
    drops: bool = False


class Vendor:
    """What both have: requests seen, faults, and an address."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[tuple[str, str, Any]] = []
        self.faults: list[Fault] = []
        self.ignores_writes = False

    def fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if path.endswith(fault.path) and fault.times:
                fault.times -= 1
                return fault
        return None

    def allows(self, _headers: Any) -> bool:
        raise NotImplementedError

    def answer(self, method: str, path: str, query: Query, body: Any) -> tuple[int, Any]:
        raise NotImplementedError


class LiteLLM(Vendor):
    """Users with budgets, as the management API of a proxy with a database shows them."""

    def __init__(self, *users: tuple[str, str]) -> None:
        super().__init__()
        self.users: list[dict[str, Any]] = [
            {"user_id": user, "user_email": email, "max_budget": None, "spend": 1.5} for user, email in users
        ]

    def allows(self, headers: Any) -> bool:
        return bool(headers["Authorization"] == f"Bearer {KEY}")

    def answer(self, method: str, path: str, query: Query, body: Any) -> tuple[int, Any]:
        if (method, path) == ("GET", "/user/list"):
            return 200, {"users": list(self._found(query)), "total": 1, "page": 1, "page_size": 100, "total_pages": 1}
        if (method, path) == ("POST", "/user/update"):
            user = next(user for user in self.users if user["user_id"] == body["user_id"])
            if not self.ignores_writes:
                user |= {name: body[name] for name in ("max_budget", "budget_duration")}
            return 200, {"user_id": body["user_id"], "data": user}
        if (method, path) == ("POST", "/key/update"):
            return 200, {"key": "sk-...", **body}
        return 404, {"error": {"type": "not_found"}}

    def _found(self, query: Query) -> Iterator[dict[str, Any]]:
        for user in self.users:
            if "user_ids" in query and user["user_id"] in query["user_ids"][0].split(","):
                yield user
            if "user_email" in query and query["user_email"][0] in user["user_email"].lower():
                yield user


class Anthropic(Vendor):
    """An Enterprise organisation: its users in two pages, their limits, and their requests for more."""

    def __init__(self, *users: tuple[str, str]) -> None:
        super().__init__()
        self.users = users
        self.amounts: dict[str, str | None] = {}
        self.spent = "0"
        self.requests: list[dict[str, Any]] = []
        self.answered: list[tuple[str, Any]] = []

    def allows(self, headers: Any) -> bool:
        return bool(headers["x-api-key"] == KEY and headers["anthropic-version"])

    def answer(self, method: str, path: str, query: Query, body: Any) -> tuple[int, Any]:
        base = path.removeprefix("/v1/organizations/")
        match method, base:
            case "GET", "users":
                found: Any = self._users(query)
            case "GET", "spend_limits/effective":
                found = {"data": [self._limit(user) for user in query["user_ids[]"]], "next_page": None}
            case "POST", "spend_limits":
                found = {"id": "spl_1", **body}
                if not self.ignores_writes:
                    self.amounts[body["scope"]["user_id"]] = body["amount"]
            case "GET", "spend_limit_increase_requests":
                found = self._requests(query)
            case _:
                found = {}
                self.answered.append((base.removeprefix("spend_limit_increase_requests/"), body))
        return 200, found

    def _users(self, query: Query) -> dict[str, Any]:
        after = query.get("after_id", [""])[0]
        rows = [{"id": user, "email": email, "type": "user"} for user, email in self.users]
        half = len(rows) // 2
        page = rows[half:] if after else rows[:half]
        return {"data": page, "has_more": not after, "last_id": page[-1]["id"] if page else None}

    def _limit(self, user: str) -> dict[str, Any]:
        return {
            "scope": {"type": "user", "user_id": user}, "amount": self.amounts.get(user, "50000"), "currency": "USD",
            "period": "monthly", "spend_limit_id": "spl_1", "period_to_date_spend": self.spent,
        }  # fmt: skip

    def _requests(self, query: Query) -> dict[str, Any]:
        page = int(query.get("page", ["0"])[0])
        following = str(page + 1) if page + 1 < len(self.requests) else None
        return {"data": self.requests[page : page + 1], "next_page": following}


@contextmanager
def running(vendor: Vendor) -> Iterator[Vendor]:
    """Serve the vendor on a port of its own."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(vendor))
    vendor.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def handler(vendor: Vendor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def _serve(self) -> None:
            split = urlsplit(self.path)
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length) or b"null")
            vendor.seen.append((self.command, split.path, body))
            fault = vendor.fault(split.path)
            if not vendor.allows(self.headers):
                self._send(401, {"error": {"type": "authentication_error"}})
            elif fault is None:
                self._send(*vendor.answer(self.command, split.path, parse_qs(split.query), body))
            else:
                self._fail(fault, lambda: vendor.answer(self.command, split.path, parse_qs(split.query), body))

        def _fail(self, fault: Fault, do_it: Callable[[], object]) -> None:
            if fault.does_it:
                do_it()
            if fault.drops:
                self.close_connection = True
                return
            self.send_response(fault.status)
            for name, value in fault.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(fault.body)))
            self.end_headers()
            self.wfile.write(fault.body)

        def _send(self, status: int, answer: Any) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = _serve  # noqa: N815 - the standard library's names

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
