"""Requests of several steps: who is next, what lapses, what is frozen, offers, and what Slack is told at each turn."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.rules.top_up_reply import Approve, Deny
from bot.services import delegation, top_up, top_up_reply
from bot.services.policy import import_policy
from bot.services.top_up import AlreadyAsked, AlreadyDecided, Changed, NobodyDecides, NotAnApprover, NotYours, Request
from bot.services.verb import Channels, Company
from tests.services.top_up_town import GRANTED, HEADER, TWO_STEPS, USD, Owed, Town, make_large_town


@pytest.fixture
def town(company: Company) -> Town:
    return make_large_town(company)


def ask(town: Town, dollars: int, who: str = "ada", key: str = "k1") -> Request:
    return top_up.ask(town.company, town[who], dollars * USD, "the migration", key)


def approve(town: Town, request: Request, who: str, dollars: int | None = None, version: int | None = None) -> Request:
    nanos = None if dollars is None else dollars * USD
    return top_up.decide(town.company, request.id, town[who], Approve(nanos), version)


def edit(town: Town, request: Request, dollars: int, version: int = 1, who: str = "ada") -> Request:
    return top_up.edit(town.company, request.id, town[who], dollars * USD, "the migration", version)


def last(town: Town, kind: str, *, edits: bool) -> Owed:
    return [one for one in town.owed(kind) if one.edits is edits][-1]


def mentioned(message: Owed) -> list[str]:
    return [one["name"] for one in message.facts["REQUESTED"]["deciders"]]


def test_two_steps_are_decided_by_two_people(town: Town) -> None:
    request = ask(town, 3000)
    assert (request.deciders, len(request.steps)) == (["Grace"], 2)
    first = approve(town, request, "grace")
    assert (first.status, first.deciders, town.grants()) == ("pending", ["Mia", "Nan"], [])
    assert [step["decided_by"] for step in first.steps] == ["Grace", None]
    second = approve(town, request, "nan")
    assert (second.status, second.decided_by, second.approved_nanos) == ("approved", "Nan", 3000 * USD)
    assert town.available("ada") == GRANTED + 3000 * USD


def test_the_thread_asks_whoever_is_next_and_the_question_before_loses_its_buttons(town: Town) -> None:
    request = ask(town, 3000)
    approve(town, request, "grace")
    card = town.owed("top_up.card")[0]
    first, _retired, second = town.owed("top_up.ask_decision")
    assert [first.parent_uid, second.parent_uid] == [card.uid, card.uid]
    assert (mentioned(first), mentioned(second)) == (["Grace"], ["Mia", "Nan"])
    retired = last(town, "top_up.ask_decision", edits=True)
    assert (retired.parent_uid, retired.facts["REQUESTED"]["retired"]) == (first.uid, {"version": 1, "position": 1})
    assert last(town, "top_up.card", edits=True).facts["REQUESTED"]["steps"][0]["decided_by"] == "Grace"
    approve(town, request, "mia")
    assert last(town, "top_up.ask_decision", edits=True).parent_uid == second.uid


def test_whoever_approved_already_is_told_who_is_next(town: Town) -> None:
    request = ask(town, 3000)
    approve(town, request, "grace")
    with pytest.raises(AlreadyDecided, match=r"You have approved this request already[.] It waits for Mia or Nan now"):
        approve(town, request, "grace")
    with pytest.raises(
        NotAnApprover, match=r"Grace has approved it already[.] This request is for Mia or Nan to decide"
    ):
        approve(town, request, "fin")


@pytest.mark.parametrize("who", ["grace", "mia"])
def test_any_step_denies_the_whole(town: Town, who: str) -> None:
    request = ask(town, 3000)
    if who == "mia":
        approve(town, request, "grace")
    denied = top_up.decide(town.company, request.id, town[who], Deny("too early"))
    assert (denied.status, denied.decided_by) == ("denied", who.title())
    assert town.grants() == []


def test_a_smaller_amount_binds_later_steps(town: Town) -> None:
    request = ask(town, 3000)
    assert approve(town, request, "grace", 2000).at_most == 2000 * USD
    with pytest.raises(Refused, match=r"\$2,500 is more than \$2,000, which is all that was approved before you"):
        approve(town, request, "mia", 2500)
    assert approve(town, request, "mia").approved_nanos == 2000 * USD
    assert town.available("ada") == GRANTED + 2000 * USD


def test_the_earliest_last_day_of_all_steps_holds(town: Town) -> None:
    request = ask(town, 3000)
    for who, day in (("grace", 20), ("mia", 25)):
        top_up.decide(town.company, request.id, town[who], Approve(last_day=date(2026, 11, day)))
    (grant,) = town.grants()
    assert grant.expires_at == datetime(2026, 11, 21, 5, tzinfo=UTC)  # the end of the 20th in New York


def test_every_steps_note_reaches_the_requester_and_no_channel(town: Town) -> None:
    request = ask(town, 3000)
    for who in ("grace", "mia"):
        top_up.decide(town.company, request.id, town[who], Approve(note=f"says {who}"))
    (outcome,) = town.owed("top_up.outcome")
    assert outcome.facts["REQUESTED"]["notes"] == [{"name": "Grace", "note": "says grace"}]
    assert outcome.facts["REQUESTED"]["note"] == "says mia"
    assert all("says " not in str(one.facts) for one in town.owed() if one.channel)


def test_steps_are_frozen_and_people_are_read_when_it_is_decided(town: Town) -> None:
    request = ask(town, 3000)
    import_policy(town.company, '[[top_up.tier]]\nsteps = ["finance"]\n', by="test")
    town.hire(f"{HEADER}\nada@example.com,Ada,Engines,mia@example.com,,500000,,,USD,U0ADA,\n")
    with pytest.raises(NotAnApprover, match="for Mia to decide"):
        approve(town, request, "fin")
    # Mia is manager now, and has no manager; of the second step only Nan is left.
    assert approve(town, request, "mia").deciders == ["Nan"]
    assert ask(town, 3000, "eve", "k2").deciders == ["Fin", "Flo"]


def test_an_edit_is_a_new_version_whose_steps_begin_anew(town: Town) -> None:
    request = ask(town, 3000)
    approve(town, request, "grace", 2000)
    changed = edit(town, request, 4000)
    assert (changed.version, changed.asked_nanos, changed.at_most) == (2, 4000 * USD, 4000 * USD)
    assert changed.deciders == ["Grace"]
    with pytest.raises(Changed, match=r"Ada has changed this request since: it is for \$4,000 now"):
        approve(town, request, "grace", version=1)
    with pytest.raises(Changed):
        top_up.decide(town.company, request.id, town["grace"], Deny(), 1)
    with pytest.raises(Changed):
        top_up.to_decide(town.company, request.id, town["grace"], 1)
    approve(town, request, "grace", version=2)
    assert approve(town, request, "mia", version=2).approved_nanos == 4000 * USD


def test_an_edit_may_change_who_decides_or_approve_itself(town: Town) -> None:
    request = ask(town, 3000)
    assert len(edit(town, request, 900).steps) == 1
    small = edit(town, request, 40, version=2)
    assert (small.status, small.step, small.approved_nanos) == ("approved", "auto", 40 * USD)
    assert town.available("ada") == GRANTED + 40 * USD
    assert last(town, "top_up.outcome", edits=False).facts["REQUESTED"]["status"] == "approved"


def test_the_thread_of_an_edit_asks_anew(town: Town) -> None:
    request = ask(town, 900)
    edit(town, request, 3000)
    first, _retired, second = town.owed("top_up.ask_decision")
    assert second.facts["REQUESTED"]["version"] == 2
    assert len([one for one in town.owed("top_up.card") if not one.edits]) == 1
    assert last(town, "top_up.card", edits=True).facts["REQUESTED"]["asked"] == 3000 * USD
    assert last(town, "top_up.ask_decision", edits=True).parent_uid == first.uid


def test_the_same_edit_clicked_twice_is_one(town: Town) -> None:
    request = ask(town, 900)
    assert edit(town, request, 700).version == edit(town, request, 700).version == 2
    assert edit(town, request, 700, version=2).version == 2  # nothing new in it
    with pytest.raises(Changed):
        edit(town, request, 800, version=1)


def test_only_the_requester_edits_and_only_while_it_waits(town: Town, clock: FixedClock) -> None:
    request = ask(town, 900)
    with pytest.raises(NotYours):
        edit(town, request, 800, who="grace")
    for nanos in (0, -1, 2_000_000 * USD):
        with pytest.raises(Refused, match="more than zero"):
            top_up.edit(town.company, request.id, town["ada"], nanos, "the migration", 1)
    clock.at += timedelta(days=7)
    with pytest.raises(AlreadyDecided, match="has expired"):
        edit(town, request, 800)
    assert town.row(request.id).status == "expired"
    with pytest.raises(AlreadyDecided):
        edit(town, request, 800)


def test_an_edit_begins_the_days_anew(town: Town, clock: FixedClock) -> None:
    request = ask(town, 900)
    clock.at += timedelta(days=6)
    assert edit(town, request, 800).expires_at == clock.at + timedelta(days=7)


def test_asking_again_names_the_request_that_waits(town: Town) -> None:
    request = ask(town, 900)
    with pytest.raises(AlreadyAsked) as caught:
        ask(town, 700, key="k2")
    assert (caught.value.waiting.id, caught.value.waiting.version) == (request.id, 1)


def test_an_edit_that_nobody_could_decide_changes_nothing(town: Town) -> None:
    import_policy(town.company, '[[top_up.tier]]\nup_to_usd = 1000\nsteps = ["manager"]\n', by="test")
    request = ask(town, 900)
    with pytest.raises(NobodyDecides, match="policy lets nobody approve as much"):
        edit(town, request, 1100)
    assert (town.row(request.id).version, town.row(request.id).status) == (1, "pending")


def test_a_larger_amount_is_an_offer_that_the_requester_takes(town: Town) -> None:
    request = ask(town, 900)
    offered = top_up.offer(town.company, request.id, town["grace"], 3000 * USD, 1, "take enough")
    assert (offered.status, offered.offered_nanos, offered.offered_by) == ("pending", 3000 * USD, "Grace")
    message = last(town, "top_up.offer", edits=False)
    assert (message.person_id, message.facts["REQUESTED"]["note"]) == (town["ada"], "take enough")
    with pytest.raises(Changed, match=r"no offer of \$2,000 any more"):
        top_up.accept(town.company, request.id, town["ada"], 2000 * USD, 1)
    with pytest.raises(NotYours):
        top_up.accept(town.company, request.id, town["grace"], 3000 * USD, 1)
    taken = top_up.accept(town.company, request.id, town["ada"], 3000 * USD, 1)
    assert (taken.version, taken.asked_nanos, taken.offered_nanos) == (2, 3000 * USD, None)
    assert (taken.deciders, len(taken.steps)) == (["Grace"], 2)
    assert top_up.accept(town.company, request.id, town["ada"], 3000 * USD, 1).version == 2
    assert town.grants() == []


def test_an_offer_can_be_declined_and_is_for_more_by_one_who_decides(town: Town) -> None:
    request = ask(town, 900)
    for nanos in (900 * USD, 1, 2_000_000 * USD):
        with pytest.raises(Refused, match="An offer is for more"):
            top_up.offer(town.company, request.id, town["grace"], nanos, 1)
    with pytest.raises(NotAnApprover):
        top_up.offer(town.company, request.id, town["fin"], 3000 * USD, 1)
    top_up.offer(town.company, request.id, town["grace"], 3000 * USD, 1)
    assert top_up.keep(town.company, request.id, town["ada"], 1).offered_nanos is None
    with pytest.raises(Changed):
        top_up.accept(town.company, request.id, town["ada"], 3000 * USD, 1)
    assert approve(town, request, "grace", version=1).approved_nanos == 900 * USD


def test_a_delegate_decides_for_somebody_and_it_is_written_down(town: Town) -> None:
    delegation.delegate(town.company, town["grace"], town["del"], date(2026, 11, 20), by="test")
    request = ask(town, 3000)
    assert request.deciders == ["Grace", "Del"]
    first = approve(town, request, "del")
    assert (first.steps[0]["decided_by"], first.steps[0]["on_behalf_of"]) == ("Del", "Grace")
    with pytest.raises(AlreadyDecided, match="Del, for you, has approved this request already"):
        approve(town, request, "grace")


def test_nothing_is_laundered_by_delegation(town: Town) -> None:
    for who, to in (("grace", "ada"), ("mia", "ada"), ("ada", "del")):
        delegation.delegate(town.company, town[who], town[to], date(2026, 11, 20), by="test")
    request = ask(town, 3000)
    assert request.deciders == ["Grace"]
    for who in ("ada", "del"):
        with pytest.raises(NotAnApprover):
            approve(town, request, who)
    # Nan is asked by name, asks herself, and Del acts for her: that is her own request still.
    delegation.delegate(town.company, town["nan"], town["del"], date(2026, 11, 20), by="test")
    import_policy(town.company, '[[top_up.tier]]\nsteps = ["nan@example.com"]\n', by="test")
    own = ask(town, 3000, "nan", "k2")
    assert own.deciders == ["Fin", "Flo"]
    with pytest.raises(NotAnApprover):
        approve(town, own, "del")


def test_a_role_gained_meanwhile_does_not_let_anybody_decide_their_own(town: Town) -> None:
    import_policy(town.company, '[[top_up.tier]]\nsteps = ["finance"]\n', by="test")
    request = ask(town, 3000)
    town.hire(f"{HEADER}\nada@example.com,Ada,Engines,grace@example.com,finance,500000,,,USD,U0ADA,\n")
    with pytest.raises(NotAnApprover, match="nobody decides their own request"):
        approve(town, request, "ada")
    # A manager who became finance decides as finance, and once only.
    town.hire(f"{HEADER}\ngrace@example.com,Grace,Engines,mia@example.com,finance,600000,,,USD,U0GRACE,\n")
    assert approve(town, request, "grace").status == "approved"


def test_a_manager_who_left_leaves_it_to_finance(town: Town) -> None:
    request = ask(town, 900)
    row = "grace@example.com,Grace,Engines,mia@example.com,,600000,,,USD,U0GRACE,,2026-11-15"
    town.hire(f"{HEADER},ends_on\n{row}\n")
    with pytest.raises(NotAnApprover, match="for Fin or Flo to decide"):
        approve(town, request, "grace")
    assert approve(town, request, "fin").status == "approved"


def test_where_there_are_too_few_people_nothing_is_asked(company: Company) -> None:
    town = make_large_town(company, '[[top_up.tier]]\nsteps = ["finance", "finance", "finance"]\n')
    with pytest.raises(NobodyDecides, match="it needs 3 different people besides yourself"):
        ask(town, 900)
    assert town.owed() == []


def test_without_a_channel_each_step_reaches_its_own_people(company: Company) -> None:
    town = make_large_town(replace(company, channels=Channels()))
    request = ask(town, 3000)
    assert [one.person_id for one in town.owed("top_up.card") if not one.edits] == [town["grace"]]
    approve(town, request, "grace")
    cards = [one.person_id for one in town.owed("top_up.card") if not one.edits]
    assert cards == [town["grace"], town["mia"], town["nan"]]
    approve(town, request, "nan")
    outcomes = [one for one in town.owed("top_up.card") if one.facts["REQUESTED"]["status"] == "approved"]
    assert len(outcomes) == 3


def test_a_queue_holds_what_one_may_decide_now(town: Town) -> None:
    first, second = ask(town, 3000), ask(town, 900, "eve", "k2")
    assert [one.id for one in top_up.queue_of(town.company, town["grace"])] == [first.id, second.id]
    approve(town, first, "grace")
    assert [one.id for one in top_up.queue_of(town.company, town["grace"])] == [second.id]
    assert [one.id for one in top_up.queue_of(town.company, town["nan"])] == [first.id]
    assert top_up.queue_of(town.company, town["ada"]) == []


def say(town: Town, text: str, ts: str, who: str = "U0GRACE") -> bool:
    reply_id = top_up_reply.reply_arrived(
        town.company, channel="C0APPROVE", thread_ts="1700000000.000001", ts=ts, slack_user_id=who, text=text
    )
    assert reply_id is not None
    return top_up_reply.handle_reply(town.company, reply_id)


def test_a_typed_reply_is_for_the_version_whose_question_stands_before_it(town: Town) -> None:
    request = ask(town, 900)
    town.post_cards()
    edit(town, request, 800)
    town.post_questions()
    assert say(town, "approve", "1700000050.000001")
    assert say(town, "approve", "1700000200.000000")
    told = [one.facts["REQUESTED"]["sentence"] for one in town.owed("top_up.reply_question")]
    assert len(told) == 2
    assert all("has changed this request since" in sentence for sentence in told)
    assert town.row(request.id).status == "pending"
    assert say(town, "approve", "1700000200.000002")
    assert town.row(request.id).approved_nanos == 800 * USD


def test_a_reply_waits_while_nobody_knows_where_its_question_stands(town: Town) -> None:
    request = ask(town, 900)
    town.post_cards()
    town.post_questions()
    edit(town, request, 800)
    assert not say(town, "approve", "1700000250.000001")
    town.post_questions()
    assert top_up_reply.handle_replies(town.company) == 1
    assert town.row(request.id).approved_nanos == 800 * USD


@pytest.mark.parametrize("rules", [TWO_STEPS, ""])
def test_reminders_are_planned_from_each_turn_on(company: Company, clock: FixedClock, rules: str) -> None:
    town = make_large_town(company, rules or "[top_up]\nremind_after_hours = 6\n")
    request = ask(town, 900)
    hours = 4 if rules else 6
    assert town.row(request.id).next_reminder_at == clock.at + timedelta(hours=hours)
    clock.at += timedelta(hours=1)
    edit(town, request, 800)
    assert town.row(request.id).next_reminder_at == clock.at + timedelta(hours=hours)
