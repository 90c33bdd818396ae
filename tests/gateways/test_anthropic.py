from collections.abc import Iterator

import pytest

from bot.gateways.anthropic import AnthropicGateway, IncreaseRequest
from bot.gateways.protocol import Busy, Declined, Unauthorised, UnknownPerson, Whom
from tests.gateways.vendors import KEY, Anthropic, Fault, running

USD = 10**9
ADA = Whom("ada@example.com")


@pytest.fixture
def vendor() -> Iterator[Anthropic]:
    made = Anthropic(("user_1", "grace@example.com"), ("user_2", "Ada@Example.com"))
    with running(made):
        yield made


@pytest.fixture
def gateway(vendor: Anthropic) -> AnthropicGateway:
    return AnthropicGateway(vendor.url, KEY)


def test_a_limit_is_cents_in_text(vendor: Anthropic, gateway: AnthropicGateway) -> None:
    assert gateway.read(ADA) == 500 * USD
    gateway.write(ADA, 750 * USD + 129_999_999, 1)
    assert vendor.amounts == {"user_2": "75012"}
    assert gateway.read(ADA) == 750 * USD + 120_000_000
    vendor.amounts["user_2"] = None
    assert gateway.read(ADA) is None
    vendor.amounts["user_2"] = "0"
    assert gateway.read(ADA) == 0


@pytest.mark.parametrize(("said", "spent"), [("31402.5", 314_025_000_000), ("0", None)])
def test_a_spend_of_zero_may_be_unknown(
    vendor: Anthropic, gateway: AnthropicGateway, said: str, spent: int | None
) -> None:
    vendor.spent = said
    assert gateway.effective(ADA).spent == spent


def test_a_known_id_saves_the_search(vendor: Anthropic, gateway: AnthropicGateway) -> None:
    gateway.write(Whom("x@example.com", frozenset({"user_9"})), USD, 1)
    assert [path for _, path, _ in vendor.seen] == ["/v1/organizations/spend_limits"]


def test_it_knows_months_only_and_its_own_users(gateway: AnthropicGateway) -> None:
    with pytest.raises(Declined, match="monthly_only"):
        gateway.write(ADA, USD, 3)
    with pytest.raises(UnknownPerson):
        gateway.write(Whom("eve@example.com"), USD, 1)


def test_a_limit_can_be_taken_away(vendor: Anthropic, gateway: AnthropicGateway) -> None:
    gateway.remove(gateway.effective(ADA).limit_id or "")
    assert vendor.answered == [("spend_limits/spl_1", None)]


def test_requests_for_more_are_listed_page_by_page_and_answered(vendor: Anthropic, gateway: AnthropicGateway) -> None:
    vendor.requests = [
        {"id": "r1", "actor": {"user_id": "user_2", "email_address": "Ada@example.com"}, "requested_amount": "75000"},
        {"id": "r2", "actor": {"user_id": "user_1"}},
    ]
    assert gateway.pending_requests() == [
        IncreaseRequest("r1", "user_2", "ada@example.com", 750 * USD),
        IncreaseRequest("r2", "user_1", "", None),
    ]
    gateway.approve("r1", 700 * USD)
    gateway.deny("r2")
    assert vendor.answered == [("r1/approve", {"amount": "70000"}), ("r2/deny", {})]


def test_its_failures(vendor: Anthropic, gateway: AnthropicGateway) -> None:
    vendor.faults.append(Fault("/users", 429, {"Retry-After": "soon"}))
    with pytest.raises(Busy) as caught:
        gateway.read(ADA)
    assert caught.value.retry_after == 30
    body = b'{"type": "error", "error": {"type": "not_found_error", "message": "no $5,000 here"}}'
    vendor.faults.append(Fault("/deny", 404, body=body))
    with pytest.raises(Declined, match=r"^not_found_error$"):
        gateway.deny("r1")
    with pytest.raises(Unauthorised):
        AnthropicGateway(vendor.url, "wrong").read(ADA)
