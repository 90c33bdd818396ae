"""Northlight, an invented company: who works there, where and for what, and the policy it lives by. Pure data.

Every name is invented but for Ada Lovelace's and Grace Hopper's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Stockholm")
BEGINS = datetime(2026, 7, 20, 8, 30, tzinfo=ZONE)
"""When the company took Stipend into use."""
STORY = datetime(2026, 10, 20, 14, 5, tzinfo=ZONE)
"""When the demo's story begins. It is the same however often it is told, so that everybody sees the same figures."""

DOMAIN = "northlight.example"
CHANNELS = ("general", "approvals", "alerts")

POLICY = """
[allotment]
kind = "share_of_base"
share = 0.1

[team.Operations.allotment]
kind = "fixed"
amount_usd = 250

[top_up]
auto_approve_usd = 50
manager_limit_usd = 2000
"""

_PEOPLE = """
olga   | Olga Brandvold   | Operations | Chief Operating Officer  |        |         | 226000 | USD | Europe/Oslo
grace  | Grace Hopper     | Platform   | VP Platform              | olga   |         | 268000 | USD | America/New_York
ada    | Ada Lovelace     | Platform   | Staff Engineer           | grace  |         | 198000 | USD | Europe/Stockholm
tomas  | Tomas Wilk       | Platform   | QA Engineer              | grace  |         |  42000 | USD | Europe/Warsaw
ines   | Ines Carvalho    | Platform   | Site Reliability         | grace  |         | 118000 | USD | Europe/Lisbon
marek  | Marek Dvorsky    | Platform   | Backend Engineer         | grace  |         | 104000 | USD | Europe/Prague
yuki   | Yuki Tanabe      | Platform   | Senior Site Reliability  | grace  |         | 146000 | USD | Asia/Tokyo
leon   | Leon Brandt      | Platform   | Backend Engineer         | grace  |         | 132000 | USD | Europe/Berlin
aisha  | Aisha Bello      | Platform   | Senior Backend Engineer  | grace  |         | 151000 | USD | Africa/Lagos
dario  | Dario Conti      | Platform   | Security Engineer        | grace  |         | 139000 | USD | Europe/Rome
noor   | Noor Haddad      | Platform   | Platform Engineer        | grace  |         | 121000 | USD | Europe/London
wes    | Wes Calloway     | Platform   | Principal Engineer       | grace  |         | 214000 | USD | America/Denver
mia    | Mia Lindqvist    | Product    | Head of Product          | olga   |         | 231000 | USD | Europe/Stockholm
linnea | Linnea Ek        | Product    | Frontend Engineer        | mia    |         | 744000 | SEK | Europe/Stockholm
ravi   | Ravi Menon       | Product    | Senior Mobile Engineer   | mia    |         | 128000 | USD | Asia/Kolkata
clara  | Clara Voss       | Product    | Product Designer         | mia    |         |  98000 | USD | Europe/Berlin
felix  | Felix Okafor     | Product    | Full-Stack Engineer      | mia    |         | 126000 | USD | Europe/London
hana   | Hana Mori        | Product    | Mobile Engineer          | mia    |         | 117000 | USD | Asia/Tokyo
jules  | Jules Perrin     | Product    | Frontend Engineer        | mia    |         | 109000 | USD | Europe/Paris
kaya   | Kaya Demir       | Product    | Full-Stack Engineer      | mia    |         | 101000 | USD | Europe/Istanbul
omar   | Omar Nasser      | Product    | Product Manager          | mia    |         | 134000 | USD | Africa/Cairo
ruth   | Ruth Halloran    | Product    | Technical Writer         | mia    |         |  92000 | USD | Europe/Dublin
sven   | Sven Aalto       | Product    | Senior Frontend Engineer | mia    |         | 138000 | USD | Europe/Helsinki
tess   | Tess Moreau      | Product    | Product Designer         | mia    |         | 105000 | USD | Europe/Paris
edda   | Edda Nilsen      | Research   | Head of Research         | olga   |         | 242000 | USD | Europe/Oslo
nadia  | Nadia Koroma     | Research   | Research Engineer        | edda   |         | 150000 | USD | Europe/London
ivo    | Ivo Petrov       | Research   | Research Intern          | edda   |         |  36000 | USD | Europe/Sofia
lena   | Lena Fischer     | Research   | Research Scientist       | edda   |         | 172000 | USD | Europe/Zurich
kofi   | Kofi Mensah      | Research   | ML Engineer              | edda   |         | 156000 | USD | Africa/Accra
mei    | Mei Zhou         | Research   | ML Engineer              | edda   |         | 161000 | USD | Asia/Singapore
pablo  | Pablo Rivas      | Research   | Data Engineer            | edda   |         | 124000 | USD | Europe/Madrid
sara   | Sara Ostberg     | Research   | Data Analyst             | edda   |         |  96000 | USD | Europe/Stockholm
theo   | Theo Marchetti   | Research   | ML Engineer              | edda   |         | 149000 | USD | America/Toronto
fiona  | Fiona Grant      | Operations | Head of Finance          | olga   | finance | 164000 | USD | Europe/Dublin
hugo   | Hugo Salas       | Operations | Financial Controller     | fiona  | finance | 112000 | USD | Europe/Madrid
dana   | Dana Whitfield   | Operations | IT Administrator         | olga   | admin   | 108000 | USD | America/Chicago
petra  | Petra Novak      | Operations | People Partner           | olga   |         |  91000 | USD | Europe/Prague
liam   | Liam Byrne       | Operations | Support Lead             | olga   |         |  84000 | USD | Europe/Dublin
zoe    | Zoe Laurent      | Operations | Customer Success         | olga   |         |  79000 | USD | Europe/Paris
amir   | Amir Rahimi      | Operations | Legal Counsel            | olga   |         | 143000 | USD | Europe/London
"""

_SEK_PER_MONTH = {7: "0.1046", 8: "0.1051", 9: "0.1049", 10: "0.1057", 11: "0.1062", 12: "0.1060"}
_PEOPLE_HEADER = (
    "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,slack_user_id,timezone,level"
)
_BONUS_PERCENT = 10
_EQUITY_PERCENT = 15


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at Northlight. `key` is their name in Slack; `base` is a year's, in `currency`."""

    key: str
    name: str
    team: str
    title: str
    manager: str
    role: str
    base: int
    currency: str
    zone: ZoneInfo

    @property
    def email(self) -> str:
        """Their address."""
        return email_of(self.key)

    @property
    def first_name(self) -> str:
        """What colleagues call them."""
        return self.name.split()[0]


STRANGER = Person("sam", "Sam Rivers", "not on the roster", "Contractor", "", "", 0, "USD", ZoneInfo("America/Chicago"))
"""Somebody who is in Northlight's Slack and not at Northlight."""


def email_of(key: str) -> str:
    """The address of somebody by their name in Slack; nobody's where there is no such person."""
    return f"{key}@{DOMAIN}"


def people() -> list[Person]:
    """Everybody."""
    return [_person(*(cell.strip() for cell in line.split("|"))) for line in _PEOPLE.strip().splitlines()]


def _person(
    key: str, name: str, team: str, title: str, manager: str, role: str, base: str, currency: str, zone: str
) -> Person:
    return Person(key, name, team, title, manager, role, int(base), currency, ZoneInfo(zone))


def people_csv(slack_ids: Mapping[str, str]) -> str:
    """The people file; `slack_ids` by name in Slack."""
    return "\n".join([_PEOPLE_HEADER, *(_row(person, slack_ids[person.key]) for person in people())])


def _row(person: Person, slack_id: str) -> str:
    manager = email_of(person.manager) if person.manager else ""
    bonus, equity = person.base * _BONUS_PERCENT // 100, person.base * _EQUITY_PERCENT // 100
    pay = f"{person.base},{bonus},{equity},{person.currency}"
    about = f"{person.email},{person.name},{person.team},{manager},{person.role}"
    return f"{about},{pay},{slack_id},{person.zone.key},{person.title}"


def rates_csv(since: date, until: date) -> str | None:
    """The rates of every first of a month after `since` and up to `until`; None when there is none."""
    firsts = list(_firsts(since, until))
    lines = [f"SEK,{day.isoformat()},{_SEK_PER_MONTH.get(day.month, '0.1055')}" for day in firsts]
    return "\n".join(["currency,on_date,usd_per_unit", *lines]) if lines else None


def _firsts(since: date, until: date) -> Iterator[date]:
    day = since
    while (day := day + timedelta(days=1)) <= until:
        if day.day == 1:
            yield day
