"""`python -m bot`: the command line. Each command parses, calls one thing, and says what came of it."""

import sys
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.exc import DBAPIError

from bot import wiring
from bot.check import check_everything, privacy_lines
from bot.clock import FixedClock, SystemClock
from bot.rules.errors import Refused
from bot.services import policy, roster, usage_file
from bot.services.check import Level
from bot.services.delivery import deliver_until_quiet
from bot.services.ledger import check_books
from bot.services.tick import TICKS, run_ticks
from bot.services.token import create_token
from bot.settings import BadSettings, Settings, load_settings
from bot.telemetry import start_logging
from db.schema import NewerSchema
from db.seal import SealError
from db.serving import AlreadyServing
from db.session import DatabaseBusy

COMMAND_LINE = "command line"
_FAILED = 1
_LARGEST_TEXT_BYTES = 50_000_000

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
db_commands = typer.Typer(no_args_is_help=True, help="The database.")
import_commands = typer.Typer(no_args_is_help=True, help="Bring in people, usage, policy and currency rates.")
token_commands = typer.Typer(no_args_is_help=True, help="API tokens for gateways.")
audit_commands = typer.Typer(no_args_is_help=True, help="Proofs on live data.")
cli.add_typer(db_commands, name="db")
cli.add_typer(import_commands, name="import")
cli.add_typer(token_commands, name="token")
cli.add_typer(audit_commands, name="audit")

out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)


class Scope(StrEnum):
    """What a token may do."""

    INGEST = "ingest"
    GATE = "gate"


class NotAText(Refused):
    """The file is not UTF-8 text. Save it as UTF-8 and try again."""


class NotAnInstant(Refused):
    """--at takes an instant with its offset, such as 2026-11-30T09:00:00+01:00 or 2026-11-30T08:00Z."""


class UnknownTick(Refused):
    """There is no tick of that name."""


@cli.callback()
def stipend() -> None:
    """Stipend: AI compute as part of pay, in Slack."""
    start_logging()


@cli.command()
def run() -> None:
    """Run the bot: Slack, the schedule, and the web server on PORT."""
    wiring.serve(load_settings())


@cli.command()
def demo(
    *,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="The page's. Default: the first free from 3000 on.")
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser where there is one.")] = True,
) -> None:
    """Show it all on this machine, with no account anywhere: an invented company, its Slack in a browser, the bot."""
    from bot.demo.run import run_demo  # noqa: PLC0415 - the local Slack is no part of a bot that serves a company

    run_demo(port, say=out.print, browser=browser)


@cli.command()
def check(*, privacy: Annotated[bool, typer.Option(help="Print who may be shown what.")] = False) -> None:
    """Look at everything before it hurts: settings, database, key, people, Slack."""
    if privacy:
        for line in privacy_lines():
            out.print(line)
        return
    worst = Level.OK
    for finding in check_everything(load_settings()):
        out.print(f"{finding.level.value:8} {finding.sentence}")
        worst = finding.level if finding.level is Level.PROBLEM else worst
    if worst is Level.PROBLEM:
        raise typer.Exit(_FAILED)


@db_commands.command("upgrade")
def db_upgrade() -> None:
    """Bring the database to this version's schema."""
    wiring.upgrade(load_settings())
    out.print("The database is at this version's schema.")


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST_TEXT_BYTES:
            raise NotAText(f"{file.name} is larger than {_LARGEST_TEXT_BYTES // 1_000_000} MB.")
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise NotAText from error
    except OSError as error:
        raise NotAText(f"{file} cannot be read: {error.strerror}.") from error


@import_commands.command("people")
def import_people(file: Path) -> None:
    """Bring in people from a CSV: all of it or nothing."""
    text = _text(file)
    report = roster.import_people(wiring.open_company(load_settings()), text, by=COMMAND_LINE)
    out.print(f"{report.new} new, {report.changed} changed, {report.unchanged} unchanged.")
    for warning in report.warnings:
        out.print(f"Note: {warning}")


@import_commands.command("policy")
def import_policy(file: Path) -> None:
    """Bring in a policy from TOML, as a new version."""
    text = _text(file)
    company = wiring.open_company(load_settings())
    effective_from = policy.import_policy(company, text, by=COMMAND_LINE)
    out.print(f"The policy is in force from {effective_from.isoformat()}.")
    for warning in roster.approver_warnings(company, max(effective_from, company.clock.now())):
        out.print(f"Note: {warning}")


@import_commands.command("rates")
def import_rates(file: Path) -> None:
    """Bring in currency rates from a CSV: currency,on_date,usd_per_unit."""
    text = _text(file)
    new = roster.import_rates(wiring.open_company(load_settings()), text, by=COMMAND_LINE)
    out.print("1 rate is new." if new == 1 else f"{new} rates are new.")


@import_commands.command("usage")
def import_usage(
    file: Path,
    file_format: Annotated[str, typer.Option("--format", help=f"One of: {', '.join(usage_file.FORMATS)}.")] = "csv",
) -> None:
    """Bring in usage from a file: bad rows are refused by line, the rest is kept, a repeat counts once."""
    company = wiring.open_company(load_settings())
    with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task("Reading usage", total=None)
        result = usage_file.import_file(
            company, file, file_format, lambda done, whole: bar.update(task, completed=done, total=whole)
        )
    out.print(result.sentence())
    for refusal in result.refusals:
        err.print(refusal)


@token_commands.command("create")
def token_create(name: str, scope: Annotated[Scope, typer.Option(help="What it may do.")]) -> None:
    """Make an API token and show it, once."""
    out.print(create_token(wiring.open_company(load_settings()), name, scope.value, by=COMMAND_LINE))


@cli.command()
def tick(
    name: Annotated[str | None, typer.Argument(help=f"One of: {', '.join(TICKS)}. Without it: all.")] = None,
    at: Annotated[str | None, typer.Option(help="The instant as of which it is done.")] = None,
) -> None:
    """Do the scheduled work that is due as of an instant, once, and deliver what is owed."""
    if name is not None and name not in TICKS:
        raise UnknownTick(f"There is no tick {name!r}. There are: {', '.join(TICKS)}.")
    settings = load_settings()
    real = SystemClock().now()
    instant = _instant(at) if at else real
    if instant > real:
        err.print("Note: that instant is ahead of the clock; what is done is done as if it were then.")
    company = wiring.open_company(settings, FixedClock(instant))
    for line in run_ticks(company, [name] if name else TICKS):
        out.print(line)
    out.print(_deliver(settings))


def _deliver(settings: Settings) -> str:
    if settings.slack_bot_token is None:
        return "SLACK_BOT_TOKEN is not set, so messages stay owed."
    company = wiring.open_company(settings)
    left = deliver_until_quiet(company, wiring.slack_sink(settings, company))
    return f"{left} messages are still owed; the bot sends them when it runs." if left else "Every message is sent."


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise NotAnInstant from error
    if instant.tzinfo is None:
        raise NotAnInstant
    return instant.astimezone(UTC)


@audit_commands.command("verify")
def audit_verify() -> None:
    """Check every promise that can be checked on live data."""
    problems = check_books(wiring.open_company(load_settings()))
    for problem in problems:
        err.print(problem)
    if problems:
        raise typer.Exit(_FAILED)
    out.print("Every sum holds, every rollup agrees with its events, every trigger is there, the audit log is whole.")


def main() -> None:
    """Run a command; every mistake that a person can mend becomes a sentence, none a traceback."""
    try:
        cli(prog_name="python -m bot")
    except (Refused, BadSettings, SealError, AlreadyServing, DatabaseBusy, NewerSchema) as error:
        err.print(str(error))
        sys.exit(_FAILED)
    except DBAPIError as error:
        # The driver's message may hold the statement's values; its type says enough.
        err.print(f"The database cannot be used ({type(error.orig).__name__}). Look at DATABASE_URL.")
        sys.exit(_FAILED)


if __name__ == "__main__":
    main()
