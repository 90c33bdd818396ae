"""JSON out of files of any length, one value at a time."""

import io
import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources import json_stream
from bot.sources.json_stream import BadJson, values_of

VALUES = st.lists(
    st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=9) | st.lists(st.booleans()), max_size=3),
    max_size=9,
)


def read(text: Any) -> Any:
    return [value for _, value in values_of(io.BytesIO(text.encode()))]


@given(VALUES, st.integers(1, 40), st.sampled_from([None, 2]), st.booleans())
def test_pieces_of_any_size_give_the_same(values: Any, piece: Any, indent: Any, ascii_only: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", piece)
        assert read(json.dumps(values, indent=indent, ensure_ascii=ascii_only)) == values
        assert read("\n".join(json.dumps(value, ensure_ascii=ascii_only) for value in values)) == values


def test_fractions_are_exact() -> None:
    assert read("[0.1, 1e-05]") == [Decimal("0.1"), Decimal("1e-05")]


@pytest.mark.parametrize("text", ["[1, 2, oops, 4]", "[1, 2,", "[1, 2", "[1, 2, " + "[" * 100_000])
def test_a_broken_array_ends_there(text: Any) -> None:
    first, second, broken = read(text)
    assert (first, second) == (1, 2)
    assert isinstance(broken, BadJson)


def test_a_broken_line_is_one_line() -> None:
    values = read('{"a": 1}\n{"b"\n{"c": 3}\n')
    assert values[0] == {"a": 1}
    assert isinstance(values[1], BadJson)
    assert values[2] == {"c": 3}
