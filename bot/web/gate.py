"""The gate that LiteLLM asks before every call, through its generic guardrail API."""

from typing import Annotated, Any

import structlog
from fastapi import APIRouter, BackgroundTasks, Depends, Header, HTTPException

from bot.gateways.guardrail import Call, NotACall, read_call
from bot.rules.audience import Audience, Visible
from bot.rules.gate import Refused, Verdict, sentence
from bot.services.gate import Gate, NotAToken
from bot.services.verb import Company
from bot.telemetry import Metrics
from bot.web.body import bounded_body

MOST_BYTES = 128_000_000
PATH = "/beta/litellm_basic_guardrail_api"
log = structlog.get_logger()


def router(company: Company, metrics: Metrics) -> APIRouter:
    """`POST /beta/litellm_basic_guardrail_api`: may this call be made?"""
    routes = APIRouter(tags=["gate"])
    gate = Gate(company)

    @routes.post(PATH)
    def before_a_call(
        body: Annotated[bytes, Depends(bounded_body(MOST_BYTES))],
        afterwards: BackgroundTasks,
        authorization: Annotated[str, Header()] = "",
        x_api_key: Annotated[str, Header()] = "",
    ) -> dict[str, Any]:
        """`NONE`, or `BLOCKED` with a sentence that names the limit, until when it holds and how to ask for more."""
        afterwards.add_task(gate.note_asked)
        verdict = _verdict(gate, metrics, _token(authorization, x_api_key), _call(body))
        if isinstance(verdict, Refused):
            return {"action": "BLOCKED", "blocked_reason": sentence(Visible(Audience.GATE, verdict.facts))}
        return {"action": "NONE"}

    return routes


def _token(authorization: str, x_api_key: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else x_api_key.strip()


def _call(body: bytes) -> Call:
    try:
        return read_call(body)
    except NotACall as error:
        raise HTTPException(422, str(error)) from None


def _verdict(gate: Gate, metrics: Metrics, token: str, call: Call) -> Verdict:
    try:
        verdict = gate.decide(token, call)
    except NotAToken as error:
        metrics.gate.labels("unauthorised").inc()
        raise HTTPException(401, str(error), {"WWW-Authenticate": "Bearer"}) from None
    except Exception as error:  # noqa: BLE001 - a caller waits: whatever it is, policy says whether the call is made
        # The error's text may hold figures.
        log.warning("gate", error_type=type(error).__name__)
        metrics.gate.labels("trouble").inc()
        fallback = gate.in_trouble()
        if fallback is None:  # 503 is what LiteLLM's own `unreachable_fallback` decides about
            raise HTTPException(503, "The database cannot be asked.", {"Retry-After": "2"}) from None
        return fallback
    # Refusals are not counted apart: beside plain spend the moment of one tells somebody's budget.
    metrics.gate.labels("answered").inc()
    return verdict
