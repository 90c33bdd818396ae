"""LiteLLM's payloads: who, when, which tokens, what it cost; and that nobody's words come out of the parser."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.usage import Tokens, UsageFact
from bot.sources.litellm import parse_body
from bot.sources.protocol import Ignored, Rejected
from tests.sources.payloads import SECRET_PROMPT, payload

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def read(*payloads: Any, trust_end_user: Any = False) -> Any:
    return parse_body(json.dumps(payloads).encode(), NOW, trust_end_user=trust_end_user)


def bodied(body: bytes) -> list[Any]:
    return list(parse_body(body, NOW))


def one(trust_end_user: Any = False, **changes: Any) -> Any:
    (item,) = read(payload(**changes), trust_end_user=trust_end_user)
    return item


def tokens_of(usage: Any, prompt: Any = 100, completion: Any = 10) -> Any:
    return one(metadata={"usage_object": usage}, prompt_tokens=prompt, completion_tokens=completion).tokens


def test_a_call() -> None:
    assert one() == UsageFact(
        "litellm", "chatcmpl-made-up-1", datetime(2026, 11, 20, 22, 0, 0, 250_000, tzinfo=UTC), "email",
        "ada@example.com", "anthropic", "claude-sonnet-4-5-20250929", "billing-migration", "trace-1",
        Tokens(12, 0, 0, 0, 30, 0), 486_000, "estimated",
    )  # fmt: skip


def test_an_array_one_object_and_json_lines() -> None:
    first, second = payload(id="a"), payload(id="b")
    for body in (
        json.dumps([first, second]),
        json.dumps([first, second], indent=2),
        json.dumps(first) + "\n" + json.dumps(second) + "\n",
        "\ufeff" + json.dumps(first) + "\r\n\r\n" + json.dumps(second),
    ):
        assert [item.external_id for item in bodied(body.encode())] == ["a", "b"]
    assert bodied(json.dumps(first, indent=1).encode())[0].external_id == "a"


@pytest.mark.parametrize("body", [b"", b" ", b"[]", b"\xef\xbb\xbf"])
def test_nothing_is_nothing(body: Any) -> None:
    assert parse_body(body, NOW) == []


def test_one_bad_payload_costs_only_itself() -> None:
    items = read(payload(id="a"), 5, payload(id="b", startTime="yesterday"), payload(id="c"))
    assert [item.external_id for item in items if isinstance(item, UsageFact)] == ["a", "c"]
    assert [item.line for item in items if isinstance(item, Rejected)] == [2, 3]


def test_a_broken_line_of_json_lines_costs_only_itself() -> None:
    body = json.dumps(payload(id="a")) + '\n{"id": "b", "messages": "\n' + json.dumps(payload(id="c"))
    kinds = [type(item) for item in parse_body(body.encode(), NOW)]
    assert kinds == [UsageFact, Rejected, UsageFact]


@pytest.mark.parametrize("cut", [1, 2, 300, 900])
def test_an_array_that_is_cut_off_keeps_what_came_before(cut: Any) -> None:
    body = json.dumps([payload(id="a"), payload(id="b")])[:-cut].encode()
    items = bodied(body)
    assert items[0].external_id == "a"
    assert isinstance(items[-1], Rejected)


def test_only_the_key_says_who() -> None:
    assert one(end_user="mallory@example.com").identity_value == "ada@example.com"
    unknown = one(metadata={"user_api_key_user_email": None})
    assert (unknown.identity_kind, unknown.identity_value) == ("litellm_user", "ada")
    nobody = one(metadata={"user_api_key_user_email": None, "user_api_key_user_id": None})
    assert nobody.identity_value is None


def test_an_address_as_user_id_is_an_address() -> None:
    fact = one(metadata={"user_api_key_user_email": None, "user_api_key_user_id": "Ada@Example.com"})
    assert (fact.identity_kind, fact.identity_value) == ("email", "ada@example.com")


@pytest.mark.parametrize(
    ("said", "who"),
    [("Grace@Example.com", "grace@example.com"), ("", "ada@example.com"), (None, "ada@example.com"),
     ("user_8c1f_account_77", "ada@example.com"), (7, "ada@example.com")],
)  # fmt: skip
def test_the_callers_word_where_policy_trusts_it(said: Any, who: Any) -> None:
    assert one(trust_end_user=True, end_user=said).identity_value == who


@pytest.mark.parametrize(
    ("tags", "agent"),
    [(["agent:openclaw"], "openclaw"), (["User-Agent: x"], ""), ([], ""), (None, ""), ("agent:x", ""), ([1, {}], ""),
     (["agent: a\nb "], "ab"), (["agent:" + "x" * 900], "x" * 512)],
)  # fmt: skip
def test_the_agent_is_a_tag(tags: Any, agent: Any) -> None:
    fact = one(request_tags=tags)
    # All texts of a fact together have room; a label of any length must not cost the row.
    assert fact.agent == agent


def test_token_classes_in_anthropics_words() -> None:
    usage = {
        "prompt_tokens": 100,
        "cache_read_input_tokens": 60,
        "cache_creation_input_tokens": 30,
        "prompt_tokens_details": {
            "cached_tokens": 60,
            "cache_creation_token_details": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 10},
        },
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    assert tokens_of(usage) == Tokens(10, 60, 20, 10, 10, 4)


def test_token_classes_in_openais_words() -> None:
    usage = {
        "prompt_tokens": 100,
        "prompt_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "completion_tokens_details": {"reasoning_tokens": 4},
    }
    assert tokens_of(usage) == Tokens(30, 60, 10, 0, 10, 4)
    responses = {
        "input_tokens": 100,
        "output_tokens": 10,
        "input_tokens_details": {"cached_tokens": 60},
        "output_tokens_details": {"reasoning_tokens": 4},
    }
    assert tokens_of(responses, prompt=0, completion=0) == Tokens(40, 60, 0, 0, 10, 4)


def test_a_prompt_smaller_than_its_parts_is_the_rest() -> None:
    assert tokens_of({"cache_read_input_tokens": 5000}, prompt=100) == Tokens(100, 5000, 0, 0, 10)


@pytest.mark.parametrize("usage", [None, {}, [], "x", {"prompt_tokens_details": None}])
def test_without_details_all_input_is_uncached(usage: Any) -> None:
    assert tokens_of(usage) == Tokens(100, 0, 0, 0, 10)


@pytest.mark.parametrize("count", [-1, 1.5, "many", True, 10**30, [1]])
def test_what_is_no_count(count: Any) -> None:
    assert isinstance(one(prompt_tokens=count), Rejected)


@pytest.mark.parametrize(("cost", "nanos"), [(0.1, 100_000_000), (1e-10, 0), (5, 5 * 10**9), ("0.5", 500_000_000)])
def test_the_cost_is_exact(cost: Any, nanos: Any) -> None:
    assert one(response_cost=cost).cost_nanos == nanos


@pytest.mark.parametrize("cost", [-1, True, "x", [], 1e30])
def test_what_is_no_cost(cost: Any) -> None:
    assert isinstance(one(response_cost=cost), Rejected)


def test_no_cost_is_left_to_be_priced() -> None:
    assert one(response_cost=None).cost_nanos is None


@pytest.mark.parametrize(
    "sign",
    [
        {"response_cost_failure_debug_info": {"error_str": "x"}},
        {"zero_cost_diagnostic": {"reason": "missing_pricing_key"}},
        {"model_map_information": {"model_map_key": "x", "model_map_value": None}},
        {"model_map_information": {"model_map_key": "x", "model_map_value": {"input_cost_per_token": 0, "mode": None}}},
    ],
)
def test_a_zero_that_litellm_could_not_work_out_is_no_cost(sign: Any) -> None:
    assert one(response_cost=0.0, **sign).cost_nanos is None


def test_a_zero_of_a_model_that_is_free_is_a_cost() -> None:
    assert one(response_cost=0.0).cost_nanos == 0


@pytest.mark.parametrize("cost", [0, 0.0, None])
def test_a_failed_call_spends_nothing(cost: Any) -> None:
    assert one(status="failure", response_cost=cost) == Ignored(1, "a call that failed and cost nothing")


def test_a_failed_call_that_cost_something_counts() -> None:
    assert one(status="failure", response_cost=0.2).cost_nanos == 200_000_000


@pytest.mark.parametrize("hit", [True, "True"])
def test_an_answer_from_litellms_cache_spends_nothing(hit: Any) -> None:
    assert one(cache_hit=hit) == Ignored(1, "answered from LiteLLM's own cache")


@pytest.mark.parametrize("missing", [None, "", "None", 5])
def test_an_id_that_is_none_falls_back_to_the_calls(missing: Any) -> None:
    assert one(id=missing).external_id == "call-made-up-1"
    assert isinstance(one(id=missing, litellm_call_id=missing), Rejected)


def test_an_id_of_any_length_stays_one_id() -> None:
    first, second = one(id="resp_" + "a" * 2000), one(id="resp_" + "a" * 1999 + "b")
    assert first.external_id != second.external_id
    assert len(first.external_id) < 100


@pytest.mark.parametrize(
    "start", [None, "x", -1, True, 1e18, 1795212000250, "2026-13-01", float("nan"), {}, 4102444800],
)  # fmt: skip
def test_what_is_no_time(start: Any) -> None:
    assert isinstance(one(startTime=start), Rejected)


@pytest.mark.parametrize(
    "start", ["2026-11-20T22:00:00.250Z", "2026-11-20 22:00:00.250", "2026-11-20T23:00:00.250+01:00"]
)
def test_a_time_as_text_is_utc(start: Any) -> None:
    assert one(startTime=start).occurred_at == one().occurred_at


def test_without_a_provider_the_model_names_it() -> None:
    fact = one(custom_llm_provider=None, model="openai/gpt-5")
    assert (fact.provider, fact.model) == ("openai", "gpt-5")


@pytest.mark.parametrize(
    "broken",
    [{}, {"id": None, "litellm_call_id": None}, {"startTime": SECRET_PROMPT}, {"response_cost": SECRET_PROMPT},
     {"prompt_tokens": SECRET_PROMPT}, {"model": ""}, {"id": f"{SECRET_PROMPT}\n"}],
)  # fmt: skip
def test_nobodys_words_leave_the_parser(broken: Any) -> None:
    (item,) = read(payload(**broken))
    assert SECRET_PROMPT not in repr(item) + str(getattr(item, "sentence", ""))


@pytest.mark.parametrize("body", [SECRET_PROMPT, f'{{"messages": "{SECRET_PROMPT}', f'["{SECRET_PROMPT}"]'])
def test_nobodys_words_leave_it_in_an_error(body: Any) -> None:
    assert SECRET_PROMPT not in repr(parse_body(body.encode(), NOW))


def test_numbers_that_json_does_not_know_cost_nothing() -> None:
    body = json.dumps([payload(response={"logprobs": [float("-inf"), float("nan")]})]).encode()
    assert isinstance(parse_body(body, NOW)[0], UsageFact)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


FIELDS = st.dictionaries(st.sampled_from(sorted(payload())), JSON, max_size=4)
METADATA = st.dictionaries(st.sampled_from(sorted(payload()["metadata"])), JSON, max_size=3)


@given(FIELDS, METADATA)
def test_no_value_breaks_it(changes: Any, metadata: Any) -> None:
    broken = payload() | changes
    if isinstance(broken["metadata"], dict):
        broken["metadata"] |= metadata
    (item,) = read(broken)
    assert isinstance(item, UsageFact | Ignored | Rejected)


@given(st.binary(max_size=60))
def test_no_bytes_break_it(body: Any) -> None:
    assert all(isinstance(item, Rejected) for item in parse_body(body, NOW))
