"""Requests for more that people make at a vendor: listed with who asks, and answered there."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bot.gateways.anthropic import IncreaseRequest
from bot.rules.errors import Refused
from bot.services import audit
from bot.services.verb import Company, Tx, look, verb
from db import roster


class NoSuchGateway(Refused):
    """No gateway of that name takes requests here: look at the settings."""


@runtime_checkable
class TakesRequests(Protocol):
    """A gateway at which people can ask for more."""

    @property
    def name(self) -> str:
        """As policy names it."""
        ...

    def pending_requests(self) -> list[IncreaseRequest]:
        """What nobody has answered."""
        ...

    def approve(self, request_id: str, nanos: int) -> None:
        """Raise the limit to this amount."""
        ...

    def deny(self, request_id: str) -> None:
        """Leave the limit as it is."""
        ...


@dataclass(frozen=True, slots=True)
class VendorRequest:
    """A request at a vendor, and the person whose it is; None for somebody who is not in the roster."""

    gateway: str
    id: str
    person_id: int | None
    asked_nanos: int | None


def pending(company: Company) -> list[VendorRequest]:
    """Every request that waits at a vendor. Raises NotWritten's kinds."""
    found = [(gateway.name, gateway.pending_requests()) for gateway in _gateways(company)]
    return [each for name, requests in found for each in _known(company, name, requests)]


def approve(company: Company, gateway: str, request_id: str, nanos: int, *, by: str) -> None:
    """Answer a request with a limit. Raises NoSuchGateway and NotWritten's kinds."""
    _named(company, gateway).approve(request_id, nanos)
    _noted(company, "approve", gateway, request_id, by)


def deny(company: Company, gateway: str, request_id: str, *, by: str) -> None:
    """Answer a request with no. Raises NoSuchGateway and NotWritten's kinds."""
    _named(company, gateway).deny(request_id)
    _noted(company, "deny", gateway, request_id, by)


def _gateways(company: Company) -> list[TakesRequests]:
    return [gateway for gateway in company.gateways if isinstance(gateway, TakesRequests)]


def _named(company: Company, name: str) -> TakesRequests:
    for gateway in _gateways(company):
        if gateway.name == name:
            return gateway
    raise NoSuchGateway


@look
def _known(tx: Tx, gateway: str, requests: Sequence[IncreaseRequest]) -> list[VendorRequest]:
    return [VendorRequest(gateway, one.id, _person_id(tx, gateway, one), one.asked_nanos) for one in requests]


def _person_id(tx: Tx, gateway: str, one: IncreaseRequest) -> int | None:
    identity = roster.identity(tx.session, f"{gateway}_user", one.user_id) if one.user_id else None
    link = roster.newest_link(tx.session, identity.id) if identity is not None and identity.id is not None else None
    if link is not None and link.person_id is not None:
        return link.person_id
    person = roster.person_by_email(tx.session, one.email) if one.email else None
    return person.id if person is not None else None


@verb("gate.request")
def _noted(tx: Tx, what: str, gateway: str, request_id: str, by: str) -> None:
    audit.record(tx, by, f"gate.request.{what}", f"{gateway}:{request_id}")
