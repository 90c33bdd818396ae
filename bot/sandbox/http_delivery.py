"""Payloads to the bot over signed HTTP."""

import json
import time
from typing import Any

import httpx

from bot.sandbox.records import Ack, Json
from bot.sandbox.signing import encode, sign
from bot.sandbox.state import Workspace

RETRY_REASONS = {"operation_timeout": "http_timeout", "dispatch_failed": "connection_failed"}
USER_AGENT = "Slackbot 1.0 (+https://api.slack.com/robots)"


class HttpDelivery:
    """Sends payloads to the request url, each signed."""

    def __init__(self, ws: Workspace, request_url: str | None) -> None:
        self.ws = ws
        self.request_url = request_url
        self._client: httpx.AsyncClient | None = None

    async def send(self, kind: str, payload: Json, attempt: int, reason: str | None) -> Ack:
        """One attempt. Anything but 2xx within the time limit is a failure."""
        if self.request_url is None:
            return Ack(ok=False, error="dispatch_failed")
        body, content_type = encode(kind, payload)
        # The signature's time is the machine's, not Slack's movable clock: the bot compares it with its own.
        headers = sign(self.ws.signing_secret, body, int(time.time()))
        headers |= {"Content-Type": content_type, "User-Agent": USER_AGENT}
        if attempt:
            headers |= {
                "X-Slack-Retry-Num": str(attempt),
                "X-Slack-Retry-Reason": RETRY_REASONS.get(reason or "", "http_error"),
            }
        started = time.monotonic()
        try:
            response = await self._opened().post(
                self.request_url, content=body, headers=headers, timeout=self.ws.options.ack_seconds
            )
        except httpx.TimeoutException:
            return Ack(ok=False, latency_seconds=time.monotonic() - started, error="operation_timeout")
        except httpx.HTTPError:
            return Ack(ok=False, latency_seconds=time.monotonic() - started, error="dispatch_failed")
        return _ack(response, time.monotonic() - started)

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            # Proxies of the environment are for the world outside; the bot is on this machine.
            self._client = httpx.AsyncClient(trust_env=False, limits=httpx.Limits(max_connections=None))
        return self._client

    async def close(self) -> None:
        """Hang up."""
        if self._client is not None:
            await self._client.aclose()


def _ack(response: httpx.Response, latency: float) -> Ack:
    body: Any = response.text
    if "json" in response.headers.get("content-type", ""):
        try:
            body = json.loads(response.text) if response.text else ""
        except ValueError:
            body = response.text
    status = response.status_code
    if response.is_success:
        return Ack(ok=True, latency_seconds=latency, status=status, body=body or None)
    # These are the words in which Slack tells the person what went wrong with a command.
    error = "http_service_error" if response.is_server_error else "http_client_error"
    no_retry = response.headers.get("x-slack-no-retry") == "1"
    return Ack(ok=False, latency_seconds=latency, status=status, body=body or None, error=error, no_retry=no_retry)
