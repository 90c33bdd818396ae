"""Slack over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response

from bot.web.body import bounded_body

MOST_BYTES = 4_000_000
"""Far above Slack's largest payload. The signature is over the body, so a body is read before anybody is known."""


def router(slack_app: App) -> APIRouter:
    """`POST /slack/events`: commands, clicks and events, all signed.

    A plain `def`, so that it runs in the thread pool: Bolt's own adapter runs a sync App inside the event loop, where
    one slow command stalls every other.
    """
    routes = APIRouter(tags=["slack"])

    @routes.post("/slack/events", include_in_schema=True)
    def slack_events(request: Request, body: Annotated[bytes, Depends(bounded_body(MOST_BYTES))]) -> Response:
        """Everything that Slack sends."""
        return to_starlette_response(slack_app.dispatch(to_bolt_request(request, body)))

    return routes
