"""Companies that differ in what their people earn and in nothing else, lived through month by month."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from itertools import product

from fastapi.testclient import TestClient

from bot.clock import FixedClock
from bot.rules.top_up_reply import Approve
from bot.rules.usage import Tokens, UsageFact
from bot.sandbox import LocalSlack
from bot.services import top_up
from bot.services.delivery import Post, Timing, post_office
from bot.services.ledger import check_books
from bot.services.policy import import_policy, start_company
from bot.services.roster import import_people, learn_slack_id
from bot.services.tick import run_all
from bot.services.usage import record
from bot.services.verb import Channels, Company
from bot.slack.people import Directory
from bot.slack.sink import SlackSink
from bot.telemetry import Metrics
from bot.web.app import Parts, build_web
from db.session import Database
from tests.conftest import MASTER
from tests.promises.stolen import Shape, shape_of, waiting_of, words_of
from tests.story.town import MANIFEST, PEOPLE, client_of

NANOS = 10**9
BEGIN = datetime(2026, 8, 3, 12, tzinfo=UTC)
DAYS = (3, 6, 8, 9, 11, 14, 17, 20, 24, 28)


@dataclass(frozen=True)
class Pay:
    """Yearly dollars by name, and what they are from the middle of September on."""

    first: Mapping[str, int]
    then: Mapping[str, int]


@dataclass
class Seen:
    """What a thief has of a company, and what anybody can read at `/metrics`; and what really went on."""

    shape: Shape
    words: set[str]
    waiting: set[tuple[str, ...]]
    metrics: list[str]
    alarms: int


@dataclass
class Months:
    """From August to the middle of November, when October is closed."""

    company: Company
    clock: FixedClock
    pay: Pay
    office: Post
    metrics: TestClient
    calls: int = 0
    waiting: set[tuple[str, ...]] = field(default_factory=set)
    shown: list[str] = field(default_factory=list)

    def live(self) -> None:
        for month, day in product((8, 9, 10, 11), DAYS):
            if (month, day) <= (11, 14):
                self.clock.at = BEGIN.replace(month=month, day=day)
                self._happens(self.clock.at.date())
                self._spend(2200)
                run_all(self.company)
                self.waiting |= waiting_of(self.company.database)
                self._look()
                while self.office.deliver(100):
                    pass
                self._look()

    def _happens(self, on: date) -> None:
        match (on.month, on.day):
            case (8, 6):
                self._ask(40)
            case (8, 9):
                self._ask(300, date(2026, 8, 15))  # ends within its month
            case (8, 24):
                self._ask(700, date(2026, 9, 12))  # is carried into the next
            case (9, 8):  # August is closed
                self._spend(90, datetime(2026, 8, 14, 9, tzinfo=UTC))
            case (9, 11):
                self._spend(-5000, datetime(2026, 8, 12, 9, tzinfo=UTC))
            case (9, 17):
                import_people(self.company, roster(self.pay.then, "2026-09-17"), by="test")
            case (10, 14):  # more than some have by their salary, and less than others
                import_policy(self.company, '[allotment]\nkind = "fixed"\namount_usd = 30000\n', by="test")

    def _spend(self, usd: int, at: datetime | None = None) -> None:
        """Everybody spends as much, and whoever stands later in the roster more."""
        facts = []
        for number, name in enumerate(self.pay.first, 4):
            self.calls += 1
            facts.append(UsageFact("test", f"call {self.calls}", at or self.clock.at, "email", f"{name}@example.com",
                "anthropic", "opus", "swarm", "s", Tokens(1000, 0, 0, 0, 500, 0), usd * number * NANOS // 4,
                "estimated"))  # fmt: skip
        record(self.company, facts)

    def _ask(self, usd: int, until: date | None = None) -> None:
        """The first asks for a top-up, and where it has to be decided, the second allows it."""
        request = top_up.ask(self.company, 1, usd * NANOS, "more for the migration", f"ask {self.clock.at}")
        if request.status == "pending":
            top_up.decide(self.company, request.id, 2, Approve(None, until))

    def _look(self) -> None:
        lines = self.metrics.get("/metrics").text.splitlines()
        self.shown.append("\n".join(line for line in lines if "_created" not in line))  # that is the machine's clock


def roster(pay: Mapping[str, int], since: str) -> str:
    """The story's people with this pay."""
    head, *rows = PEOPLE.splitlines()
    lines = [f"{head},effective_from"]
    for row, salary in zip(rows, pay.values(), strict=True):
        cells = row.split(",")
        lines.append(",".join([*cells[:5], str(salary), *cells[6:], since]))
    return "\n".join(lines)


def live_through(url: str, pay: Pay) -> Seen:
    """Let a company live, deliver everything, and steal its database."""
    clock, metrics = FixedClock(BEGIN), Metrics()
    database = Database(url, MASTER)
    with LocalSlack(MANIFEST, mode="http", message_interval_seconds=0, seed=1) as slack:
        users = [slack.add_user(name, email=f"{name}@example.com") for name in pay.first]
        rooms = {name: slack.add_channel(name, members=[slack.bot_user_id]) for name in ("approvals", "alerts")}
        company = Company(database, clock, Channels(**rooms))
        start_company(company, "UTC")
        import_people(company, roster(pay.first, "2026-08-01"), by="test")
        for person_id, user in enumerate(users, 1):
            learn_slack_id(company, person_id, user)  # an id is learnt by the first message to somebody
        client = client_of(slack)
        sink = SlackSink(client, Directory(company, client))
        office = post_office(company, sink, Timing(gap=0), metrics.delivered)
        with TestClient(build_web(Parts(company, None, metrics, list))) as web:
            months = Months(company, clock, pay, office, web)
            months.live()
        alarms = sum("salary" in str(call.args) for call in slack.calls("chat.postMessage"))
    assert check_books(company) == []
    seen = Seen(shape_of(database), words_of(database), months.waiting, months.shown, alarms)
    database.dispose()
    return seen
