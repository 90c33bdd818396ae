"""Who a Slack user is to us, and where in Slack a person is. The only file that asks Slack about people.

The database comes first. Slack is asked only about somebody new, by e-mail, outside any transaction, and what it says
is remembered. Whoever waits for an answer to a click waits two seconds at most; the question goes on without them, so
that their next try finds it answered.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TookTooLong
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.error import URLError

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web import SlackResponse
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random_exponential

from bot.rules.errors import Refused
from bot.services import roster
from bot.services.roster import PersonCard
from bot.services.verb import Company
from bot.slack import format as fmt
from bot.slack.refusal import is_unknown_method

_PATIENCE_SECONDS = 2.0
_REMEMBER_SECONDS = 600.0
_MOST_LOOKUPS = 200
_MEMBERS_PAGE = 200
_MOST_MEMBER_PAGES = 10
_ATTEMPTS = 3
_TOO_MANY_REQUESTS = 429
_SERVER_ERRORS = 500
_UNKNOWN_HERE = frozenset({"users_not_found", "user_not_found", "user_not_visible"})
_Failure = (SlackClientError, HTTPException, OSError)


class NotOnTheRoster(Refused):
    """I do not know you yet."""


class SlackDidNotSay(Refused):
    """Slack did not tell me in time who you are. Nothing was changed; try again in a moment."""


class NotOfThisCompany(Refused):
    """I answer people of this company only. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The workspace that the bot is installed in, and who the bot is there."""

    team_id: str
    enterprise_id: str | None
    bot_user_id: str | None
    bot_id: str | None

    def has(self, user: Mapping[str, Any]) -> bool:
        """Whether a user, as users.info tells of them, is of this workspace or its organisation."""
        if user.get("is_stranger"):
            return False
        organisation = (user.get("enterprise_user") or {}).get("enterprise_id")
        if self.enterprise_id and organisation == self.enterprise_id:
            return True
        return user.get("team_id") in {None, self.team_id}


class Directory:
    """Slack user ids to people and back. Safe to use from several threads."""

    def __init__(self, company: Company, client: WebClient) -> None:
        self._company = company
        self._client = client
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="directory")
        self._asking: dict[str, Future[PersonCard]] = {}
        self._emails: dict[str, tuple[float, str]] = {}
        self._missed: dict[int, float] = {}
        self._quiet_until = 0.0
        self._closed = False
        self._workspace: Workspace | None = None
        self._asking_workspace: Future[Workspace] | None = None

    def close(self) -> None:
        """Stop asking; questions that are under way end by their own time limit, and are not asked again."""
        self._closed = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    # --- who the bot is -----------------------------------------------------------------------------------------------

    @property
    def workspace(self) -> Workspace | None:
        """What is known of the workspace by now. Never waits: the first call makes somebody ask, in the background."""
        with self._lock:
            if self._workspace is None and (self._asking_workspace is None or self._asking_workspace.done()):
                self._asking_workspace = self._pool.submit(self._ask_workspace)
            return self._workspace

    def _ask_workspace(self) -> Workspace:
        if self._workspace is None:
            said = self._read(self._client.auth_test)
            self._workspace = Workspace(
                team_id=str(said["team_id"]),
                enterprise_id=said.get("enterprise_id") or None,
                bot_user_id=said.get("user_id"),
                bot_id=said.get("bot_id"),
            )
        return self._workspace

    # --- Slack user → person ------------------------------------------------------------------------------------------

    def person(self, slack_user_id: str, *, patience: float = _PATIENCE_SECONDS) -> PersonCard:
        """The person behind a Slack user id.

        Raises NotOnTheRoster, NotOfThisCompany, or SlackDidNotSay when Slack takes longer than `patience` seconds.
        """
        known = roster.person_by_slack_id(self._company, slack_user_id)
        if known is not None:
            return known
        try:
            return self._ask_once(slack_user_id).result(timeout=patience)
        except TookTooLong as error:
            raise SlackDidNotSay from error
        except _Failure as error:
            raise SlackDidNotSay from error

    def _ask_once(self, slack_user_id: str) -> "Future[PersonCard]":
        """The question about somebody, one at a time however often they click."""
        with self._lock:
            asking = self._asking.get(slack_user_id)
            if asking is None:
                asking = self._pool.submit(self._find, slack_user_id)
                self._asking[slack_user_id] = asking
                asking.add_done_callback(lambda _done: self._asking.pop(slack_user_id, None))
            return asking

    def _find(self, slack_user_id: str) -> PersonCard:
        email = self._email_of(slack_user_id)
        person = roster.person_by_email(self._company, email) if email else self._search(slack_user_id)
        if person is None:
            raise NotOnTheRoster(self._whom_to_ask(email))
        return self._remember(person, slack_user_id)

    def _remember(self, person: PersonCard, slack_user_id: str) -> PersonCard:
        if person.slack_user_id == slack_user_id:
            return person
        if person.slack_user_id is not None:
            # The roster says that this address is another Slack user's. Believing the newcomer would hand them pay.
            raise NotOnTheRoster(
                "The roster knows your e-mail address under another Slack user, so I cannot tell whether it is you."
                + self._names()
            )
        roster.learn_slack_id(self._company, person.id, slack_user_id)
        return roster.person_by_slack_id(self._company, slack_user_id) or person

    def _email_of(self, slack_user_id: str) -> str | None:
        """The e-mail address that Slack holds for a person of this company; None when it does not say."""
        since, email = self._emails.get(slack_user_id, (0.0, ""))
        if email and time.monotonic() - since < _REMEMBER_SECONDS:
            return email
        try:
            user = self._user(slack_user_id)
        except SlackApiError as error:
            if is_unknown_method(error.response):
                return None  # looking people up by address tells the same of whoever it finds
            raise
        if user is None or user.get("deleted") or user.get("is_bot") or not self._ask_workspace().has(user):
            raise NotOfThisCompany
        email = str((user.get("profile") or {}).get("email") or "").strip().lower()
        if not email or user.get("is_email_confirmed") is False:
            return None
        self._emails[slack_user_id] = (time.monotonic(), email)
        return email

    def _user(self, slack_user_id: str) -> Mapping[str, Any] | None:
        try:
            said = self._read(self._client.users_info, user=slack_user_id)
        except SlackApiError as error:
            if error.response.get("error") in _UNKNOWN_HERE:
                return None
            raise
        user: Mapping[str, Any] = said["user"]
        return user

    def _search(self, slack_user_id: str) -> PersonCard | None:
        """Look up the addresses of people without a Slack id until one leads to this user; each answer is kept."""
        for person in self._worth_asking():
            found = self._lookup(person.email)
            if found is None:
                self._missed[person.id] = time.monotonic()
            elif found == slack_user_id:
                return person
            else:
                self._keep(person.id, found)
        return None

    def _worth_asking(self) -> Iterator[PersonCard]:
        lately = time.monotonic() - _REMEMBER_SECONDS
        waiting = [one for one in roster.unresolved(self._company) if self._missed.get(one.id, float("-inf")) < lately]
        yield from waiting[:_MOST_LOOKUPS]

    # --- person → Slack user ------------------------------------------------------------------------------------------

    def slack_id_of(self, person_id: int) -> str | None:
        """The Slack user id of a person; None when Slack knows nobody with their address.

        Asks Slack when the id is not known yet, and raises what the Slack client raises when that fails.
        """
        person = roster.person_by_id(self._company, person_id)
        if person is None or person.slack_user_id is not None:
            return person.slack_user_id if person else None
        found = self._lookup(person.email)
        return found if found is not None and self._keep(person_id, found) else None

    def _lookup(self, email: str) -> str | None:
        try:
            user = self._read(self._client.users_lookupByEmail, email=email)["user"]
        except SlackApiError as error:
            if error.response.get("error") in _UNKNOWN_HERE:
                return None
            raise
        if user.get("deleted") or user.get("is_bot") or not self._ask_workspace().has(user):
            return None
        return str(user["id"])

    def _keep(self, person_id: int, slack_user_id: str) -> bool:
        """Remember somebody's Slack id; False when it is another person's already."""
        try:
            roster.learn_slack_id(self._company, person_id, slack_user_id)
        except Refused:
            return False
        return True

    # --- channels -----------------------------------------------------------------------------------------------------

    def finance_only(self, channel: str) -> bool:
        """Whether a channel is private and every human in it is a finance person of ours today.

        Raises what the Slack client raises when Slack does not say; whoever asks then takes it for a no.
        """
        found = self._read(self._client.conversations_info, channel=channel)["channel"]
        shared = found.get("is_shared") or found.get("is_ext_shared") or found.get("is_org_shared")
        if not found.get("is_private") or shared or found.get("is_archived"):
            return False
        return all(self._is_finance_or_bot(member) for member in self._members(channel))

    def _members(self, channel: str) -> Iterator[str]:
        cursor = ""
        for _page in range(_MOST_MEMBER_PAGES):
            said = self._read(
                self._client.conversations_members, channel=channel, limit=_MEMBERS_PAGE, cursor=cursor or None
            )
            yield from said["members"]
            cursor = (said.get("response_metadata") or {}).get("next_cursor") or ""
            if not cursor:
                return
        yield ""  # there are more than a finance channel could have; nobody is called "", so the answer is no

    def _is_finance_or_bot(self, slack_user_id: str) -> bool:
        if not slack_user_id:
            return False
        workspace = self._ask_workspace()
        if slack_user_id == workspace.bot_user_id:
            return True
        person = roster.person_by_slack_id(self._company, slack_user_id)
        if person is not None:
            return "finance" in person.roles
        user = self._user(slack_user_id)
        return user is not None and bool(user.get("is_bot"))

    # --- asking -------------------------------------------------------------------------------------------------------

    def _read(self, method: Callable[..., SlackResponse], **told: Any) -> SlackResponse:
        """Call a method that only reads, up to three times; leaves Slack alone for as long as it asked to be left."""
        if time.monotonic() < self._quiet_until:
            raise SlackClientError("Slack asked to be left alone for a while.")
        asking = Retrying(
            retry=retry_if_exception(lambda error: not self._closed and _worth_repeating(error)),
            stop=stop_after_attempt(_ATTEMPTS),
            wait=wait_random_exponential(multiplier=0.2, max=2),
            reraise=True,
        )
        try:
            return asking(method, **told)
        except SlackApiError as error:
            if error.response.status_code == _TOO_MANY_REQUESTS:
                self._quiet_until = time.monotonic() + _retry_after(error.response)
            raise

    def _whom_to_ask(self, email: str | None) -> str:
        address = f" with the address {email}" if email else ""
        return f"I do not know you yet, so there is nothing to show.{self._names()} They can add you{address}."

    def _names(self) -> str:
        names = roster.whom_to_ask(self._company)[:3]
        return f" Ask {fmt.people(names, 'or')}." if names else " Ask whoever set me up here."


def _worth_repeating(error: BaseException) -> bool:
    if isinstance(error, SlackApiError):
        return bool(error.response.status_code >= _SERVER_ERRORS)
    return isinstance(error, URLError | HTTPException | OSError)


def _retry_after(response: SlackResponse) -> float:
    given = {name.lower(): value for name, value in response.headers.items()}.get("retry-after", "")
    try:
        return min(max(float(given[0] if isinstance(given, list) else given), 1.0), 600.0)
    except (TypeError, ValueError, IndexError):
        return 30.0
