"""The web application, put together from its routers."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from slack_bolt import App

from bot.services.verb import Company, DatabaseBusy
from bot.telemetry import Metrics
from bot.web import gate, health, ingest, slack


@dataclass(frozen=True)
class Parts:
    """What the endpoints need. `problems` says what keeps the bot from being ready, in sentences."""

    company: Company
    slack_app: App | None
    metrics: Metrics
    problems: Callable[[], list[str]]


def build_web(parts: Parts) -> FastAPI:
    """The application; starts nothing."""
    web = FastAPI(title="Stipend", description="AI compute as part of pay.", docs_url="/docs", redoc_url=None)
    web.include_router(health.router(parts.company, parts.metrics, parts.problems))
    web.include_router(ingest.router(parts.company, parts.metrics))
    web.include_router(gate.router(parts.company, parts.metrics))
    if parts.slack_app is not None:
        web.include_router(slack.router(parts.slack_app))
    web.add_exception_handler(DatabaseBusy, _busy)
    return web


def _busy(_request: Request, error: Exception) -> JSONResponse:
    # 503 makes gateways and Slack send it again; nothing was stored.
    return JSONResponse({"detail": str(error)}, status_code=503, headers={"Retry-After": "2"})
