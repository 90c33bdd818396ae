"""People who ask and decide, and what was owed and granted: for the tests of top-ups."""

from dataclasses import dataclass
from typing import Any

from sqlmodel import col, select

from bot.services import ledger
from bot.services.policy import import_policy
from bot.services.roster import import_people, person_by_email
from bot.services.verb import Company, Tx, look, verb
from db import top_up as query
from db.seal import COMPANY
from db.tables.ledger import Transfer
from db.tables.outbox import Outbox
from db.tables.top_up import TopUp, TopUpCard, TopUpQuestion

USD = 1_000_000_000
HEADER = "email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,slack_user_id,timezone"
PEOPLE = f"""{HEADER}
ada@example.com,Ada,Engines,grace@example.com,,500000,,,USD,U0ADA,
grace@example.com,Grace,Engines,,,600000,,,USD,U0GRACE,America/New_York
fin@example.com,Fin,Money,,finance,400000,,,USD,U0FIN,
flo@example.com,Flo,Money,fin@example.com,finance,400000,,,USD,,
olga@example.com,Olga,Looms,mia@example.com,,300000,,,USD,U0OLGA,
mia@example.com,Mia,Looms,,,300000,,,USD,U0MIA,
"""
GRANTED = 20_833_333_333_334  # half of 500,000 a year, in the eleventh month


@dataclass(frozen=True)
class Owed:
    """A message of the outbox, opened."""

    uid: str
    kind: str
    channel: str | None
    person_id: int | None
    facts: dict[str, Any]
    edits: bool
    parent_uid: str | None


@dataclass(frozen=True)
class Town:
    """A company whose people are called by their first names."""

    company: Company

    def __getitem__(self, name: str) -> int:
        card = person_by_email(self.company, f"{name}@example.com")
        assert card is not None
        return card.id

    def owed(self, kind: str | None = None) -> list[Owed]:
        """What was ever owed, in order; nothing has been sent."""
        return [one for one in _owed(self.company) if kind in {None, one.kind}]

    def available(self, name: str) -> int:
        """What somebody has left."""
        return ledger.balance(self.company, self[name]).available

    def grants(self) -> list[Transfer]:
        """Every grant of a top-up."""
        return _grants(self.company)

    def row(self, top_up_id: int) -> TopUp:
        """A request as it is stored."""
        return _row(self.company, top_up_id)

    def post_cards(self, channel: str = "C0APPROVE") -> list[str]:
        """Note that every card was posted, as the delivery does; the ts of each, in order."""
        return _post(self.company, TopUpCard, channel, "1700000000.{:06}")

    def post_questions(self, channel: str = "C0APPROVE") -> list[str]:
        """Note that every question was posted, at …100, …200 and so on; the ts of each, in order."""
        return _post(self.company, TopUpQuestion, channel, "1700000{}00.000001")

    def hire(self, people: str) -> None:
        """Import more people, or changes."""
        import_people(self.company, people, by="test")


def make_town(company: Company, people: str = PEOPLE) -> Town:
    """The town with its people."""
    import_people(company, people, by="test")
    return Town(company)


@look
def _owed(tx: Tx) -> list[Owed]:
    return [_opened(tx, row) for row in tx.session.exec(select(Outbox).order_by(col(Outbox.position))).all()]


def _opened(tx: Tx, row: Outbox) -> Owed:
    assert row.body is not None
    body = tx.vault.open(COMPANY, row.body, f"outbox:{row.uid}")
    return Owed(row.uid, body["kind"], body["channel"], body["person_id"], body["facts"], body["edits"], row.parent_uid)


@look
def _grants(tx: Tx) -> list[Transfer]:
    return list(tx.session.exec(select(Transfer).where(Transfer.kind == "top_up").order_by(col(Transfer.id))).all())


@look
def _row(tx: Tx, top_up_id: int) -> TopUp:
    row = query.by_id(tx.session, top_up_id)
    assert row is not None
    return row


@verb("test.post")
def _post(tx: Tx, what: type[TopUpCard | TopUpQuestion], channel: str, ts: str) -> list[str]:
    """Note of every card or question where it stands; `ts` is a pattern for its number."""
    placed = []
    found = select(Outbox.uid).join(what, col(what.uid) == Outbox.uid).order_by(col(Outbox.position))
    for number, uid in enumerate(tx.session.exec(found).all(), 1):
        placed.append(ts.format(number))
        query.place_card(tx.session, uid, channel, placed[-1])
    return placed


MORE_PEOPLE = """
ada@example.com,Ada,Engines,grace@example.com,,500000,,,USD,U0ADA,
eve@example.com,Eve,Engines,grace@example.com,,500000,,,USD,U0EVE,
grace@example.com,Grace,Engines,mia@example.com,,600000,,,USD,U0GRACE,America/New_York
mia@example.com,Mia,Looms,,,300000,,,USD,U0MIA,
fin@example.com,Fin,Money,,finance,400000,,,USD,U0FIN,
flo@example.com,Flo,Money,fin@example.com,finance,400000,,,USD,U0FLO,
nan@example.com,Nan,Looms,mia@example.com,,300000,,,USD,U0NAN,
del@example.com,Del,Looms,mia@example.com,,300000,,,USD,U0DEL,
adm@example.com,Adm,Money,,admin,300000,,,USD,U0ADM,
lev@example.com,Lev,Looms,mia@example.com,finance,300000,,,USD,U0LEV,
"""
TWO_STEPS = """
[[top_up.tier]]
up_to_usd = 1000
steps = ["manager"]
[[top_up.tier]]
steps = ["manager", ["managers_manager", "nan@example.com"]]
"""


def make_large_town(company: Company, rules: str = TWO_STEPS) -> Town:
    """A town with a manager's manager, a named approver, an admin and a leaver, and a policy with two steps."""
    gone = [f"{line}," if "lev@" not in line else f"{line},2026-11-10" for line in MORE_PEOPLE.strip().splitlines()]
    import_people(company, "\n".join([f"{HEADER},ends_on", *gone]), by="test")
    import_policy(company, rules, by="test")
    return Town(company)
