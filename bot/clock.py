"""The one place that knows what time it is."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the time. Everything that needs the time is handed one."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The only call to `datetime.now` in Stipend."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands at an instant: `tick --at`, the demo and the tests set it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at
