"""JSON values out of a file, one at a time: an array, one value, or JSON lines. Fractions come as Decimal."""

import codecs
import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, BinaryIO

MOST_CHARACTERS = 64_000_000
"""Of a single value. A file of any length is read in the memory of its largest value."""

_CHUNK = 1 << 20
_LONGEST_WORD = 16  # of `-Infinity` and of an escape, cut off in the middle
_SPACE = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n,]*")


class BadJson(Exception):
    """What stands here is not JSON."""


def values_of(file: BinaryIO) -> Iterator[tuple[int, Any]]:
    """Values with their number, from 1. What cannot be read is a BadJson instead.

    After it, JSON lines go on with the next line; an array ends there, because nothing says where its next element
    begins.
    """
    window = _Window(file)
    if window.skip(_SPACE) == "[":
        window.at += 1
        return _elements(window)
    return _sequence(window)


def _elements(window: "_Window") -> Iterator[tuple[int, Any]]:
    number = 0
    while (mark := window.skip(_BETWEEN)) != "]":
        number += 1
        if not mark:
            yield number, BadJson("The JSON array ends before its closing bracket; what follows here is missing.")
            return
        value = window.value()
        if value is _BROKEN:
            yield number, BadJson("This element is not JSON, so nothing from here on could be read.")
            return
        yield number, value


def _sequence(window: "_Window") -> Iterator[tuple[int, Any]]:
    number = 0
    while window.skip(_SPACE):
        number += 1
        value = window.value()
        if value is _BROKEN:
            value = BadJson("This line is not JSON.")
            window.skip_line()
        yield number, value


_BROKEN = object()


class _Window:
    """A part of the file that begins at what is to be read next."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")(errors="surrogateescape")
        self._decoder = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_number)
        self._text = ""
        self._ended = False
        self.at = 0

    def _more(self, characters: int = _CHUNK) -> bool:
        if self._ended:
            return False
        piece = self._file.read(characters)
        self._ended = not piece
        self._text = self._text[self.at :] + self._decode.decode(piece, final=self._ended)
        self.at = 0
        return True

    def skip(self, what: re.Pattern[str]) -> str:
        """Go to the next character that is not skipped and return it; empty at the end of the file."""
        while True:
            found = what.match(self._text, self.at)
            self.at = found.end() if found else self.at
            if self.at < len(self._text):
                return self._text[self.at]
            if not self._more():
                return ""

    def value(self) -> Any:
        """Read one value, or give _BROKEN and stay where it begins."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._text, self.at)
            except (ValueError, RecursionError) as error:
                left = len(self._text) - self.at
                if left > MOST_CHARACTERS or not self._cut_off(error) or not self._more(max(_CHUNK, left)):
                    return _BROKEN
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on in the next piece
            self.at = end
            return value

    def _cut_off(self, error: Exception) -> bool:
        """Whether the value may only be incomplete because the rest of it has not been read yet."""
        if not isinstance(error, json.JSONDecodeError):
            return False  # nested too deeply, or an integer of thousands of digits
        return error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _LONGEST_WORD

    def skip_line(self) -> None:
        """Go to the beginning of the next line."""
        while (end := self._text.find("\n", self.at)) < 0:
            self.at = len(self._text)
            if not self._more():
                return
        self.at = end + 1


def _no_number(_name: str) -> None:
    """NaN and the infinities, which Python programs write and JSON does not know."""
