"""Usage that gateways send over HTTP: parsed, recorded, and answered for row by row."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from bot.rules.usage import UsageFact
from bot.services import gate, policy, usage
from bot.services.verb import Company, Tx, look
from bot.sources import litellm
from bot.sources.protocol import Ignored, Parsed, Rejected

_BATCH = 1000  # rows in one transaction
_MOST_SENTENCES = 100


@dataclass(slots=True)
class Ingested:
    """What became of each row. `refused` has at most a hundred sentences; `refused_count` counts them all."""

    accepted: int = 0
    repeated: int = 0
    ignored: int = 0
    refused_count: int = 0
    refused: list[dict[str, str | int]] = field(default_factory=list)


def ingest_litellm(company: Company, body: bytes) -> Ingested:
    """Record what LiteLLM's `generic_api` callback posted.

    Rows that cannot be usage are refused with their number and a sentence, the others are kept. A repeat counts once.
    """
    trusted = litellm.SOURCE in _trusted(company)
    return _record(company, litellm.parse_body(body, company.clock.now(), trust_end_user=trusted))


@look
def _trusted(tx: Tx) -> frozenset[str]:
    return policy.company_policy(tx).trusted_end_user_sources


def _record(company: Company, items: Iterable[Parsed]) -> Ingested:
    told = Ingested()
    unspent: list[str] = []
    for batch in _batches(_facts(items, told, unspent)):
        recorded = usage.record(company, batch)
        told.accepted += recorded.new
        told.repeated += recorded.repeated
    if unspent:
        gate.release_calls(company, unspent)
    return told


def _facts(items: Iterable[Parsed], told: Ingested, unspent: list[str]) -> Iterator[UsageFact]:
    """The facts; what is no fact is counted, and calls that spent nothing are noted in `unspent`."""
    for item in items:
        if isinstance(item, Ignored):
            told.ignored += 1
            if item.call_key:
                unspent.append(item.call_key)
        elif isinstance(item, Rejected):
            told.refused_count += 1
            if len(told.refused) < _MOST_SENTENCES:
                told.refused.append({"row": item.line, "reason": item.sentence})
        else:
            yield item


def _batches(facts: Iterator[UsageFact]) -> Iterator[Sequence[UsageFact]]:
    while batch := list(islice(facts, _BATCH)):
        yield batch
