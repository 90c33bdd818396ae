"""What `check` says of the gate and the gateways: whether anything asks it, and whether budgets get there."""

from collections.abc import Iterator

from bot.services import gate, policy
from bot.services.check import Finding, Level
from bot.services.verb import Company, Tx, look
from db import gate as query
from db import gate_limit as limits

_TOKEN = "python -m bot token create NAME --scope gate"  # noqa: S105 - a command
_WITHOUT_PAY = "fixed"


def gate_findings(company: Company) -> list[Finding]:
    """Who may ask the gate and when it was last asked; what policy wants written where, and what came of it."""
    known = frozenset(gateway.name for gateway in company.gateways)
    return _findings(company, known)


@look
def _findings(tx: Tx, known: frozenset[str]) -> list[Finding]:
    return [*_asked(tx), *_written(tx, known)]


def _asked(tx: Tx) -> Iterator[Finding]:
    in_force = [document for begins, document in policy.documents(tx) if begins <= tx.now][-1]
    modes = in_force.enforcement_modes - {"notify"}
    level = Level.WARNING if modes else Level.OK
    unblocked = f" Policy says {' and '.join(sorted(modes))}, and nothing is blocked until then." if modes else ""
    asked = gate.last_asked(tx)
    if not query.has_token(tx.session):
        yield Finding(level, f"There is no token for the gate, so nothing asks it.{unblocked} Make one with: {_TOKEN}")
    elif asked is None:
        yield Finding(level, f"There is a token for the gate, and nothing has asked it yet.{unblocked}")
    elif not gate.is_in_path(tx):
        yield Finding(level, f"The gate was last asked on {asked:%Y-%m-%d %H:%M} UTC.{unblocked}")
    else:
        yield Finding(Level.OK, f"The gate was last asked on {asked:%Y-%m-%d %H:%M} UTC.")


def _written(tx: Tx, known: frozenset[str]) -> Iterator[Finding]:
    held = policy.company_policy(tx)
    for name in sorted(held.write_limits - known):
        setting = f"{name.upper()}_ADMIN_KEY"
        yield Finding(Level.PROBLEM, f"Policy has budgets written to {name}, and the settings lack {setting}.")
    if held.write_limits and held.allotment_kind != _WITHOUT_PAY:
        names = " and ".join(sorted(held.write_limits))
        yield Finding(
            Level.WARNING,
            f"Budgets that follow from pay are written to {names}: whoever administers it can read them, and work out"
            " the pay.",
        )
    for (name, status), count in sorted(limits.by_status(tx.session).items()):
        if status in {"refused", "ignored"}:
            yield Finding(Level.WARNING, f"{name} has {status} {count} budgets; each change is tried there again.")
        elif status in limits.OPEN:
            yield Finding(Level.OK, f"{count} budgets are still to be written to {name}, or to be seen there.")
