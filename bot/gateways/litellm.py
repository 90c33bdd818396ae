"""People's budgets at a LiteLLM proxy, by its management API. Whoever administers the proxy can read them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from bot.gateways import http
from bot.gateways.protocol import UnknownPerson, Whom

_NANOS = 1_000_000_000
_DURATIONS = {1: "1mo", 3: "3mo", 12: "12mo"}
_CENT = 10_000_000


@dataclass(frozen=True)
class LiteLLMGateway:
    """One proxy with a database; `key` is an admin's."""

    base_url: str
    key: str = field(repr=False)
    name: str = "litellm"
    title: str = "LiteLLM"
    step_nanos: int = _CENT
    period_months: frozenset[int] = frozenset(_DURATIONS)

    def write(self, whom: Whom, nanos: int, months: int) -> None:
        """Set the user's `max_budget`. A user that is not there is not made: LiteLLM would make one by itself."""
        with self._client() as client:
            user = _user(client, whom)
            dollars = float(Decimal(nanos) / _NANOS)
            change = {"user_id": user["user_id"], "max_budget": dollars, "budget_duration": _DURATIONS[months]}
            http.ask(client, "POST", "/user/update", json=change, headers={"litellm-changed-by": "stipend"})

    def read(self, whom: Whom) -> int | None:
        """The user's `max_budget`."""
        with self._client() as client:
            shown = _user(client, whom).get("max_budget")
        return None if shown is None else round(Decimal(shown) * _NANOS / _CENT) * _CENT

    def raise_key(self, key: str, nanos: int, until: str) -> None:
        """Raise one key's budget until an instant (ISO, UTC); it needs a `max_budget`, and falls again by itself."""
        dollars = float(Decimal(nanos) / _NANOS)
        change = {"key": key, "temp_budget_increase": dollars, "temp_budget_expiry": until}
        with self._client() as client:
            http.ask(client, "POST", "/key/update", json=change, headers={"litellm-changed-by": "stipend"})

    def _client(self) -> httpx.Client:
        return http.client(self.base_url, {"Authorization": f"Bearer {self.key}"})


def _user(client: httpx.Client, whom: Whom) -> dict[str, Any]:
    """The proxy's user: by an id that is known to be theirs, else by address. Raises UnknownPerson."""
    if whom.ids:
        found = _users(client, user_ids=",".join(sorted(whom.ids)))
        theirs = [user for user in found if user.get("user_id") in whom.ids]
    else:  # the proxy looks for a part of an address
        found = _users(client, user_email=whom.email)
        theirs = [user for user in found if str(user.get("user_email") or "").lower() == whom.email]
    if len(theirs) != 1:
        raise UnknownPerson
    return theirs[0]


def _users(client: httpx.Client, **wanted: str) -> list[dict[str, Any]]:
    answer = http.ask(client, "GET", "/user/list", params={**wanted, "page_size": "100"})
    users = answer.get("users")
    return [user for user in users if isinstance(user, dict)] if isinstance(users, list) else []
