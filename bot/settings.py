"""Settings, from the environment and `.env`. Nothing else reads the environment.

Every mistake is found at once and told in sentences, before anything is started.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from db.seal import BadKey, MasterKey

_ENGINES = {"sqlite", "postgresql+psycopg"}
_PROXIES = {"http_proxy", "https_proxy", "all_proxy"}
_HIGHEST_PORT = 65535


class BadSettings(Exception):
    """The settings are wrong; `mistakes` has a sentence for each."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("The settings need attention:\n" + "\n".join(f"  - {mistake}" for mistake in mistakes))
        self.mistakes = mistakes


def _database_url(url: str) -> str:
    try:
        address = make_url(url)
    except ArgumentError:
        address = None
    # A SQLite database in memory would be another one for each connection.
    if address is None or address.drivername not in _ENGINES or address.database in {None, "", ":memory:"}:
        raise ValueError("is not a database address. Use sqlite:///stipend.db or postgresql+psycopg://user@host/name.")
    return url


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("is not a time zone. Use a name such as Europe/Stockholm.") from error
    return name


def _address(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise ValueError("is not an address: it begins with https://.")
    return url.rstrip("/")


def _api_url(url: str) -> str:
    return _address(url) + "/"


def _channel(channel: str | None) -> str | None:
    if channel and not (channel[0] in "CG" and channel.isalnum() and channel.isupper()):
        raise ValueError("is not a channel id. In Slack open the channel's details; the id stands at the bottom: C0….")
    return channel or None


def _starting(prefix: str, where: str) -> AfterValidator:
    def check(secret: SecretStr | None) -> SecretStr | None:
        if secret is None or not secret.get_secret_value():
            return None
        if not secret.get_secret_value().startswith(prefix):
            raise ValueError(f"does not begin with {prefix}. {where}")
        return secret

    return AfterValidator(check)


Address = Annotated[str, AfterValidator(_address)]
Channel = Annotated[str | None, AfterValidator(_channel)]
BotToken = Annotated[
    SecretStr | None, _starting("xoxb-", "It stands in your Slack app's page under OAuth & Permissions.")
]
AppToken = Annotated[SecretStr | None, _starting("xapp-", "Make one in your Slack app's page under Basic Information.")]


class Settings(BaseSettings):
    """Everything that the environment decides. `.env.example` says what each is for."""

    model_config = SettingsConfigDict(env_file=".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True)

    slack_bot_token: BotToken = None
    slack_app_token: AppToken = None
    slack_signing_secret: SecretStr | None = None
    slack_api_url: Annotated[str, AfterValidator(_api_url)] = "https://slack.com/api/"
    database_url: Annotated[str, AfterValidator(_database_url)] = "sqlite:///stipend.db"
    stipend_encryption_key: SecretStr | None = None
    stipend_approvals_channel: Channel = None
    stipend_alerts_channel: Channel = None
    stipend_finance_channel: Channel = None
    stipend_timezone: Annotated[str, AfterValidator(_zone)] = "UTC"
    litellm_base_url: Address | None = None
    litellm_admin_key: SecretStr | None = None
    anthropic_base_url: Address = "https://api.anthropic.com"
    anthropic_admin_key: SecretStr | None = None
    port: int = Field(default=3000, ge=0, le=_HIGHEST_PORT)

    def master_key(self) -> MasterKey:
        """The key that seals pay; raises BadSettings when it is missing or malformed."""
        if self.stipend_encryption_key is None:
            raise BadSettings([_NO_KEY])
        try:
            return MasterKey.from_base64(self.stipend_encryption_key.get_secret_value())
        except BadKey as error:
            raise BadSettings([str(error)]) from error


_NO_KEY = (
    "STIPEND_ENCRYPTION_KEY is not set. Pay is sealed with it. Make one with: openssl rand -base64 32"
    " and keep it as safe as the pay itself."
)
_NO_BOT = "SLACK_BOT_TOKEN is not set. It stands in your Slack app's page under OAuth & Permissions."
_NO_SIGNING = (
    "SLACK_SIGNING_SECRET is not set, and without SLACK_APP_TOKEN Slack reaches the bot over HTTP, which needs it."
    " It stands in your Slack app's page under Basic Information."
)


_HALF_LITELLM = (
    "LITELLM_BASE_URL and LITELLM_ADMIN_KEY belong together: set both, and budgets can be written to your LiteLLM, or"
    " neither."
)


def load_settings() -> Settings:
    """Read the environment and `.env`; raises BadSettings with every mistake at once."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadSettings([_sentence(mistake["loc"], mistake["msg"]) for mistake in error.errors()]) from error


def take_proxies() -> Mapping[str, str]:
    """Take the proxies out of this process's environment and return them.

    A Slack on this machine cannot be reached by way of a proxy, and Slack's client knows of no exceptions to one.
    """
    names = [name for name in os.environ if name.lower() in _PROXIES]
    return {name: os.environ.pop(name) for name in names}


@contextmanager
def given_back(proxies: Mapping[str, str]) -> Iterator[None]:
    """Have the proxies in the environment for a while: for a program that is started meanwhile."""
    os.environ.update(proxies)
    try:
        yield
    finally:
        take_proxies()


def mistakes_for_serving(settings: Settings) -> list[str]:
    """What is missing for `run`: sentences, empty when nothing is."""
    mistakes = []
    if settings.slack_bot_token is None:
        mistakes.append(_NO_BOT)
    if settings.slack_app_token is None and settings.slack_signing_secret is None:
        mistakes.append(_NO_SIGNING)
    if (settings.litellm_base_url is None) != (settings.litellm_admin_key is None):
        mistakes.append(_HALF_LITELLM)
    try:
        settings.master_key()
    except BadSettings as error:
        mistakes.extend(error.mistakes)
    return mistakes


def _sentence(where: tuple[int | str, ...], message: str) -> str:
    # Pydantic's error holds the input, which may be a secret, so only its message is repeated.
    name = str(where[0]).upper() if where else "The environment"
    return f"{name} {message.removeprefix('Value error, ')}"
