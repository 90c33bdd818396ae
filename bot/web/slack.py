"""Slack over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from slack_bolt import App
from slack_bolt.adapter.starlette.handler import to_bolt_request, to_starlette_response


async def raw_body(request: Request) -> bytes:
    """The bytes as they came: the signature is over them."""
    return await request.body()


def router(slack_app: App) -> APIRouter:
    """`POST /slack/events`: commands, clicks and events, all signed.

    A plain `def`, so that it runs in the thread pool: Bolt's own adapter runs a sync App inside the event loop, where
    one slow command stalls every other.
    """
    routes = APIRouter(tags=["slack"])

    @routes.post("/slack/events", include_in_schema=True)
    def slack_events(request: Request, body: Annotated[bytes, Depends(raw_body)]) -> Response:
        """Everything that Slack sends."""
        return to_starlette_response(slack_app.dispatch(to_bolt_request(request, body)))

    return routes
