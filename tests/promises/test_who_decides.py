"""No decision but by one who may, at the moment of decision: every person, in every state, by every path."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.rules.top_up_reply import Approve, Deny
from bot.services import delegation, top_up, top_up_reply
from bot.services.verb import Company
from tests.services.top_up_town import USD, Town, make_large_town

RULES = """
[[top_up.tier]]
steps = ["manager", ["managers_manager", "nan@example.com", "finance"]]
"""
CARD = "1700000000.000001"

# What somebody does, given the version that they see; it raises what they are told.
Path = Callable[[Town, int, str, int], object]


def button(town: Town, top_up_id: int, who: str, version: int) -> object:
    return top_up.decide(town.company, top_up_id, town[who], Approve(), version)


def modal(town: Town, top_up_id: int, who: str, version: int) -> object:
    seen = top_up.to_decide(town.company, top_up_id, town[who], version)
    return top_up.decide(town.company, top_up_id, town[who], Approve(seen.at_most), version)


def denial(town: Town, top_up_id: int, who: str, version: int) -> object:
    return top_up.decide(town.company, top_up_id, town[who], Deny("no"), version)


def offer(town: Town, top_up_id: int, who: str, version: int) -> object:
    return top_up.offer(town.company, top_up_id, town[who], 9000 * USD, version)


def typed(town: Town, _top_up_id: int, who: str, version: int) -> object:
    before = len(town.owed("top_up.reply_question"))
    micro = 1 + PEOPLE.index(who) if who in PEOPLE else 99
    ts = f"{ {1: 1700000150, 2: 1700000350}[version] }.{micro:06}"  # after the question of that version
    reply_id = top_up_reply.reply_arrived(
        town.company, channel="C0APPROVE", thread_ts=CARD, ts=ts, slack_user_id=f"U0{who.upper()}", text="approve"
    )
    assert reply_id is not None
    assert top_up_reply.handle_reply(town.company, reply_id)
    asked = town.owed("top_up.reply_question")[before:]
    if asked:
        raise Refused(asked[0].facts["REQUESTED"]["sentence"])
    return None


PATHS: tuple[Path, ...] = (button, modal, denial, offer, typed)

# Ada asks; Grace is her manager, Mia Grace's. Del acts for Grace; Ada herself acts for Mia. Lev, of finance, has left.
PEOPLE = ("ada", "grace", "mia", "fin", "flo", "nan", "del", "eve", "adm", "lev")
MAY = {
    "step 1": {"grace", "del"},
    "step 2": {"mia", "nan", "fin", "flo"},
    "step 2 by delegate": {"mia", "nan", "fin", "flo"},
    "edited": {"grace", "del"},
}
SAYS = {
    "older version": "Ada has changed this request since: it is for $3,500 now",
    "approved": "Mia has approved the $3,000 already",
    "denied": "Grace has denied this request for $3,000 already",
    "withdrawn": "Ada has withdrawn this request for $3,000",
    "expired": "has expired; Ada can ask again",
    "period ended": "has ended; Ada can ask again",
}


def bring_to(state: str, town: Town, clock: FixedClock) -> tuple[int, int]:
    """A request in that state, and the version that whoever acts on it sees."""
    if state == "period ended":
        clock.at += timedelta(days=12)
    request = top_up.ask(town.company, town["ada"], 3000 * USD, "the migration", "k1").id
    town.post_cards()
    first = "del" if state == "step 2 by delegate" else "grace"
    if state.startswith("step 2") or state in {"approved", "edited", "older version"}:
        top_up.decide(town.company, request, town[first], Approve(), 1)
    if state == "approved":
        top_up.decide(town.company, request, town["mia"], Approve(), 1)
    if state == "denied":
        top_up.decide(town.company, request, town["grace"], Deny(), 1)
    if state == "withdrawn":
        top_up.withdraw(town.company, request, town["ada"])
    if state in {"edited", "older version"}:
        top_up.edit(town.company, request, town["ada"], 3500 * USD, "the migration", 1)
    if state in {"expired", "period ended"}:
        clock.at += timedelta(days=7)
        top_up.expire_due(town.company)
    town.post_questions()  # at …100 and so on, that of version 2 as the third at …300
    return request, 2 if state == "edited" else 1


@pytest.fixture
def town(company: Company) -> Town:
    made = make_large_town(company, RULES)
    for who, to in (("grace", "del"), ("mia", "ada")):
        delegation.delegate(company, made[who], made[to], date(2026, 12, 10), by="test")
    return made


# Hundreds of attempts take long: the quick tests make them on one engine.
ENGINES = pytest.mark.parametrize(
    "database_engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)


@ENGINES
@pytest.mark.parametrize("state", [*MAY, *SAYS])
def test_whoever_may_not_is_told_why_and_changes_nothing(town: Town, clock: FixedClock, state: str) -> None:
    top_up_id, version = bring_to(state, town, clock)
    before = stored(town, top_up_id)
    for path in PATHS:
        for who in PEOPLE:
            if who not in MAY.get(state, set()):
                told = told_to(town, top_up_id, who, version, path)
                assert told is not None, (path, who)
                assert is_why(state, who, told), (path, who, told)
    with pytest.raises(Refused, match="not know you"):
        typed(town, top_up_id, "stranger", version)  # every other path asks the roster first
    assert stored(town, top_up_id) == before


@ENGINES
@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
@pytest.mark.parametrize("state", MAY)
def test_whoever_may_can(town: Town, clock: FixedClock, state: str, path: Path) -> None:
    top_up_id, version = bring_to(state, town, clock)
    before = stored(town, top_up_id)
    for who in sorted(MAY[state]):
        assert top_up.to_decide(town.company, top_up_id, town[who], version).id == top_up_id
    chosen = sorted(MAY[state])[len(path.__name__) % len(MAY[state])]
    assert told_to(town, top_up_id, chosen, version, path) is None
    assert stored(town, top_up_id) != before


def stored(town: Town, top_up_id: int) -> object:
    row = town.row(top_up_id)
    steps = top_up.request(town.company, top_up_id).steps
    return row.status, row.version, row.asked_nanos, row.counter_nanos, steps, len(town.grants())


def told_to(town: Town, top_up_id: int, who: str, version: int, path: Path) -> str | None:
    """The sentence with which somebody is refused; None where they have acted."""
    try:
        path(town, top_up_id, who, version)
    except Refused as refusal:
        return str(refusal)
    return None


def is_why(state: str, who: str, told: str) -> bool:
    """Whether that is what such a person is told in such a state."""
    if state in SAYS:
        return SAYS[state] in told
    first = {"step 2": {"grace"}, "step 2 by delegate": {"del", "grace"}}.get(state, set())
    if who in first:
        return "approved this request already" in told and "It waits for" in told
    names = "Grace or Del" if not state.startswith("step 2") else "Mia, Nan, Fin or Flo"
    listed = all(name in told for name in names.replace(" or ", ", ").split(", "))
    return listed and "to decide" in told and ("nobody decides their own" in told) == (who == "ada")
