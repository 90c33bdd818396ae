"""Which tick runs when. The only file that knows APScheduler, which is a clock here and nothing more.

Nothing is stored: what is owed is asked of the data by each tick, so a start after any outage catches up at once.
"""

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from bot.clock import SystemClock
from bot.services.tick import run_tick
from bot.services.verb import Company

EVERY_SECONDS = {
    "periods": 900,
    "close": 900,
    "top_ups": 60,
    "replies": 10,
    "notices": 300,
    # These two look every minute whether their time of day has come; what they do then is once a day.
    "sweep": 60,
    "digest": 60,
    "gateways": 15,
}
"""How often each tick runs. What happens at a time of day is due from that time in the company's zone on."""

_WORKERS = 3
log = structlog.get_logger()


class Schedule:
    """Runs the ticks in the background, each once right after the start."""

    def __init__(self, company: Company) -> None:
        self._company = company
        # A job that was held up is run late and once, rather than skipped or repeated.
        self._scheduler = BackgroundScheduler(
            executors={"default": ThreadPoolExecutor(_WORKERS)},
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            timezone="UTC",
        )

    def start(self) -> None:
        """Begin; returns at once."""
        now = SystemClock().now()
        for name, seconds in EVERY_SECONDS.items():
            self._scheduler.add_job(
                self._run, "interval", [name], seconds=seconds, id=name, name=name, next_run_time=now
            )
        self._scheduler.start()

    def stop(self) -> None:
        """Let the running ticks finish, and start no more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=True)

    def is_running(self) -> bool:
        """Whether ticks are being run."""
        return bool(self._scheduler.running)

    def _run(self, name: str) -> None:
        ran = run_tick(self._company, name, scheduled=True)
        if ran.round.failed:
            log.warning("tick", tick=name, count=ran.round.failed, error_type=", ".join(sorted(ran.round.errors)))
