import httpx
import pytest
from slack_sdk import WebClient

from bot.sandbox import LocalSlack


def ask(slack: LocalSlack, name: str, **more: object) -> dict[str, object]:
    answer = httpx.request(url=f"{slack.api_url}{name}", **{"method": "POST", **more})  # type: ignore[arg-type]
    assert answer.status_code == 200
    found: dict[str, object] = answer.json()
    return found


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_auth_test_names_the_bot_and_its_scopes(slack: LocalSlack, client: WebClient) -> None:
    answer = client.auth_test()
    assert (answer["user_id"], answer["bot_id"]) == (slack.bot_user_id, slack.bot_id)
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


def test_arguments_come_by_query_form_json_and_multipart(slack: LocalSlack, ada: str) -> None:
    header = bearer(slack.bot_token)
    asked = [
        ask(slack, "users.info", method="GET", params={"user": ada}, headers=header),
        ask(slack, "users.info", data={"user": ada}, headers=header),
        ask(slack, "users.info", json={"user": ada}, headers=header),
        ask(slack, "users.info", files={"user": (None, ada)}, headers=header),
        ask(slack, "users.info", data={"user": ada, "token": slack.bot_token}),
    ]
    assert [answer["ok"] for answer in asked] == [True] * 5


@pytest.mark.parametrize(
    ("method", "token", "error"),
    [
        ("auth.test", "", "not_authed"),
        ("auth.test", "xoxb-of-another-app", "invalid_auth"),
        ("auth.test", "app", "not_allowed_token_type"),
        ("apps.connections.open", "bot", "not_allowed_token_type"),
        ("chat.postEverywhere", "bot", "unknown_method"),
    ],
)
def test_wrong_tokens_and_methods_are_refused(slack: LocalSlack, method: str, token: str, error: str) -> None:
    tokens = {"app": slack.app_token, "bot": slack.bot_token}
    header = bearer(tokens.get(token, token)) if token else {}
    assert ask(slack, method, headers=header)["error"] == error


def test_a_body_that_is_no_json_is_refused(slack: LocalSlack) -> None:
    header = {**bearer(slack.bot_token), "Content-Type": "application/json"}
    assert ask(slack, "auth.test", content=b"{", headers=header)["error"] == "invalid_json"
    assert ask(slack, "auth.test", content=b"[]", headers=header)["error"] == "json_not_object"


def test_api_test_needs_no_token_and_echoes(slack: LocalSlack) -> None:
    assert ask(slack, "api.test", data={"foo": "bar"}) == {"ok": True, "args": {"foo": "bar"}}
    assert ask(slack, "api.test", data={"error": "my_error"})["error"] == "my_error"


def test_every_call_is_on_record_without_its_token(slack: LocalSlack, client: WebClient, ada: str) -> None:
    client.users_info(user=ada)
    (call,) = slack.calls("users.info")
    assert (call.ok, call.args) == (True, {"user": ada})
    assert slack.bot_token not in str(slack.calls())


def test_a_control_that_does_not_exist_is_refused(slack: LocalSlack) -> None:
    answer = httpx.post(f"{slack.base_url}/_control/stop", json={})
    assert answer.status_code == 404
