"""The gate: answers before every call whether it may be made, and sets money aside where policy asks for it.

One snapshot tells who calls, by what policy, and what is left. Only hard mode writes: under a lock of the person it
sets an estimate aside, which the call's usage gives back in the transaction that records it, or which expires.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from bot.gateways.guardrail import Call
from bot.rules import gate as rule
from bot.rules.errors import Refused as NotPossible
from bot.rules.gate import Allowed, Refused, Room, Verdict
from bot.rules.period import Period
from bot.rules.policy import Policy
from bot.rules.usage import Tokens, identity_of
from bot.services import account as accounts
from bot.services import allotment, policy
from bot.services.price import list_price
from bot.services.verb import Company, Tx, look, verb
from bot.sources import litellm
from db import gate as query
from db.roster import Scope
from db.seal import COMPANY
from db.session import DatabaseBusy
from db.tables.gate import GateGrace, GateReservation

NOTED_EVERY = timedelta(minutes=1)


class NotAToken(NotPossible):
    """This needs a token of scope gate, which `python -m bot token create NAME --scope gate` makes."""


@dataclass(frozen=True)
class _Known:
    """The policy's versions as of the newest one. They never change, so they are opened once and not for every call."""

    newest: int
    versions: Sequence[Any] = field(repr=False)


@dataclass(frozen=True)
class _Caller:
    """Who calls and what holds for them. `refused` is what needs no look at their budget; `room` is for soft mode."""

    known: _Known
    token_id: int
    last_used_at: datetime | None
    person_id: int | None
    policy: Policy
    period: Period
    zone: str
    refused: Refused | None = None
    room: Room | None = None

    @property
    def used_up(self) -> Refused:
        return Refused("budget", period=self.period.label, until=self.period.end, zone=self.zone)


class Gate:
    """Asked before every call. One for a process: it remembers the policy between calls, and what to do in trouble."""

    def __init__(self, company: Company) -> None:
        self._company = replace(company, nudge=lambda: None)  # a call owes no message
        self._known: _Known | None = None
        self._on_error: str | None = None
        self._noted: dict[int, datetime] = {}

    def decide(self, token: str, call: Call) -> Verdict:
        """Whether the call may be made. Raises NotAToken, and whatever keeps it from looking: see `in_trouble`."""
        caller = self._look(token, call)
        if caller.refused is not None or caller.person_id is None:
            return caller.refused or Allowed()
        verdict = self._judge(caller, call)
        if isinstance(verdict, Allowed) or not _is_unsettled(self._company, caller.person_id):
            return verdict
        # Their period has begun, or their pay has changed, and nobody has granted it yet.
        if _ensure(self._company, caller.person_id):
            return self._judge(self._look(token, call), call)
        return Allowed()

    def _look(self, token: str, call: Call) -> _Caller:
        caller = _look_at(self._company, self._known, hashlib.sha256(token.encode()).hexdigest(), call)
        if caller is None:
            raise NotAToken
        if caller.known is not self._known:
            self._known, self._on_error = caller.known, _on_error(self._company)
        self._noted.setdefault(caller.token_id, caller.last_used_at or self._company.clock.now() - NOTED_EVERY)
        return caller

    def _judge(self, caller: _Caller, call: Call) -> Verdict:
        if call.is_answer or caller.policy.enforcement_mode == "notify":
            return Allowed()
        if caller.policy.enforcement_mode == "hard":
            return _reserve(self._company, caller, call)
        return Allowed() if caller.room is not None and rule.may_pass("soft", caller.room) else caller.used_up

    def in_trouble(self) -> Verdict | None:
        """What to answer when looking failed: as policy says, or None when the policy was never read."""
        if self._on_error is None:
            return None
        return Allowed() if self._on_error == "open" else Refused("unknown")

    def note_asked(self) -> None:
        """Note that the gate is asked; at most once a minute, and never in a caller's way."""
        now = self._company.clock.now()
        for token_id, noted in list(self._noted.items()):
            if now - noted >= NOTED_EVERY:
                self._noted[token_id] = now
                try:
                    _note(self._company, token_id)
                except DatabaseBusy:
                    continue


@look
def _look_at(tx: Tx, known: _Known | None, token_hash: str, call: Call) -> _Caller | None:
    if known is not None:
        policy.use_versions(tx, known.versions)
    row = _row(tx, token_hash, call)
    if row is None:
        return None
    if known is None or known.newest != row.newest_policy:
        policy.use_versions(tx, None)
        known = _Known(row.newest_policy, policy.read_versions(tx))
        row = _row(tx, token_hash, call)
    held = policy.policy_for(tx, Scope(row.email, row.team, row.country))
    period = policy.calendar(tx).at(tx.now)
    caller = _Caller(
        known,
        row.token_id,
        row.last_used_at,
        row.person_id,
        held,
        period,
        str(policy.zone(tx)),
        _refusal(tx, row, call),
    )
    if held.enforcement_mode != "soft" or row.person_id is None or caller.refused or call.is_answer:
        return caller
    found = _account(tx, row.person_id, period)
    return replace(caller, room=Room(found.available)) if found else caller


def _row(tx: Tx, token_hash: str, call: Call) -> Any:
    trusted = litellm.SOURCE in policy.company_policy(tx).trusted_end_user_sources
    kind, value = identity_of(call.said, call.email, call.user_id, trust_end_user=trusted)
    return query.caller(tx.session, token_hash, kind, value, policy.today(tx))


def _refusal(tx: Tx, row: Any, call: Call) -> Refused | None:
    """What refuses a call whatever is left: a pause; or that it leads to nobody, where policy says so."""
    if call.is_answer:
        return None
    if row.person_id is None and row.team_id is None:
        is_refused = policy.company_policy(tx).gate_unattributed == "refuse"
        return Refused("nobody") if is_refused else None
    if not row.has_pauses:
        return None
    owner = f"person:{row.person_id}" if row.person_id is not None else f"team:{row.team_id}"
    for pause in query.open_pauses(tx.session, owner):
        names = call.agents if pause.kind == "agent" else call.sessions
        if pause.name in names and (pause.until is None or pause.until > tx.now):
            kind = cast("rule.Limit", pause.kind)
            return Refused(kind, pause.name, until=pause.until, zone=str(policy.zone(tx)))
    return None


@dataclass(frozen=True)
class _Account:
    id: int
    available: int = field(repr=False)
    spent: int = field(repr=False)
    calls: int
    reserved: int = field(repr=False)
    waiting: int | None


def _account(tx: Tx, person_id: int, period: Period) -> _Account | None:
    """What a person's account has now: the figures of the ledger's standing, read for a program that waits."""
    row = query.account(tx.session, accounts.account_key(person_id, period), tx.now)
    if row is None:
        return None
    moved = 0
    for key, owner, amount, to_account in query.transfers(tx.session, row.account_id):
        nanos = accounts.open_amount(tx, key, owner, amount)
        moved += nanos if to_account == row.account_id else -nanos
    spent, reserved = int(row.spent), int(row.reserved)
    return _Account(row.account_id, moved - spent, spent, int(row.calls), reserved, row.waiting)


@verb("gate.reserve")
def _reserve(tx: Tx, caller: _Caller, call: Call) -> Verdict:
    """Set an estimate of the call aside, if it fits beside those under way."""
    person_id = caller.person_id or 0
    query.hold(tx.session, person_id)
    found = _account(tx, person_id, caller.period)
    if found is None:
        return caller.used_up
    nanos = rule.estimate(caller.policy.reserve_nanos, found.spent, found.calls, _input_nanos(call, tx.now))
    room = Room(found.available, found.reserved)
    if not rule.may_pass("hard", room, nanos):
        room = replace(room, grace=_grace(tx, found, caller.policy, begin=False))
        if not rule.may_pass("hard", room, nanos):
            return caller.used_up
        _grace(tx, found, caller.policy, begin=True)
    expires_at = tx.now + rule.RESERVED_FOR
    query.reserve(
        tx.session, GateReservation(account_id=found.id, call_key=call.call_key, nanos=nanos, expires_at=expires_at)
    )
    return Allowed()


def _input_nanos(call: Call, now: datetime) -> int:
    """What the prompt alone costs, as far as its length and the list price of a model of that name tell."""
    provider, _, model = call.model.rpartition("/")
    price = (
        list_price(provider, model, Tokens(input=call.characters // rule.CHARACTERS_A_TOKEN), now) if model else None
    )
    return price.cost_nanos if price else 0


def _grace(tx: Tx, found: _Account, held: Policy, *, begin: bool) -> int:
    """How far below zero a call may go while a request waits: for one request of a period, and not for the next."""
    if found.waiting is None:
        return 0
    key = tx.vault.blind(f"gate.grace:{found.id}")
    row = query.grace(tx.session, key)
    if row is None:
        if begin:
            state = tx.vault.seal(COMPANY, {"top_up_id": found.waiting}, f"gate_grace:{key}")
            query.begin_grace(tx.session, GateGrace(key=key, state=state))
        return held.grace_nanos
    begun_for = tx.vault.open(COMPANY, row.state, f"gate_grace:{key}")["top_up_id"]
    return held.grace_nanos if begun_for == found.waiting else 0


@look
def _on_error(tx: Tx) -> str:
    return policy.company_policy(tx).gate_on_error


@look
def _is_unsettled(tx: Tx, person_id: int) -> bool:
    """Whether somebody is owed more or less than was granted, or what they are owed cannot be known yet."""
    found = allotment.survey(tx, person_id)
    return any(due.no_rate for due in found.dues) or allotment.is_behind(tx, found, {})


@verb("gate.ensure")
def _ensure(tx: Tx, person_id: int) -> bool:
    """Grant what is owed; False where nobody knows what is, for want of a currency rate: that refuses no call."""
    allotment.ensure_periods(tx, person_id)
    current = policy.calendar(tx).at(tx.now)
    return not any(due.no_rate for due in allotment.survey(tx, person_id).dues if due.period == current)


@verb("gate.note")
def _note(tx: Tx, token_id: int) -> None:
    query.note_asked(tx.session, token_id, tx.now)


@verb("gate.release")
def release_calls(tx: Tx, call_keys: Sequence[str]) -> int:
    """Give back what was set aside for calls that spent nothing; returns how many there were."""
    return query.release(tx.session, call_keys)


def forget_expired(company: Company) -> int:
    """Delete what was set aside for calls whose usage never came; returns how many."""
    return _forget(company) if _has_expired(company) else 0


@look
def _has_expired(tx: Tx) -> bool:
    return query.has_expired(tx.session, tx.now)


@verb("gate.forget")
def _forget(tx: Tx) -> int:
    return query.forget_expired(tx.session, tx.now)


def last_asked(tx: Tx) -> datetime | None:
    """When the gate was last asked, to the minute; None when it never was."""
    return query.last_asked(tx.session)


def is_in_path(tx: Tx) -> bool:
    """Whether calls pass the gate at all, so that it may be said that something is refused."""
    asked = last_asked(tx)
    return asked is not None and tx.now - asked <= rule.IN_PATH_FOR


def mode_in_effect(tx: Tx, mode: str) -> str:
    """The mode that people may be told of: where nothing asks the gate, nothing is blocked, whatever policy says."""
    return mode if mode == "notify" or is_in_path(tx) else "notify"
