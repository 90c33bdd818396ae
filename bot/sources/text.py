"""The lines of a file that somebody else made."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 16_384
"""Bytes; far above any row of figures, and low enough that no single line fills the memory."""


def lines_of(file: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[str]:
    """Each line with its end; a longer one is cut, and then it is no row that anybody can read.

    A byte-order mark is dropped. Bytes that are not UTF-8 come through as characters that cannot be printed, so that
    they cost their own row and not the file.
    """
    line = file.readline(longest).removeprefix(codecs.BOM_UTF8)
    while line:
        if len(line) == longest and not line.endswith(b"\n"):
            _skip_rest(file, longest)
        yield line.decode(errors="surrogateescape")
        line = file.readline(longest)


def _skip_rest(file: BinaryIO, longest: int) -> None:
    while piece := file.readline(longest):
        if piece.endswith(b"\n"):
            return
