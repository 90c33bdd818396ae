"""Usage from a LiteLLM proxy: what its `generic_api` callback posts, a list of StandardLoggingPayload.

The payload also carries prompts, replies and the callers' headers. Only the fields named here are read, and no
sentence quotes any of them.
"""

import hashlib
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from bot.rules.errors import Refused
from bot.rules.money import MOST_USD
from bot.rules.usage import BadUsage, Tokens, UsageFact, call_key, check_fact, identity_of
from bot.sources.dollars import nanos_of
from bot.sources.json_stream import BadJson, values_of
from bot.sources.protocol import Ignored, Parsed, Rejected

SOURCE = "litellm"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_SECONDS = 10**11
_MOST_COUNT = 10**18
_LONGEST_TEXT = 512
_AGENT_TAG = "agent:"
_NO_ID = {"", "None"}  # LiteLLM writes the id of a reply that has none as the text "None"


def parse(file: BinaryIO, now: datetime, *, trust_end_user: bool = False) -> Iterator[Parsed]:
    """One item for each payload: of an array, a single object, or JSON lines.

    `trust_end_user` says whether policy takes the caller's own word, the request's `user`, for who is calling.
    """
    for number, value in values_of(file):
        if isinstance(value, BadJson):
            yield Rejected(number, str(value))
        elif not isinstance(value, dict):
            yield Rejected(number, "This is not a JSON object.")
        else:
            yield _item(value, number, now, trust_end_user=trust_end_user)


def parse_body(body: bytes, now: datetime, *, trust_end_user: bool = False) -> list[Parsed]:
    """The same for a body that was received whole."""
    return list(parse(io.BytesIO(body), now, trust_end_user=trust_end_user))


def _item(payload: dict[str, Any], number: int, now: datetime, *, trust_end_user: bool) -> Parsed:
    try:
        cost = _cost(payload)
        reason = _spends_nothing(payload, cost)
        if reason:
            return Ignored(number, reason, _call_key(payload))
        fact = _fact(payload, cost, trust_end_user=trust_end_user)
        check_fact(fact, now)
    except Refused as error:
        return Rejected(number, str(error))
    return fact


def _spends_nothing(payload: Mapping[str, Any], cost: int | None) -> str | None:
    if payload.get("cache_hit") is True or payload.get("cache_hit") == "True":
        return "answered from LiteLLM's own cache"
    if payload.get("status") == "failure" and not cost:
        return "a call that failed and cost nothing"
    return None


def _fact(payload: Mapping[str, Any], cost: int | None, *, trust_end_user: bool) -> UsageFact:
    metadata = _mapping(payload.get("metadata"))
    kind, identity = _identity(payload, metadata, trust_end_user=trust_end_user)
    provider = _text(payload.get("custom_llm_provider"))
    model = _text(payload.get("model"))
    if not provider:
        provider, _, model = model.rpartition("/")
    tokens = _tokens(payload, _mapping(metadata.get("usage_object")))
    return UsageFact(
        SOURCE,
        _id(payload),
        _instant(payload.get("startTime")),
        kind,
        identity,
        provider,
        model.removeprefix(f"{provider}/"),
        _agent(payload.get("request_tags")),
        _clean(_text(payload.get("session_id")) or _text(payload.get("trace_id"))),
        tokens,
        None if not cost and tokens.total and _is_no_real_zero(payload) else cost,
        "estimated",
        call_key=_call_key(payload),
    )


def _id(payload: Mapping[str, Any]) -> str:
    for name in ("id", "litellm_call_id"):
        found = _text(payload.get(name))
        if found not in _NO_ID:
            # Ids of the Responses API carry a routing record and can be of any length.
            return found if len(found) <= _LONGEST_TEXT else _digest(found)
    raise BadUsage("It has no id: neither id nor litellm_call_id.")


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode(errors='surrogatepass')).hexdigest()}"


def _identity(
    payload: Mapping[str, Any], metadata: Mapping[str, Any], *, trust_end_user: bool
) -> tuple[str, str | None]:
    said = _text(payload.get("end_user"))
    email, user_id = (_text(metadata.get(f"user_api_key_user_{name}")) for name in ("email", "id"))
    return identity_of(said, email, user_id, trust_end_user=trust_end_user)


def _call_key(payload: Mapping[str, Any]) -> str | None:
    """The call as the gate knows it, if it was asked: by LiteLLM's guardrail, before the call was made."""
    key_hash = _text(_mapping(payload.get("metadata")).get("user_api_key_hash"))
    return call_key(key_hash, _text(payload.get("litellm_call_id")), _text(payload.get("trace_id")))


def _agent(tags: Any) -> str:
    """The first `agent:…` tag; LiteLLM adds tags of its own, such as `User-Agent: …`."""
    for tag in tags if isinstance(tags, list) else ():
        if isinstance(tag, str) and tag.startswith(_AGENT_TAG):
            return _clean(tag.removeprefix(_AGENT_TAG).strip())
    return ""


def _tokens(payload: Mapping[str, Any], usage: Mapping[str, Any]) -> Tokens:
    """LiteLLM's prompt tokens include what was read from a cache and written to one, whoever the vendor is."""
    prompt = _count(payload.get("prompt_tokens")) or _first(usage, "prompt_tokens", "input_tokens")
    output = _count(payload.get("completion_tokens")) or _first(usage, "completion_tokens", "output_tokens")
    within = _mapping(usage.get("prompt_tokens_details")) or _mapping(usage.get("input_tokens_details"))
    spoken = _mapping(usage.get("completion_tokens_details")) or _mapping(usage.get("output_tokens_details"))
    read = _first(usage, "cache_read_input_tokens") or _first(within, "cached_tokens")
    write = _first(usage, "cache_creation_input_tokens") or _first(
        within, "cache_creation_tokens", "cache_write_tokens"
    )
    by_age = _mapping(within.get("cache_creation_token_details")) or _mapping(usage.get("cache_creation"))
    hour = _first(by_age, "ephemeral_1h_input_tokens")
    write = max(write, hour + _first(by_age, "ephemeral_5m_input_tokens"))
    # Fewer than their parts cannot include them: then the count is the uncached rest already.
    fresh = prompt - read - write if prompt >= read + write else prompt
    return Tokens(fresh, read, write - hour, hour, output, min(_first(spoken, "reasoning_tokens"), output))


def _first(counts: Mapping[str, Any], *names: str) -> int:
    for name in names:
        value = counts.get(name)
        if value:
            return _count(value)
    return 0


def _count(value: Any) -> int:
    if type(value) is int:
        return value
    if value is None:
        return 0
    if isinstance(value, Decimal) and value.is_finite() and abs(value) < _MOST_COUNT and value == value.to_integral():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise BadUsage("A token count is not a whole number.")
    return value


def _cost(payload: Mapping[str, Any]) -> int | None:
    value = payload.get("response_cost")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise BadUsage("response_cost is not a number.")
    try:
        cost = Decimal(value)
    except InvalidOperation:
        raise BadUsage("response_cost is not a number.") from None
    if not cost.is_finite() or not 0 <= cost <= MOST_USD:
        raise BadUsage("response_cost is negative or too large.")
    return nanos_of(cost)


def _is_no_real_zero(payload: Mapping[str, Any]) -> bool:
    """Whether the cost is 0 only because LiteLLM could not work it out: it writes 0 then too.

    Seen of 1.106: a failed calculation says so in a field of its own; a model that LiteLLM has never heard of is
    entered in its price map with zero rates and nothing else, whereas one that is known to be free has a mode.
    """
    if payload.get("response_cost_failure_debug_info") or payload.get("zero_cost_diagnostic"):
        return True
    priced_as = payload.get("model_map_information")
    return isinstance(priced_as, dict) and not _mapping(priced_as.get("model_map_value")).get("mode")


def _instant(value: Any) -> datetime:
    if isinstance(value, str):
        return _iso(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or not 0 < value < _MOST_SECONDS:
        raise BadUsage("startTime is not a time in seconds since 1970.")
    return _EPOCH + timedelta(microseconds=int(value * 1_000_000))


def _iso(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
        # LiteLLM's own times are UTC, also where they do not say so.
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadUsage("startTime is not a time.") from None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _clean(text: str) -> str:
    """A label that callers choose: what cannot be printed or is too long must not cost the row."""
    if text.isprintable() and len(text) <= _LONGEST_TEXT:
        return text
    return "".join(character for character in text[:_LONGEST_TEXT] if character.isprintable())
