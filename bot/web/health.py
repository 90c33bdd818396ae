"""Health and metrics."""

from collections.abc import Callable

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot.services.verb import Company
from bot.services.vitals import vitals
from bot.telemetry import Metrics


def router(company: Company, metrics: Metrics, problems: Callable[[], list[str]]) -> APIRouter:
    """`/healthz`: the process answers. `/readyz`: it can do its work. `/metrics`: for Prometheus."""
    routes = APIRouter(tags=["health"])

    @routes.get("/healthz", response_class=PlainTextResponse)
    def healthz() -> str:
        """Alive."""
        return "ok"

    @routes.get("/readyz")
    def readyz() -> JSONResponse:
        """Ready, or what is in the way."""
        found = problems()
        return JSONResponse({"ready": not found, "problems": found}, status_code=503 if found else 200)

    @routes.get("/metrics")
    def show_metrics() -> Response:
        """Numbers for Prometheus, without people or amounts."""
        _refresh(company, metrics)
        return Response(generate_latest(metrics.registry), media_type=CONTENT_TYPE_LATEST)

    return routes


def _refresh(company: Company, metrics: Metrics) -> None:
    found = vitals(company)
    for status, count in found.outbox_by_status.items():
        metrics.outbox.labels(status).set(count)
    metrics.outbox_oldest.set(found.outbox_oldest_seconds)
    for source, instant in found.newest_event_at.items():
        metrics.usage_complete_up_to.labels(source).set(instant.timestamp())
    for tick, seconds in found.tick_age_seconds.items():
        metrics.tick_age.labels(tick).set(seconds)
