"""The lines of a file that somebody else made."""

import io
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 16_384
"""Characters; far above any row of figures, and low enough that no single line fills the memory."""


def lines_of(file: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[str]:
    """Each line with its end, whatever that is; a longer one is cut, and then it is no row that anybody can read.

    A byte-order mark is dropped. Bytes that are not UTF-8 come through as characters that cannot be printed, so that
    they cost their own row and not the file.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    try:
        while line := text.readline(longest):
            if len(line) == longest and not line.endswith(("\n", "\r")):
                _skip_rest(text, longest)
            yield line
    finally:
        text.detach()


def _skip_rest(text: io.TextIOWrapper, longest: int) -> None:
    while piece := text.readline(longest):
        if piece.endswith(("\n", "\r")):
            return
