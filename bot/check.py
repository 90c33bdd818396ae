"""`check`: everything that can be looked at before it hurts."""

from collections.abc import Iterator

from sqlalchemy.exc import DBAPIError

from bot import wiring
from bot.rules.audience import MAY_SEE, Audience
from bot.rules.errors import Refused
from bot.services.check import Finding, Level, findings
from bot.services.gate_check import gate_findings
from bot.settings import BadSettings, Settings, mistakes_for_serving
from bot.slack.check import slack_findings
from db.schema import NewerSchema
from db.seal import SealError


def check_everything(settings: Settings) -> Iterator[Finding]:
    """Settings, database and triggers, key, people, messages, Slack: a finding for each."""
    mistakes = mistakes_for_serving(settings)
    yield from (Finding(Level.PROBLEM, mistake) for mistake in mistakes)
    if not mistakes:
        yield Finding(Level.OK, "The settings are complete.")
    if settings.stipend_encryption_key is not None:
        yield from _data(settings)
    if settings.slack_bot_token is not None:
        yield from slack_findings(wiring.slack_client(settings), wiring.channels_of(settings))


def _data(settings: Settings) -> Iterator[Finding]:
    try:
        company = wiring.open_company(settings)
        yield Finding(Level.OK, "The database, its triggers and the key are in order.")
        yield from findings(company)
        yield from gate_findings(company)
    except DBAPIError as error:
        # The driver's message may hold a password or a statement's values; its type says enough.
        reason = type(error.orig).__name__
        yield Finding(Level.PROBLEM, f"The database cannot be used ({reason}). Look at DATABASE_URL.")
    except (Refused, SealError, BadSettings, NewerSchema) as error:
        yield Finding(Level.PROBLEM, str(error))


def privacy_lines() -> Iterator[str]:
    """Who may be shown what, from the table that every renderer asks."""
    for audience in Audience:
        facts = ", ".join(sorted(fact.name.lower().replace("_", " ") for fact in MAY_SEE[audience]))
        yield f"{audience.name.lower():9} sees: {facts}"
