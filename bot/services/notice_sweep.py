"""The sweep: tells the alerts channel, at most once a day, how many people are near or above their salary.

Only people who have been told themselves are counted, and their own message goes first. The post is changed when the
numbers change, and what it has said is sealed and changed by compare-and-set, like every notice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from bot.rules import notice as rule
from bot.rules.audience import Audience, Fact
from bot.rules.notice import Band, Saying, Swept
from bot.services import policy, roster
from bot.services.notice import (
    StateMoved,
    channel_mode,
    figures_of,
    open_periods,
    open_state,
    period_fact,
    state_key,
    until_settled,
)
from bot.services.notice_glance import chunks
from bot.services.outbox import Message, Target, keep_seat, owe
from bot.services.verb import Company, Tx, look, verb
from db import notice as query
from db.notice import Spender
from db.seal import COMPANY, Sealed

_CHUNK = 500
_STATE_BYTES = 512
_PERSON_BYTES = 24  # two bands of a person with their id


def sweep_is_due(company: Company) -> bool:
    """Whether the schedule has not yet looked in today's slot. Cheap, and knows nothing of anybody's spend."""
    return bool(_unlooked(company))


@look
def _unlooked(tx: Tx) -> list[str]:
    if tx.channels.alerts is None:
        return []
    slot = _slot(tx)
    return [period.label for period in open_periods(tx) if not _has_looked(_swept(tx, period.label)[1], slot)]


def _has_looked(swept: Swept, slot: date) -> bool:
    return swept.looked_on is not None and swept.looked_on >= slot


def sweep(company: Company, *, scheduled: bool) -> int:
    """Tell the alerts channel how many people are near or above their salary; returns how many messages that took.

    The schedule looks once in a day's slot, so that the time of a post says nothing about the time of a crossing. By
    hand it may be looked again, until the slot has been used to say something.
    """
    return sum(_settled(company, label, scheduled) for label in _labels(company))


def _settled(company: Company, label: str, scheduled: bool) -> int:
    # Looked for before the transaction: on SQLite nobody else writes while it goes on.
    told = _told(company, label)
    return until_settled(lambda: _sweep_period(company, label, scheduled, told))


@look
def _labels(tx: Tx) -> list[str]:
    return [period.label for period in open_periods(tx)] if tx.channels.alerts else []


@verb("notice.sweep")
def _sweep_period(tx: Tx, label: str, scheduled: bool, told: Sequence[Spender]) -> int:
    slot = _slot(tx)
    key, before, uid, sealed = _sweep_state(tx, label)
    if scheduled and _has_looked(before, slot):
        return 0
    if sealed is None:
        # Whether there is ever something to say must not be told by there being a row for it.
        keep_seat(tx, f"notice.sweep:{label}")
    bands, told_by = _bands(tx, told)
    mode = policy.company_policy(tx).salary_in_channels
    after, saying = rule.sweep(before, bands, mode, slot)
    if scheduled:
        after = replace(after, looked_on=slot)
    messages = _sweep_messages(tx, label, after, saying, uid, told_by)
    uids = [owe(tx, message) for message in messages]
    if not query.change(tx.session, key, sealed, _seal_sweep(tx, key, after, uid or next(iter(uids), None))):
        raise StateMoved
    return len(uids)


def _slot(tx: Tx) -> date:
    return rule.slot_of(tx.now, policy.company_policy(tx).sweep_at, policy.zone(tx))


@look
def _told(tx: Tx, label: str) -> list[Spender]:
    """Those who have been told anything about their salary: few, and who is told from now on counts next time."""
    found: list[Spender] = []
    for some in chunks(tx, [label], _CHUNK):
        keys = [state_key(tx, "salary", one.person_id, label) for one in some]
        known = query.states(tx.session, keys)
        found += [one for one, key in zip(some, keys, strict=True) if open_state(tx, key, known.get(key)) is not None]
    return found


def _bands(tx: Tx, told: Sequence[Spender]) -> tuple[dict[int, int], tuple[str, ...]]:
    """The band of everybody who has been told themselves, and the messages that told them.

    Whoever's own policy keeps them out of channels is left out. A band is the present one, and never worse than the one
    of which the person knows.
    """
    known = query.states(tx.session, [state_key(tx, "salary", one.person_id, one.label) for one in told])
    bands: dict[int, int] = {}
    uids: list[str] = []
    for one in told:
        key = state_key(tx, "salary", one.person_id, one.label)
        kept = open_state(tx, key, known.get(key))
        if kept is None or kept.announced.highest <= 0:
            continue
        figures = figures_of(tx, one.account_id)
        if channel_mode(tx, figures.policy) != "off":
            bands[one.person_id] = rule.band(min(int(kept.announced.highest), figures.salary_step))
            uids += kept.uids
    return bands, tuple(uids)


def _sweep_messages(
    tx: Tx, label: str, after: Swept, saying: Saying, uid: str | None, told_by: tuple[str, ...]
) -> Iterator[Message]:
    if saying is Saying.NOTHING:
        return
    said_on = after.said_on.isoformat() if after.said_on else ""
    facts = _sweep_facts(tx, label, after)
    target = Target(channel=tx.channels.alerts)
    stem = f"{label}:{said_on}"
    if uid is None or saying is Saying.FIRST:
        yield Message(
            f"notice.sweep:{label}", "notice.sweep", target, Audience.CHANNEL, facts, after=told_by, secret=True
        )
        return
    key = f"notice.sweep.edit:{stem}"
    yield Message(key, "notice.sweep", target, Audience.CHANNEL, facts, uid, edits=True, after=told_by, secret=True)
    if saying is Saying.WORSE:
        key = f"notice.sweep.worse:{stem}"
        yield Message(key, "notice.sweep_worse", target, Audience.CHANNEL, facts, uid, secret=True)


def _sweep_facts(tx: Tx, label: str, after: Swept) -> dict[Fact, dict[str, Any]]:
    period = {Fact.PERIOD: period_fact(tx, policy.calendar(tx).labelled(label))}
    finance = bool(roster.finance_people(tx))
    if after.mode == "names":
        (near, near_more), (above, above_more) = (_names(tx, after, band) for band in (Band.NEAR, Band.ABOVE))
        named = {"near": near, "near_more": near_more, "above": above, "above_more": above_more}
        return {**period, Fact.SALARY_BANDS: {**named, "finance_told": finance}}
    counted = dict(zip(("near", "above"), rule.counts(after.shown), strict=True))
    return {**period, Fact.SALARY_COUNTS: {**counted, "finance_told": finance}}


def _names(tx: Tx, after: Swept, band: Band) -> tuple[list[str], int]:
    """The names of those in a band, and how many more there are whose own policy does not let them be named."""
    inside = [person for person, value in after.shown.items() if value == band]
    named = [person for person in inside if channel_mode(tx, policy.policy_of(tx, person)) == "names"]
    return sorted(roster.person(tx, person).name for person in named), len(inside) - len(named)


def _sweep_state(tx: Tx, label: str) -> tuple[str, Swept, str | None, Sealed | None]:
    key, swept = _swept(tx, label)
    sealed = query.state(tx.session, key)
    uid = tx.vault.open(COMPANY, sealed, f"notice:{key}")["uid"] if sealed is not None else None
    return key, swept, uid, sealed


def _swept(tx: Tx, label: str) -> tuple[str, Swept]:
    key = tx.vault.blind(f"notice:sweep:{label}")
    sealed = query.state(tx.session, key)
    if sealed is None:
        return key, Swept()
    plain = tx.vault.open(COMPANY, sealed, f"notice:{key}")
    return key, Swept(
        mode=plain["mode"],
        shown={int(person): value for person, value in plain["shown"].items()},
        told={int(person): value for person, value in plain["told"].items()},
        worst=tuple(plain["worst"]),
        said_on=_day(plain["said_on"]),
        looked_on=_day(plain["looked_on"]),
    )


def _seal_sweep(tx: Tx, key: str, swept: Swept, uid: str | None) -> Sealed:
    plain = asdict(swept) | {"said_on": _iso(swept.said_on), "looked_on": _iso(swept.looked_on), "uid": uid}
    # Written by every sweep and with room for everybody, or its length would tell how many people it names.
    room = _STATE_BYTES + _PERSON_BYTES * query.count_people(tx.session)
    return tx.vault.seal(COMPANY, plain, f"notice:{key}", least_bytes=1 << (room - 1).bit_length())


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None
