"""What is looked at before a request is made or decided: the price of a wish, the form's forecast, the details."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from bot.rules.audience import Audience, Fact, Visible
from bot.rules.errors import Refused
from bot.rules.top_up import Dollars, Priced, Wanted, cheapest_sufficient, price
from bot.services import ledger
from bot.services.balance import Balance, mix_of
from bot.services.top_up import UnknownRequest, refuse_others, zone_of
from bot.services.top_up_message import request_facts
from bot.services.verb import Company, Tx, look
from db import top_up as query

_PAST_REQUESTS = 5


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a person's budget is going, for the form in which they ask for more. Nano-dollars."""

    label: str
    available: int
    runs_out_on: date | None
    period_last_on: date
    enough: int | None  # the smallest amount that lasts to the end, rounded up; None where the budget lasts


def price_wish(company: Company, person_id: int, wanted: Wanted) -> Priced:
    """What a wish comes to; raises BadRequest where it comes to nothing or too much."""
    if isinstance(wanted, Dollars):
        return price(wanted, nanos_per_token=None, allotment_nanos=None)
    balance = ledger.balance(company, person_id)
    allotment = balance.allotment if balance.has_allotment else None
    return price(wanted, nanos_per_token=_nanos_per_token(company, person_id), allotment_nanos=allotment)


@look
def _nanos_per_token(tx: Tx, person_id: int) -> Fraction | None:
    mix = mix_of(tx, person_id)
    return mix[0] if mix else None


def outlook(company: Company, person_id: int) -> Outlook:
    """The forecast, and the smallest amount that would be enough."""
    balance = ledger.balance(company, person_id)
    return Outlook(
        label=balance.period.label,
        available=balance.available,
        runs_out_on=balance.run_out.on if balance.run_out else None,
        period_last_on=balance.period.last_on,
        enough=cheapest_sufficient(balance.available, _still_to_come(balance, company.clock.now())),
    )


def _still_to_come(balance: Balance, now: datetime) -> int:
    """What will be spent to the period's end at the present rate, in nano-dollars."""
    left = max((balance.period.end - now) / timedelta(days=1), 0.0)
    if balance.run_out is not None and balance.available > 0:
        # The forecast knows weekends and trends, so its rate is the better one: what is left, over the days it lasts.
        days = max((balance.run_out.on - now.date()).days, 1)
        return int(balance.available * left / days)
    passed = max((now - balance.period.start) / timedelta(days=1), 1.0)
    return int(balance.spent * left / passed) if balance.available <= 0 else 0


@look
def details_of_request(tx: Tx, top_up_id: int, viewer: int) -> tuple[int, Mapping[Fact, Mapping[str, Any]]]:
    """The requester's id and what whoever decides may see of the request itself."""
    row = query.by_id(tx.session, top_up_id)
    if row is None:
        raise UnknownRequest
    refuse_others(tx, row, viewer)
    facts = request_facts(tx, row)
    earlier = query.latest_of(tx.session, row.person_id, _PAST_REQUESTS, besides=top_up_id)
    facts[Fact.REQUESTED]["earlier"] = [
        {
            "at": one.created_at.isoformat(),
            "asked": one.asked_nanos,
            "approved": one.approved_nanos,
            "status": one.status,
        }
        for one in earlier
    ]
    return row.person_id, facts


def details(company: Company, top_up_id: int, viewer: int) -> Visible:
    """What whoever decides may see: the request, spend and its rate, earlier requests, whether the budget lasts.

    Never the allotment or the balance: where policy makes them a share of pay, they are the pay. Raises UnknownRequest,
    and NotAnApprover for anybody else.
    """
    person_id, facts = details_of_request(company, top_up_id, viewer)
    balance = ledger.balance(company, person_id)
    days = max((company.clock.now() - balance.period.start) / timedelta(days=1), 1.0)
    told = {
        **facts,
        Fact.SPEND: {"spent": balance.spent, "a_day": int(balance.spent / days)},
        Fact.LASTS: {"lasts": balance.available > 0 and balance.run_out is None},
    }
    return Visible(Audience.APPROVER, told)


@look
def local_date(tx: Tx, person_id: int) -> date:
    """Today's date where a person is."""
    return tx.now.astimezone(zone_of(tx, person_id)).date()


@look
def reason_again(tx: Tx, top_up_id: int, person_id: int) -> tuple[int, str]:
    """Amount and reason of one's own earlier request, to ask again. Raises Refused for somebody else's."""
    row = query.by_id(tx.session, top_up_id)
    if row is None or row.person_id != person_id:
        raise Refused("That is not a request of yours.")
    return row.asked_nanos, str(request_facts(tx, row)[Fact.REQUESTED]["reason"])


@look
def pending_id(tx: Tx, person_id: int) -> int | None:
    """The person's own request that waits for a decision, for the button with which they withdraw it."""
    row = query.pending_of(tx.session, person_id)
    return row.id if row else None
