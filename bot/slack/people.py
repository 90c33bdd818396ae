"""Who a Slack user is to us, and where in Slack a person is. The only file that asks Slack about people."""

from dataclasses import dataclass

from slack_sdk import WebClient

from bot.services.roster import PersonCard
from bot.services.verb import Company


@dataclass(frozen=True, slots=True)
class Directory:
    """Slack user ids to people and back: our database first, Slack by e-mail where it does not know."""

    company: Company
    client: WebClient
