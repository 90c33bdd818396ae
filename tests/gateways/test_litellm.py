from collections.abc import Iterator

import pytest

from bot.gateways.litellm import LiteLLMGateway
from bot.gateways.protocol import Busy, Declined, Lost, Unauthorised, UnknownPerson, Whom
from tests.gateways.vendors import KEY, Fault, LiteLLM, running

USD = 10**9
ADA = Whom("ada@example.com")


@pytest.fixture
def proxy() -> Iterator[LiteLLM]:
    made = LiteLLM(("u-1", "nevada@example.com"), ("u-2", "Ada@Example.com"), ("u-3", "grace@example.com"))
    with running(made):
        yield made


@pytest.fixture
def gateway(proxy: LiteLLM) -> LiteLLMGateway:
    return LiteLLMGateway(proxy.url, KEY)


def test_a_budget_is_written_to_the_person_and_nobody_else_and_read_back(
    proxy: LiteLLM, gateway: LiteLLMGateway
) -> None:
    assert gateway.read(ADA) is None
    gateway.write(ADA, 20_833_330_000_000, 1)
    assert gateway.read(ADA) == 20_833_330_000_000
    assert [user["max_budget"] for user in proxy.users] == [None, 20833.33, None]
    assert proxy.users[1]["budget_duration"] == "1mo"


def test_an_id_that_leads_to_them_goes_before_their_address(proxy: LiteLLM, gateway: LiteLLMGateway) -> None:
    gateway.write(Whom("ada@example.com", frozenset({"u-3"})), 5 * USD, 3)
    assert [user["max_budget"] for user in proxy.users] == [None, None, 5.0]
    assert proxy.users[2]["budget_duration"] == "3mo"


@pytest.mark.parametrize("whom", [Whom("eve@example.com"), Whom("a", frozenset({"u-9"}))])
def test_nobody_is_made_there(proxy: LiteLLM, gateway: LiteLLMGateway, whom: Whom) -> None:
    with pytest.raises(UnknownPerson):
        gateway.write(whom, 5 * USD, 1)
    assert len(proxy.users) == 3


def test_a_key_is_raised_for_a_while(proxy: LiteLLM, gateway: LiteLLMGateway) -> None:
    gateway.raise_key("sk-x", 100 * USD, "2026-12-01")
    change = {"key": "sk-x", "temp_budget_increase": 100.0, "temp_budget_expiry": "2026-12-01"}
    assert proxy.seen == [("POST", "/key/update", change)]


@pytest.mark.parametrize(
    ("fault", "error", "code"),
    [
        (Fault("/user/update", 429, {"Retry-After": "7"}), Busy, "busy"),
        (Fault("/user/update", 503), Lost, "http_503"),
        (Fault("/user/update", drops=True), Lost, "RemoteProtocolError"),
        (Fault("/user/update", 200, body=b"<html>"), Lost, "not_json"),
        (Fault("/user/update", 400, body=b'{"error": {"type": "bad_one", "message": "833.33"}}'), Declined, "bad_one"),
        (Fault("/user/update", 400, body=b'{"error": "max_budget 20833.33 is too much"}'), Declined, "http_400"),
        (Fault("/user/list", 403), Unauthorised, "http_403"),
    ],
)  # fmt: skip
def test_each_failure_is_what_it_means_without_a_figure(
    proxy: LiteLLM, gateway: LiteLLMGateway, fault: Fault, error: type[Exception], code: str
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(error) as caught:
        gateway.write(ADA, 5 * USD, 1)
    assert str(caught.value) == code
    if isinstance(caught.value, Busy):
        assert caught.value.retry_after == 7


def test_a_proxy_that_is_not_there(proxy: LiteLLM) -> None:
    assert proxy.url
    with pytest.raises(Lost):
        LiteLLMGateway("http://127.0.0.1:9", KEY).read(ADA)
    with pytest.raises(Unauthorised):
        LiteLLMGateway(proxy.url, "sk-wrong").read(ADA)
    assert KEY not in repr(LiteLLMGateway(proxy.url, KEY))
