"""What gateways are owed: a write for each change of a person's budget, stored in the transaction that changes it."""

from bot.services import policy
from bot.services.verb import Tx
from db import gate_limit as query
from db.tables.gate import GateLimit
from db.tables.ledger import Account


def owe_limits(tx: Tx, account: Account, cause: str) -> None:
    """Owe the gateways of policy the budget of a person's current period, because of `cause`; once for each cause.

    Does nothing where policy names no gateway, which is the default, and nothing for other periods: what a gateway
    enforces is what may be spent now.
    """
    gateways = policy.company_policy(tx).write_limits
    if not gateways or account.id is None or not _is_current(tx, account):
        return
    for gateway in sorted(gateways):
        key = f"{gateway}:{cause}"
        query.owe(tx.session, GateLimit(key=key, gateway=gateway, account_id=account.id, cause=cause, owed_at=tx.now))


def _is_current(tx: Tx, account: Account) -> bool:
    if account.period_start is None or account.period_end is None:
        return False
    return account.period_start <= tx.now < account.period_end
