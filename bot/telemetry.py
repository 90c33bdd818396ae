"""Logs without secrets, and metrics without people.

Logs are JSON lines on standard error. Only known keys pass: a value that somebody adds in passing is dropped rather
than printed, because a salary, a token or a prompt in a log stays there.
"""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge

_ALLOWED = frozenset({
    "event", "level", "timestamp", "error_id", "error_type", "where", "listener", "verb", "tick", "source", "status",
    "attempt", "count", "seconds", "mode", "port", "reason", "version", "request_id", "kind", "problem",
})  # fmt: skip


def keep_known(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A structlog processor: drop every key that is not on the list, and every value that is not plain."""
    return {key: value for key, value in event.items() if key in _ALLOWED and isinstance(value, str | int | float)}


def start_logging() -> None:
    """Configure structlog, and quieten the libraries that log what they send and receive."""
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_known,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    # slack_sdk and slack_bolt log whole payloads at DEBUG and errors with bodies; httpx logs addresses with tokens.
    logging.basicConfig(level=logging.CRITICAL, stream=sys.stderr, format="%(name)s: %(message)s")
    for name in ("slack_bolt", "slack_sdk", "httpx", "uvicorn", "apscheduler", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


class Metrics:
    """What `/metrics` shows. No label names a person or an amount."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.outbox = Gauge(
            "stipend_outbox_messages", "Messages that wait, by status", ["status"], registry=self.registry
        )
        self.outbox_oldest = Gauge(
            "stipend_outbox_oldest_seconds", "Age of the oldest message not yet sent", registry=self.registry
        )
        self.usage_complete_up_to = Gauge(
            "stipend_usage_complete_up_to_seconds", "Newest event of a source, Unix time", ["source"],
            registry=self.registry,
        )  # fmt: skip
        self.tick_age = Gauge(
            "stipend_tick_age_seconds", "Seconds since a tick last finished", ["tick"], registry=self.registry
        )
        self.delivery = Counter(
            "stipend_delivery_attempts_total", "Attempts to deliver a message", ["outcome"], registry=self.registry
        )
        self.ingested = Counter(
            "stipend_usage_rows_total", "Usage rows received over HTTP", ["source", "outcome"], registry=self.registry
        )
        self.gate = Counter(
            "stipend_gate_asked_total", "Calls that the gate was asked about", ["outcome"], registry=self.registry
        )

    def delivered(self, outcome: str) -> None:
        """Count what became of an attempt to deliver: sent, found, wait, retry, ambiguous, parked."""
        self.delivery.labels(outcome).inc()
