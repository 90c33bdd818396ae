"""Payloads of the shape that LiteLLM's `generic_api` callback posts, with made-up values."""

from typing import Any

SECRET_PROMPT = "the password of the vault is swordfish"


def payload(**changes: Any) -> dict[str, Any]:
    """A successful call of Ada's; `metadata` adds to its metadata, everything else replaces."""
    metadata = {
        "user_api_key_hash": "5f0c",
        "user_api_key_user_id": "ada",
        "user_api_key_user_email": "Ada@Example.com",
        "user_api_key_team_id": None,
        "requester_metadata": {"headers": {"x-internal": SECRET_PROMPT}},
        "usage_object": {"prompt_tokens": 12, "completion_tokens": 30, "total_tokens": 42},
    } | changes.pop("metadata", {})
    return {
        "id": "chatcmpl-made-up-1",
        "litellm_call_id": "call-made-up-1",
        "trace_id": "trace-1",
        "session_id": "",
        "status": "success",
        "cache_hit": None,
        "custom_llm_provider": "anthropic",
        "startTime": 1795212000.25,
        "model": "anthropic/claude-sonnet-4-5-20250929",
        "metadata": metadata,
        "response_cost": 0.00048600000000000005,
        "prompt_tokens": 12,
        "completion_tokens": 30,
        "request_tags": ["User-Agent: curl", "agent:billing-migration", "User-Agent: curl/8"],
        "end_user": "grace@example.com",
        "messages": [{"role": "user", "content": SECRET_PROMPT}],
        "response": {"choices": [{"message": {"content": SECRET_PROMPT}}]},
        "model_map_information": {"model_map_key": "x", "model_map_value": {"mode": "chat"}},
        "response_cost_failure_debug_info": None,
        "zero_cost_diagnostic": None,
    } | changes
