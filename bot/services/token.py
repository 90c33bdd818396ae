"""API tokens for the machines that bring usage or ask the gate: shown once, stored hashed."""

import hashlib
import secrets

from bot.rules.errors import Refused
from bot.services import audit
from bot.services.verb import Tx, look, verb
from db import audit as query
from db.tables.audit import ApiToken

SCOPES = ("ingest", "gate")
_PREFIX = "stipend_"


class TokenNameTaken(Refused):
    """A token with that name exists already. Choose another name."""


class UnknownScope(Refused):
    """A token's scope is ingest or gate."""


@verb("token.create")
def create_token(tx: Tx, name: str, scope: str, *, by: str) -> str:
    """Make a token and return it; only its hash is kept. Raises TokenNameTaken and UnknownScope."""
    if scope not in SCOPES:
        raise UnknownScope
    if query.token_by_name(tx.session, name):
        raise TokenNameTaken
    token = _PREFIX + secrets.token_urlsafe(32)
    query.add_token(tx.session, ApiToken(name=name, scope=scope, token_hash=_hash(token), created_at=tx.now))
    audit.record(tx, by, "token.create", f"token:{name}", {"scope": scope})
    return token


@look
def token_name(tx: Tx, token: str, scope: str) -> str | None:
    """The name of a valid token of this scope, else None."""
    row = query.token_by_hash(tx.session, _hash(token))
    return row.name if row is not None and row.scope == scope else None


def _hash(token: str) -> str:
    # The token is 256 random bits, so a plain hash cannot be guessed backwards.
    return hashlib.sha256(token.encode()).hexdigest()
