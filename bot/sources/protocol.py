"""What every source adapter gives: facts, and what it did not take, by line."""

from dataclasses import dataclass, field

from bot.rules.errors import Refused
from bot.rules.usage import UsageFact


class BadFile(Refused):
    """The file cannot be read as usage."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be usage, and why.

    The sentence may quote what stands in a file of figures; of a gateway's payload it quotes nothing, because there
    the next field may be a prompt.
    """

    line: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Ignored:
    """A row that is in order and spends nothing, such as a call that failed; `call_key` as in a UsageFact."""

    line: int
    reason: str
    call_key: str | None = field(default=None, compare=False)


Parsed = UsageFact | Rejected | Ignored
"""`line` counts from 1: the line of a text file, or the element of a JSON array."""
