"""A real LiteLLM proxy in front of the real bot: what people call is what their `/tokens` loses."""

import re
import time
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal

import httpx
import pytest
from sqlalchemy import create_engine, text

from tests.interop.conftest import StartProxy
from tests.interop.litellm_proxy import KEYS, STRANGERS_KEY
from tests.story.town import Town, shown

pytestmark = pytest.mark.interop

FLUSHED_SECONDS = 60  # LiteLLM posts every five


def left(town: Town, name: str) -> Decimal:
    """What somebody reads that they have left, in dollars."""
    seen = town.slack.command(town.people[name], town.channels["general"], "/tokens")
    assert seen.ok, seen.error
    found = re.search(r"\$([\d,]+\.\d\d) left", shown(seen.ephemerals[0]))
    assert found, shown(seen.ephemerals[0])
    return Decimal(found[1].replace(",", ""))


def stored(town: Town, statement: str) -> list[tuple[object, ...]]:
    engine = create_engine(town.env["DATABASE_URL"])
    with closing(engine.connect()) as connection:
        found = [tuple(row) for row in connection.execute(text(statement))]
    engine.dispose()
    return found


def wait_for(condition: Callable[[], bool], town: Town) -> None:
    give_up = time.monotonic() + FLUSHED_SECONDS
    while not condition():
        assert time.monotonic() < give_up, town.log()
        time.sleep(0.3)


def spent_on(town: Town, email: str) -> Decimal:
    """Dollars of somebody's usage, exactly as stored."""
    ((nanos,),) = stored(
        town,
        "SELECT coalesce(sum(cost_nanos), 0) FROM usage_event JOIN account ON account.id = account_id"
        f" JOIN person ON person.id = account.person_id WHERE email = '{email}'",
    )
    return Decimal(int(str(nanos))) / 1_000_000_000


def cost_of(answer: httpx.Response) -> Decimal:
    """What LiteLLM itself says that a call cost, to the nano-dollar."""
    assert answer.status_code == 200, answer.text
    return Decimal(answer.headers["x-litellm-response-cost"]).quantize(Decimal("1e-9"))


def events(town: Town) -> int:
    ((count,),) = stored(town, "SELECT count(*) FROM usage_event")
    return int(str(count))


def test_calls_through_a_real_proxy_are_spent_by_whoever_called(town: Town, litellm_proxy: StartProxy) -> None:
    token = town.cli("token", "create", "litellm", "--scope", "ingest").stdout.strip()
    town.start()
    before = {name: left(town, name) for name in KEYS}
    proxy = litellm_proxy(f"http://127.0.0.1:{town.env['PORT']}/ingest/litellm", token)

    # Each puts the other's address in the body: that is only their word.
    tags = {"tags": ["agent:billing-migration"]}
    ada = cost_of(proxy.ask(KEYS["ada"], "sonnet", user="grace@example.com", metadata=tags))
    grace = sum(cost_of(proxy.ask(KEYS["grace"], "gpt", user="ada@example.com")) for _ in range(3))
    ada += cost_of(proxy.ask(KEYS["ada"], "dear"))
    assert proxy.ask(KEYS["ada"], "broken").status_code == 429
    assert proxy.ask("sk-of-nobody", "gpt").status_code >= 400
    proxy.ask(STRANGERS_KEY, "gpt")
    proxy.ask(KEYS["grace"], "unheard-of")
    wait_for(lambda: events(town) == 7, town)

    assert (spent_on(town, "ada@example.com"), spent_on(town, "grace@example.com")) == (ada, grace)
    assert ada > Decimal("0.1")
    for name, cost in {"ada": ada, "grace": grace}.items():
        assert abs(before[name] - left(town, name) - cost) <= Decimal("0.01")  # shown in cents
    assert stored(town, "SELECT DISTINCT agent FROM usage_event WHERE agent <> ''") == [("billing-migration",)]
    assert stored(town, "SELECT model FROM usage_event WHERE cost_nanos IS NULL") == [("unheard-of",)]
    assert stored(
        town,
        "SELECT count(*) FROM usage_event JOIN account ON account.id = account_id WHERE kind = 'unattributed'",
    ) == [(1,)]
    everything = str(stored(town, "SELECT * FROM usage_event") + stored(town, "SELECT * FROM identity")) + town.log()
    assert "a secret of the caller" not in everything
    assert town.cli("audit", "verify").returncode == 0


@pytest.mark.parametrize("mode", ["http"], indirect=True)  # the database and Slack have no part in it
def test_a_proxy_with_a_wrong_token_tells_nothing(town: Town, litellm_proxy: StartProxy) -> None:
    town.start()
    proxy = litellm_proxy(f"http://127.0.0.1:{town.env['PORT']}/ingest/litellm", "stipend_wrong")
    proxy.ask(KEYS["ada"], "gpt")
    wait_for(lambda: "401" in proxy.log() or "401" in town.log(), town)
    assert events(town) == 0
