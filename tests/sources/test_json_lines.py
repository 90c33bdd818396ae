"""JSON lines: the CSV's fields as objects."""

import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.rules.usage import Tokens, UsageFact
from bot.sources.json_lines import parse
from bot.sources.protocol import Rejected

NOW = datetime(2026, 11, 24, tzinfo=UTC)
ROW = {
    "event_id": "e1",
    "occurred_at": "2026-11-20T10:15:00Z",
    "email": "ada@example.com",
    "provider": "openai",
    "model": "gpt-5",
    "input_tokens": 120,
    "output_tokens": 40,
}


def read(*lines: Any) -> Any:
    text = "\n".join(line if isinstance(line, str) else json.dumps(line) for line in lines)
    return list(parse(io.BytesIO(text.encode()), NOW))


def test_numbers_texts_and_null() -> None:
    items = read(ROW | {"cost_usd": 0.0125, "agent": None, "cache_read_tokens": "7"}, "", ROW | {"cost_usd": "1e-3"})
    assert [item.cost_nanos for item in items] == [12_500_000, 1_000_000]
    assert items[0].tokens == Tokens(120, 7, 0, 0, 40)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("{", "The line is not JSON."),
        ("[" * 100_000, "The line is not JSON."),
        ('{"input_tokens": ' + "9" * 5000 + "}", "The line is not JSON."),
        ("[]", "The line is not a JSON object."),
        (ROW | {"cost": 1}, 'There is no field "cost".'),
        ({"event_id": "e1"}, "occurred_at is missing."),
        (ROW | {"input_tokens": True}, "input_tokens is neither a text nor a number."),
        (ROW | {"input_tokens": 1.5}, 'input_tokens "1.5" is not a whole number such as 1200.'),
        (ROW | {"cost_usd": float("nan")}, "cost_usd is neither a text nor a number."),
        (ROW | {"agent": {"name": "x"}}, "agent is neither a text nor a number."),
    ],
)
def test_what_is_refused(line: Any, told: Any) -> None:
    first, second = read(line, ROW)
    assert isinstance(first, Rejected)
    assert (first.line, first.sentence) == (1, told)
    assert isinstance(second, UsageFact)
