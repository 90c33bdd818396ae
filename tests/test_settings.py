"""Settings: every mistake at once, in sentences, and no secret in any of them."""

import base64
from pathlib import Path

import pytest

from bot.settings import BadSettings, load_settings, mistakes_for_serving

KEY = base64.b64encode(bytes(32)).decode()
GOOD = {
    "SLACK_BOT_TOKEN": "xoxb-1",
    "SLACK_SIGNING_SECRET": "s",
    "STIPEND_ENCRYPTION_KEY": KEY,
    "PORT": "3000",
}


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (*GOOD, "SLACK_APP_TOKEN", "SLACK_API_URL", "DATABASE_URL", "STIPEND_TIMEZONE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def set_all(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    for name, value in (GOOD | changes).items():
        monkeypatch.setenv(name, value)


def test_good_settings_have_no_mistakes(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch)
    settings = load_settings()
    assert mistakes_for_serving(settings) == []
    assert settings.slack_api_url == "https://slack.com/api/"


def test_an_address_without_a_slash_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, SLACK_API_URL="http://127.0.0.1:9/api")
    assert load_settings().slack_api_url == "http://127.0.0.1:9/api/"


def test_every_mistake_is_told_at_once_and_no_secret_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(
        monkeypatch, PORT="99999", DATABASE_URL="mysql://x", STIPEND_TIMEZONE="Mars/Base", SLACK_BOT_TOKEN="abc-secret",
        STIPEND_ALERTS_CHANNEL="#alerts",
    )  # fmt: skip
    with pytest.raises(BadSettings) as caught:
        load_settings()
    told = str(caught.value)
    for name in ("PORT", "DATABASE_URL", "STIPEND_TIMEZONE", "SLACK_BOT_TOKEN", "STIPEND_ALERTS_CHANNEL"):
        assert name in told
    assert "abc-secret" not in told
    assert len(caught.value.mistakes) == 5


def test_serving_names_all_that_is_missing() -> None:
    mistakes = mistakes_for_serving(load_settings())
    assert [mistake.split()[0] for mistake in mistakes] == [
        "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "STIPEND_ENCRYPTION_KEY",
    ]  # fmt: skip


def test_socket_mode_needs_no_signing_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    set_all(monkeypatch, SLACK_SIGNING_SECRET="", SLACK_APP_TOKEN="xapp-1")
    assert mistakes_for_serving(load_settings()) == []


@pytest.mark.parametrize(
    "url", ["", "x", "sqlite://", "sqlite:///:memory:", "postgresql://h/d", "postgresql+psycopg://h"]
)
def test_an_address_of_no_database_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    set_all(monkeypatch, DATABASE_URL=url or " ")
    with pytest.raises(BadSettings, match="DATABASE_URL is not a database address"):
        load_settings()


@pytest.mark.parametrize("key", ["short", "%%%", base64.b64encode(bytes(31)).decode()])
def test_a_bad_key_says_how_to_make_one(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    set_all(monkeypatch, STIPEND_ENCRYPTION_KEY=key)
    with pytest.raises(BadSettings, match="openssl rand -base64 32"):
        load_settings().master_key()


def test_the_env_file_is_read(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=4000\n")
    assert load_settings().port == 4000
