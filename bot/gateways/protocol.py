"""What every gateway can do: take a person's budget and show what it took."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Whom:
    """A person as a gateway may know them: by e-mail address, or by ids of its own that lead to them."""

    email: str = field(repr=False)
    ids: frozenset[str] = field(default_factory=frozenset, repr=False)


class Gateway(Protocol):
    """A proxy or a vendor to which budgets are written. Both methods raise NotWritten and its kinds."""

    @property
    def name(self) -> str:
        """As policy and identities name it."""
        ...

    @property
    def title(self) -> str:
        """As people name it."""
        ...

    @property
    def step_nanos(self) -> int:
        """The finest amount that it takes; budgets are rounded down to it."""
        ...

    @property
    def period_months(self) -> frozenset[int]:
        """The lengths of budget periods that it knows."""
        ...

    def write(self, whom: Whom, nanos: int, months: int) -> None:
        """Let the person spend so much in a period of so many months."""
        ...

    def read(self, whom: Whom) -> int | None:
        """What the person may spend there now; None without a limit."""
        ...


class NotWritten(Exception):
    """The gateway was not asked, or did not do it. The text is a code, never a body: those hold figures."""


class Busy(NotWritten):
    """The gateway asks to be left alone for a while; certainly not done."""

    def __init__(self, retry_after: float) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


class Lost(NotWritten):
    """Done or not, nobody knows: no answer, or an error of its own. Reading back tells."""


class Declined(NotWritten):
    """The gateway says no to this change."""


class UnknownPerson(Declined):
    """The gateway knows nobody by this address."""

    def __init__(self) -> None:
        super().__init__("unknown_person")


class Unauthorised(NotWritten):
    """The gateway does not take our key, or the key may not do this: nothing will work until somebody mends it."""
