"""Usage from gateways, with a bearer token of scope ingest."""

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException

from bot.services.ingest import Ingested, ingest_litellm
from bot.services.token import token_name
from bot.services.verb import Company
from bot.telemetry import Metrics
from bot.web.body import bounded_body

MOST_BYTES = 64_000_000
_WITHOUT = "This needs a bearer token of scope ingest. Make one with: python -m bot token create NAME --scope ingest"


def router(company: Company, metrics: Metrics) -> APIRouter:
    """`POST /ingest/litellm`: LiteLLM's `generic_api` callback."""
    routes = APIRouter(tags=["usage"])

    def authorised(authorization: Annotated[str, Header()] = "") -> None:
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token_name(company, token.strip(), "ingest") is None:
            raise HTTPException(401, _WITHOUT, {"WWW-Authenticate": "Bearer"})

    @routes.post("/ingest/litellm", dependencies=[Depends(authorised)])
    def from_litellm(body: Annotated[bytes, Depends(bounded_body(MOST_BYTES))]) -> dict[str, Any]:
        """Counts of accepted, repeated, ignored and refused rows, with a reason for each that was refused."""
        told = ingest_litellm(company, body)
        _count(metrics, "litellm", told)
        return asdict(told)

    return routes


def _count(metrics: Metrics, source: str, told: Ingested) -> None:
    outcomes = {
        "accepted": told.accepted,
        "repeated": told.repeated,
        "ignored": told.ignored,
        "refused": told.refused_count,
    }
    for outcome, number in outcomes.items():
        metrics.ingested.labels(source, outcome).inc(number)
