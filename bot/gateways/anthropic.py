"""People's spend limits at Anthropic (Enterprise), and the requests for more that people make there.

Amounts are cents in text. A limit has no end of its own: whoever raises one has to lower it again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx

from bot.gateways import http
from bot.gateways.protocol import Declined, Lost, UnknownPerson, Whom

_CENT = 10_000_000
_LIMITS = "/v1/organizations/spend_limits"
_REQUESTS = "/v1/organizations/spend_limit_increase_requests"
_VERSION = "2023-06-01"
_MOST_PAGES = 1000


@dataclass(frozen=True, slots=True)
class Effective:
    """What holds for one user there. `spent` is None where Anthropic says "0": it says so too when it cannot tell."""

    limit: int | None = field(repr=False)
    spent: int | None = field(repr=False)
    limit_id: str | None


@dataclass(frozen=True, slots=True)
class IncreaseRequest:
    """Somebody's request for a higher limit, made at Anthropic and answered there."""

    id: str
    user_id: str
    email: str = field(repr=False)
    asked_nanos: int | None


@dataclass(frozen=True)
class AnthropicGateway:
    """One organisation; `key` has the scopes read:spend_limits and write:spend_limits."""

    base_url: str
    key: str = field(repr=False)
    name: str = "anthropic"
    title: str = "Anthropic"
    step_nanos: int = _CENT
    period_months: frozenset[int] = frozenset({1})

    def write(self, whom: Whom, nanos: int, months: int) -> None:
        """Set the user's monthly limit."""
        if months not in self.period_months:
            raise Declined("monthly_only")
        with self._client() as client:
            scope = {"type": "user", "user_id": _user_id(client, whom)}
            change = {"scope": scope, "amount": _cents(nanos), "period": "monthly"}
            http.ask(client, "POST", _LIMITS, json=change)

    def read(self, whom: Whom) -> int | None:
        """The user's monthly limit, wherever it comes from."""
        return self.effective(whom).limit

    def effective(self, whom: Whom) -> Effective:
        """What holds for the user. Raises UnknownPerson where Anthropic shows nothing."""
        with self._client() as client:
            user_id = _user_id(client, whom)
            asked = {"user_ids[]": user_id, "period[]": "monthly"}
            rows = list(_pages(client, f"{_LIMITS}/effective", asked))
        for row in rows:
            if row.get("period") == "monthly" and _mapping(row.get("scope")).get("user_id") == user_id:
                spent = _nanos(row.get("period_to_date_spend"))
                return Effective(_nanos(row.get("amount")), spent or None, row.get("spend_limit_id"))
        raise UnknownPerson

    def remove(self, limit_id: str) -> None:
        """Delete a limit, so that what the seat gives holds again."""
        with self._client() as client:
            http.ask(client, "DELETE", f"{_LIMITS}/{limit_id}")

    def pending_requests(self) -> list[IncreaseRequest]:
        """Every request for more that nobody has answered; there is no callback, so it has to be asked."""
        with self._client() as client:
            return [_request(row) for row in _pages(client, _REQUESTS, {"status[]": "pending"})]

    def approve(self, request_id: str, nanos: int) -> None:
        """Raise the limit to this amount."""
        with self._client() as client:
            http.ask(client, "POST", f"{_REQUESTS}/{request_id}/approve", json={"amount": _cents(nanos)})

    def deny(self, request_id: str) -> None:
        """Leave the limit as it is."""
        with self._client() as client:
            http.ask(client, "POST", f"{_REQUESTS}/{request_id}/deny", json={})

    def _client(self) -> httpx.Client:
        return http.client(self.base_url, {"x-api-key": self.key, "anthropic-version": _VERSION})


def _user_id(client: httpx.Client, whom: Whom) -> str:
    known = sorted(whom.ids)
    if known:
        return known[0]
    after: dict[str, str] = {}
    for _page in range(_MOST_PAGES):
        answer = http.ask(client, "GET", "/v1/organizations/users", params={"limit": "1000", **after})
        users = [user for user in answer.get("data") or [] if isinstance(user, dict)]
        for user in users:
            if str(user.get("email") or "").lower() == whom.email and user.get("id"):
                return str(user["id"])
        if not answer.get("has_more") or not users:
            break
        after = {"after_id": str(answer.get("last_id") or users[-1].get("id"))}
    raise UnknownPerson


def _pages(client: httpx.Client, path: str, asked: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    page: dict[str, str] = {}
    for _page in range(_MOST_PAGES):
        answer = http.ask(client, "GET", path, params={**asked, **page})
        yield from (row for row in answer.get("data") or [] if isinstance(row, dict))
        following = answer.get("next_page")
        if not following:
            return
        page = {"page": str(following)}


def _request(row: Mapping[str, Any]) -> IncreaseRequest:
    actor = _mapping(row.get("actor")) or _mapping(row.get("requester"))
    scope = _mapping(row.get("scope"))
    email = str(actor.get("email_address") or actor.get("email") or "").lower()
    user_id = str(actor.get("user_id") or scope.get("user_id") or "")
    return IncreaseRequest(str(row.get("id")), user_id, email, _nanos(row.get("requested_amount", row.get("amount"))))


def _cents(nanos: int) -> str:
    return str(nanos // _CENT)


def _nanos(cents: Any) -> int | None:
    if cents is None:
        return None
    try:
        return round(Decimal(str(cents)) * _CENT)
    except (InvalidOperation, ValueError):
        raise Lost("not_an_amount") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
