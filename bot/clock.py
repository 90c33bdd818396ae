"""The one place that knows what time it is."""

import threading
from datetime import UTC, datetime, timedelta
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
    """A clock that stands at an instant: `tick --at` and the tests set it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def now(self) -> datetime:
        """The instant it was set to."""
        return self.at


class ShiftedClock:
    """The machine's time with an offset: it shows another day and goes on from there. The demo's people move it ahead.

    Safe to use from several threads.
    """

    def __init__(self, shows: datetime) -> None:
        self._lock = threading.Lock()
        self._machine = SystemClock()
        self._offset = shows - self._machine.now()

    def now(self) -> datetime:
        """The instant that it shows."""
        with self._lock:
            return self._machine.now() + self._offset

    def move_to(self, instant: datetime) -> None:
        """Show that instant and go on from it. Never back: where it is later already, it stays as it is."""
        with self._lock:
            ahead = instant - (self._machine.now() + self._offset)
            self._offset += max(ahead, timedelta())
