"""What Slack's refusals mean, where more than one place must know it."""

from slack_sdk.web import SlackResponse

UNKNOWN_METHOD = "unknown_method"
_NOT_FOUND = 404


def is_unknown_method(response: SlackResponse) -> bool:
    """Whether this Slack has no such method: Slack says it in JSON, others by the status of HTTP alone."""
    return response.status_code == _NOT_FOUND or response.get("error") == UNKNOWN_METHOD
