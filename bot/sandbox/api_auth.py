"""api.test, auth.test, team.info, apps.connections.open and users.*."""

from bot.sandbox.channels import user_json
from bot.sandbox.errors import SlackError, missing
from bot.sandbox.paging import page
from bot.sandbox.records import Json
from bot.sandbox.web_api import Call, Method

CONNECTIONS_MAX = 10
TICKET_SECONDS = 30.0


def api_test(call: Call) -> Json:
    """Echo the arguments; `error` is answered as one (docs.slack.dev: api.test)."""
    args = {key: value for key, value in call.args.items() if key != "token"}
    if "error" in args:
        raise SlackError(str(args["error"]), args=args)
    return {"args": args}


def auth_test(call: Call) -> Json:
    """Who the bot is."""
    ws = call.ws
    return {
        "url": f"{ws.base_url}/",
        "team": "Local",
        "user": ws.users[ws.bot_user_id].name,
        "team_id": ws.team_id,
        "user_id": ws.bot_user_id,
        "bot_id": ws.bot_id,
        "is_enterprise_install": False,
    }


def team_info(call: Call) -> Json:
    """The workspace."""
    return {"team": {"id": call.ws.team_id, "name": "Local", "domain": "local", "url": f"{call.ws.base_url}/"}}


def connections_open(call: Call) -> Json:
    """A WebSocket URL, good once and for half a minute. Refused: an eleventh connection."""
    ws = call.ws
    if ws.connections_open() >= CONNECTIONS_MAX:
        raise SlackError("too_many_connections")
    ticket = ws.ids.uuid()
    ws.tickets[ticket] = ws.now() + TICKET_SECONDS
    return {"url": f"{ws.base_url.replace('http', 'ws', 1)}/link/?ticket={ticket}&app_id={ws.app_id}"}


def users_info(call: Call) -> Json:
    """One person. Refused: `user_not_found`."""
    if not call.text("user"):
        raise missing("user")
    user = call.ws.users.get(call.text("user"))
    if user is None:
        raise SlackError("user_not_found")
    return {"user": user_json(call.ws, user, with_email=_with_email(call))}


def users_list(call: Call) -> Json:
    """Everybody, page by page."""
    people = [user_json(call.ws, user, with_email=_with_email(call)) for user in call.ws.users.values()]
    members, metadata = page(call, people)
    return {"members": members, "cache_ts": int(call.ws.now()), "response_metadata": metadata}


def users_lookup_by_email(call: Call) -> Json:
    """The person with an e-mail address, in any case. Refused: `users_not_found`, also for the deactivated."""
    wanted = call.text("email").lower()
    for user in call.ws.users.values():
        if user.email and user.email.lower() == wanted and not user.deleted:
            return {"user": user_json(call.ws, user, with_email=True)}
    raise SlackError("users_not_found")


def _with_email(call: Call) -> bool:
    return call.ws.manifest.has_any(("users:read.email",))


METHODS: dict[str, Method] = {
    "api.test": Method(api_test, token="none"),  # noqa: S106 - the kind of a token, not a token
    "auth.test": Method(auth_test),
    "team.info": Method(team_info, ("team:read",)),
    "apps.connections.open": Method(connections_open, token="app"),  # noqa: S106 - the same
    "users.info": Method(users_info, ("users:read",)),
    "users.list": Method(users_list, ("users:read",)),
    "users.lookupByEmail": Method(users_lookup_by_email, ("users:read.email",)),
}
