"""The lines of a file that somebody else made."""

import codecs
from collections.abc import Iterator
from typing import BinaryIO

LONGEST_LINE = 16_384
"""Bytes; far above any row of figures, and low enough that no single line fills the memory."""

_BLOCK = 1 << 18


def lines_of(file: BinaryIO, longest: int = LONGEST_LINE) -> Iterator[str]:
    """Each line without its end; of a longer one the beginning, which is then no row that anybody can read.

    A byte-order mark is dropped. Bytes that are not UTF-8 come through as characters that cannot be printed, so that
    they cost their own row and not the file.
    """
    begun = b""
    block = file.read(_BLOCK).removeprefix(codecs.BOM_UTF8)
    while block:
        *lines, begun = (begun[:longest] + block).split(b"\n")  # a block at once: line by line takes twice as long
        if lines:
            yield from _decoded(lines, longest)
        block = file.read(_BLOCK)
    if begun:
        yield from _decoded([begun], longest)


def _decoded(lines: list[bytes], longest: int) -> Iterator[str]:
    for line in lines:
        yield line[:longest].decode(errors="surrogateescape")
