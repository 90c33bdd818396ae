"""The Web API's front door: tokens, scopes, faults, the record of every call; the methods are in `api_*`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.sandbox.errors import SlackError
from bot.sandbox.records import Json
from bot.sandbox.state import Workspace

TokenKind = Literal["bot", "app", "none"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a method: the workspace, and the arguments however they were sent."""

    ws: Workspace
    method: str
    args: Json

    def text(self, name: str, default: str = "") -> str:
        """A textual argument."""
        value = self.args.get(name)
        return default if value is None else str(value)

    def flag(self, name: str) -> bool:
        """A boolean argument; forms spell it true or 1."""
        return str(self.args.get(name, "")).lower() in {"true", "1"}

    def number(self, name: str, default: int) -> int:
        """A whole number. Refused: anything else, as `invalid_arguments`."""
        try:
            return int(self.text(name) or default)
        except ValueError:
            raise SlackError("invalid_arguments") from None


@dataclass(frozen=True, slots=True)
class Method:
    """How a method is done, and which token and which one of these scopes it takes."""

    handler: Callable[[Call], Json]
    scopes: tuple[str, ...] = ()
    token: TokenKind = "bot"  # noqa: S105 - the kind of a token, not a token


def authorise(ws: Workspace, method: Method, token: str | None) -> None:
    """Check token and scope as Slack does (docs.slack.dev: each method's "Errors" and "Scopes").

    Refused: `not_authed` without a token, `invalid_auth` with an unknown one, `not_allowed_token_type` with the wrong
    kind, `missing_scope` when none of the method's scopes is carried.
    """
    if method.token == "none":  # noqa: S105 - the kind of a token, not a token
        return
    if not token:
        raise SlackError("not_authed")
    kinds: Mapping[str, TokenKind] = {ws.bot_token: "bot", ws.app_token: "app"}
    if token not in kinds:
        raise SlackError("invalid_auth")
    if kinds[token] != method.token:
        raise SlackError("not_allowed_token_type")
    if method.token == "bot":  # noqa: S105 - the same
        require_scope(ws, method.scopes)


def require_scope(ws: Workspace, scopes: tuple[str, ...]) -> None:
    """Refused: `missing_scope`, saying which would do and which the token has."""
    if not ws.manifest.has_any(scopes):
        raise SlackError("missing_scope", needed=",".join(scopes), provided=",".join(ws.manifest.scopes))
