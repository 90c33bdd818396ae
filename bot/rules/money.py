"""Money: integers of nano-dollars. Nothing here is a float."""

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from bot.rules.errors import Refused, quoted

NANOS = 1_000_000_000
"""Nano-dollars in a dollar."""

MOST_USD = 1_000_000_000
"""The largest amount that is taken for meant; it leaves room for sums of such amounts in 64 bits."""

_LONGEST = 64
_MOST_DIGITS = 40
_NUMBER = re.compile(r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+")
_USD = re.compile(r"(?:us\$|\$|usd)?\s*(?P<number>[0-9.,]+)\s*(?:\$|usd|dollars?)?", re.IGNORECASE)
_HOW = "Type dollars like 500, 1,300 or 1,300.50."


class BadAmount(Refused):
    """That is not an amount of money. Type dollars like 500, 1,300 or 1,300.50."""


def to_nanos(value: int | Decimal | Fraction) -> int:
    """Dollars to nano-dollars, rounded half-even: the one place where a computed figure is rounded.

    Raises TypeError for anything that is not exact (a float, a bool) and BadAmount for NaN, infinities and figures
    too large to be money.
    """
    if isinstance(value, bool) or not isinstance(value, int | Decimal | Fraction):
        raise TypeError(f"Money is exact: an int, Decimal or Fraction, not {type(value).__name__}.")
    if isinstance(value, Decimal):
        if not value.is_finite() or value.adjusted() > _MOST_DIGITS:
            raise BadAmount
        if value.adjusted() < -_MOST_DIGITS:  # far below half a nano; as a fraction it could fill the memory
            return 0
    return round(Fraction(value) * NANOS)


def plain_number(text: str, *, decimals: int) -> Decimal | None:
    """A number as people and files write it: digits, commas between thousands, at most so many decimals, no sign.

    None when the text is anything else: an exponent, other digits than 0-9, `1.300,50`, or longer than any amount.
    """
    if len(text) > _LONGEST or not _NUMBER.fullmatch(text):
        return None
    number = Decimal(text.replace(",", ""))
    _, _, after = text.partition(".")
    return number if len(after) <= decimals else None


def parse_usd(text: str) -> int:
    """Dollars that a person typed, in nano-dollars: `$1,300`, `1300.50`, `1300 usd`, `USD 500`; cents at the finest.

    Zero is an amount: whether it makes sense is for the caller to say. Raises BadAmount with what to type instead.
    """
    if len(text) > _LONGEST:
        raise BadAmount(f"That is too long to be an amount. {_HOW}")
    typed = text.strip()
    if not typed:
        raise BadAmount(f"The amount is missing. {_HOW}")
    match = _USD.fullmatch(typed)
    number = plain_number(match["number"], decimals=2) if match else None
    if number is None:
        raise BadAmount(f"{quoted(typed)} is not an amount. {_HOW}")
    if number > MOST_USD:
        raise BadAmount(f"{quoted(typed)} is more than I can count. {_HOW}")
    return to_nanos(number)


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Parts of a total in proportion to whole weights, adding up to it exactly, by largest remainder.

    Of equal remainders the earlier part gets the odd nano. A negative total splits as its opposite does. Raises
    ValueError for a negative weight, or when there is something to split and no weight to carry it.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("Weights are not negative.")
    if total < 0:
        return [-part for part in split(-total, weights)]
    whole = sum(weights)
    if whole == 0:
        if total:
            raise ValueError("Nothing carries the total: all weights are zero.")
        return [0] * len(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = sorted(range(len(parts)), key=lambda i: (-(total * weights[i] % whole), i))
    for i in remainders[: total - sum(parts)]:
        parts[i] += 1
    return parts


def round_up_125(nanos: int) -> int:
    """The least of 1, 2, 5, 10, 20, 50 … dollars that is not less than the amount; 0 for nothing or less.

    Amounts that Stipend itself derives from a budget are shown like this: the exact figure would give a salary away.
    """
    if nanos <= 0:
        return 0
    unit = NANOS
    while True:
        for step in (1, 2, 5):
            if step * unit >= nanos:
                return step * unit
        unit *= 10
