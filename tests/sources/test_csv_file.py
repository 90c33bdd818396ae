"""CSV: every row is kept or refused by its line, and nothing is lost between."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.usage import Tokens, UsageFact
from bot.sources.csv_file import parse
from bot.sources.protocol import BadFile, Rejected

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HEADER = "event_id,occurred_at,email,provider,model,input_tokens,output_tokens"
ROW = "e1,2026-11-20T10:15:00Z,ada@example.com,anthropic,claude-sonnet-4-5,120,40"


def read(text: Any, now: Any = NOW) -> Any:
    return list(parse(io.BytesIO(text if isinstance(text, bytes) else text.encode()), now))


def one(header: Any, row: Any) -> Any:
    (item,) = read(f"{header}\n{row}\n")
    return item


def sentence(header: Any, row: Any) -> Any:
    item = one(header, row)
    assert isinstance(item, Rejected), item
    return item.sentence


def test_the_smallest_row() -> None:
    fact = one(HEADER, ROW)
    assert fact == UsageFact(
        "file", "e1", datetime(2026, 11, 20, 10, 15, tzinfo=UTC), "email", "ada@example.com", "anthropic",
        "claude-sonnet-4-5", "", "", Tokens(120, 0, 0, 0, 40, 0), None, "estimated",
    )  # fmt: skip


def test_every_column_in_any_order_and_case() -> None:
    header = (
        "Session_ID,agent,cost_usd,reasoning_tokens,cache_write_tokens,cache_read_tokens,output_tokens,input_tokens,"
        "model,provider,email,occurred_at,EVENT_ID"
    )
    fact = one(header, "s-1,migrate,0.0125,7,30,20,40,10,gpt-5,openai,Ada@Example.com ,2026-11-20T10:15:00+02:00,e1")
    assert fact.tokens == Tokens(input=10, cache_read=20, cache_write_5m=30, output=40, reasoning=7)
    assert (fact.cost_nanos, fact.agent, fact.session_id) == (12_500_000, "migrate", "s-1")
    assert (fact.identity_value, fact.occurred_at) == ("ada@example.com", datetime(2026, 11, 20, 8, 15, tzinfo=UTC))


def test_byte_order_mark_and_crlf() -> None:
    assert len(read(b"\xef\xbb\xbf" + f"{HEADER}\r\n{ROW}\r\n\r\n".encode())) == 1


def test_without_a_last_line_end() -> None:
    assert isinstance(read(f"{HEADER}\n{ROW}")[0], UsageFact)


def test_a_row_of_nobody_is_kept() -> None:
    assert one(HEADER, ROW.replace("ada@example.com", "")).identity_value is None


@pytest.mark.parametrize(
    ("text", "nanos"),
    [
        ("0", 0),
        ("1", 10**9),
        ("3e-05", 30_000),
        ("0.00033000000000000005", 330_000),
        ("0.0000000005", 0),  # half to even
        ("0.0000000015", 2),
        ("0.00000000250000000000000000000000000001", 3),
        ("1234.56", 1_234_560_000_000),
        ("1e-99999", 0),
    ],
)
def test_costs_are_exact(text: Any, nanos: Any) -> None:
    assert one(f"{HEADER},cost_usd", f"{ROW},{text}").cost_nanos == nanos


@pytest.mark.parametrize("text", ["NaN", "inf", "1e99", "-1", "1.2.3", "$5", "five", "0x10", "1e999999999"])
def test_what_is_no_cost(text: Any) -> None:
    assert "cost_usd" in sentence(f"{HEADER},cost_usd", f"{ROW},{text}")


@pytest.mark.parametrize("text", ["1200", "1200.0", " 1200", "01200"])
def test_whole_numbers(text: Any) -> None:
    assert one(HEADER, ROW.replace(",120,", f",{text},")).tokens.input == 1200


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "input_tokens is empty."),
        ("12a", 'input_tokens "12a" is not a whole number such as 1200.'),
        ("1.5", 'input_tokens "1.5" is not a whole number such as 1200.'),
        ("1_000", 'input_tokens "1_000" is not a whole number such as 1200.'),
        ("١٢", 'input_tokens "١٢" is not a whole number such as 1200.'),
        ("-5", 'input_tokens "-5" is negative.'),
        ("1e99", 'input_tokens "1e99" is not a whole number such as 1200.'),
        ("9" * 5000, "is too large."),
        ("99999999999999999", "A token count is above 10,000,000,000,000."),
    ],
)
def test_what_is_no_whole_number(text: Any, told: Any) -> None:
    assert sentence(HEADER, ROW.replace(",120,", f",{text},")).endswith(told)


@pytest.mark.parametrize(
    "text",
    ["2026-11-20T10:15:00", "2026-11-20", "20.11.2026 10:15", "1795444424", "", "2026-13-01T00:00:00Z",
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2030-01-01T00:00:00Z", "1999-01-01T00:00:00Z"],
)  # fmt: skip
def test_what_is_no_instant(text: Any) -> None:
    assert "occurred_at" in sentence(HEADER, ROW.replace("2026-11-20T10:15:00Z", text))


@pytest.mark.parametrize(
    ("field", "name"), [("e1", "event_id"), ("anthropic", "provider"), ("claude-sonnet-4-5", "model")]
)
def test_what_must_not_be_empty(field: Any, name: Any) -> None:
    assert sentence(HEADER, ROW.replace(field, "")) == f"{name} is empty."


def test_more_reasoning_than_output() -> None:
    assert "reasoning_tokens" in sentence(f"{HEADER},reasoning_tokens", f"{ROW},41")


@pytest.mark.parametrize("agent", ["a\0b", "a\x1bb", "a\u2028b", "x" * 600, "\udcff"])
def test_what_cannot_be_printed_or_is_too_long(agent: Any) -> None:
    text = f"{HEADER},agent\n{ROW},{agent}\n".encode(errors="surrogateescape")
    assert "agent" in read(text)[0].sentence


@pytest.mark.parametrize(("row", "fields"), [("e1", 1), (f"{ROW},more", 8), (",,", 3)])
def test_a_row_of_another_width(row: Any, fields: Any) -> None:
    assert sentence(HEADER, row) == f"The row has {fields} fields and the header 7."


def test_bad_rows_cost_only_themselves() -> None:
    rows = [ROW.replace("e1", f"e{number}") for number in range(6)]
    rows[2] = rows[2].replace("120", "many")
    rows[4] = "broken"
    items = read("\n".join([HEADER, *rows]))
    assert [item.line for item in items if isinstance(item, Rejected)] == [4, 6]
    assert [item.external_id for item in items if isinstance(item, UsageFact)] == ["e0", "e1", "e3", "e5"]


def test_a_quote_left_open_costs_only_its_line() -> None:
    rows = [ROW, 'e2,"2026-11-20T10:15:00Z,,openai,gpt-5,1,2', ROW.replace("e1", "e3"), "", ROW.replace("e1", "e4")]
    items = read("\n".join([HEADER, *rows]))
    assert items[1] == Rejected(3, "The quotes on this line do not match.")
    assert [item.external_id for item in items if isinstance(item, UsageFact)] == ["e1", "e3", "e4"]


def test_a_quote_left_open_before_thousands_of_rows() -> None:
    good = [ROW.replace("e1", f"e{number}") for number in range(5000)]
    items = read("\n".join([HEADER, '"e,', *good]))
    assert [type(item) for item in items] == [Rejected, *[UsageFact] * 5000]


def test_a_line_of_megabytes_costs_only_itself() -> None:
    items = read(f"{HEADER}\n{'x' * 3_000_000}\n{ROW}\n")
    assert [type(item) for item in items] == [Rejected, UsageFact]
    assert items[0].line == 2


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "The file is empty."),
        ("\n", "The file is empty."),
        (HEADER.replace(",", ";"), "not separated by commas"),
        (HEADER.replace(",model", ""), 'The header lacks "model".'),
        (f"{HEADER},Model", 'The header names "model" more than once.'),
        (f"{HEADER},cost", "did you mean cost_usd?"),
        (f"{HEADER},", "a column without a name"),
        (HEADER.encode("utf-16"), "not UTF-8"),
        ("PK\x03\x04", "The header lacks"),
    ],
)
def test_what_is_no_header(header: Any, told: Any) -> None:
    with pytest.raises(BadFile, match=told.replace("?", r"\?")):
        read(header)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(st.lists(st.lists(TEXTS, min_size=1, max_size=9), max_size=8), st.binary(max_size=40))
def test_no_content_breaks_it(rows: Any, rest: Any) -> None:
    text = "\n".join([HEADER, *(",".join(row) for row in rows)]).encode() + b"\n" + rest
    for item in read(text):
        assert isinstance(item, UsageFact | Rejected)


@given(st.lists(st.sampled_from([ROW, "bad", 'e9,"open', ""]), max_size=12))
def test_every_line_is_answered_for_once(rows: Any) -> None:
    items = read("\n".join([HEADER, *rows, ""]))
    assert len(items) == sum(row != "" for row in rows)
    refused = [item.line for item in items if isinstance(item, Rejected)]
    assert refused == [line for line, row in enumerate(rows, 2) if row in {"bad", 'e9,"open'}]
