"""A message, a Home tab and a modal with everything in them, for looking and for testing."""

from typing import Any

Json = dict[str, Any]
PLACES = ["Paris", "Parma", "Rome"]
DAYS = [f"{day} Jul" for day in range(8, 22)]
SPENT = [310.5, 120, 90.25, 402, 388, 441, 512.75, 60, 45, 690, 702, 655, 812.3, 744]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text, "emoji": True}


def mrkdwn(text: str, **more: Any) -> Json:
    return {"type": "mrkdwn", "text": text, **more}


def section(text: str, **more: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **more}


def chart(kind: str, *series: str) -> Json:
    drawn = [
        {"name": name, "data": [{"label": d, "value": v / (n + 1)} for d, v in zip(DAYS, SPENT, strict=True)]}
        for n, name in enumerate(series)
    ]
    axes = {"categories": DAYS, "y_label": "US dollars", "x_label": "Day"}
    return {
        "type": "data_visualization",
        "title": f"AI spend, {kind}",
        "chart": {"type": kind, "series": drawn, "axis_config": axes},
    }


PIE: Json = {
    "type": "data_visualization",
    "title": "Models in July",
    "chart": {
        "type": "pie",
        "segments": [
            {"label": "opus", "value": 4210.5},
            {"label": "sonnet", "value": 2890},
            {"label": "haiku", "value": 1114.1},
        ],
    },
}


def button(text: str, action_id: str, **more: Any) -> Json:
    return {"type": "button", "text": plain(text), "action_id": action_id, **more}


CONFIRM: Json = {
    "title": plain("Withdraw the request?"),
    "text": plain("Nobody can decide it any more."),
    "confirm": plain("Withdraw"),
    "deny": plain("Keep it"),
}


def option(text: str, value: str, **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


WORDS = """*$2,285.40 left for July* · about _1.2 billion_ tokens, ~not 2~
Biggest driver: `nightly*migration*` $3,120 (38 % of your spend)
> finish the billing migration
> before the freeze
• one
• two &amp; <https://example.com/a?b=c|a link> or https://example.com/plain.
<@{ada}> in <#{team}> :hourglass_flowing_sand: :unheard_of: since {date}
```swarm --agents 46
  *not bold*```"""


DATE = "<!date^1784639100^{date_short_pretty} {time}|Tue 21 Jul>"


def words(ada: str, team: str) -> Json:
    return section(WORDS.format(ada=ada, team=team, date=DATE))


def blocks() -> list[Json]:
    fields = [mrkdwn("*Granted*\n$10,500.00"), mrkdwn("*Spent*\n$8,214.60"), mrkdwn("*Left*\n$2,285.40")]
    picture = (
        "data:image/png;base64,"
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
    )
    elsewhere = {"type": "image", "image_url": "https://pictures.example.com/a.png", "alt_text": "a cat elsewhere"}
    return [
        {"type": "header", "text": plain("Your AI budget :moneybag:")},
        {"type": "section", "fields": fields},
        section(
            "A menu beside a text",
            accessory={
                "type": "static_select",
                "action_id": "period",
                "placeholder": plain("Which period?"),
                "options": [option("July", "7"), option("August", "8")],
            },
        ),
        {"type": "divider"},
        {"type": "image", "image_url": picture, "alt_text": "one pixel", "title": plain("A picture in the data")},
        {"type": "context", "elements": [elsewhere, mrkdwn("_As of Tue 21 Jul 14:05 · LiteLLM live_")]},
        {
            "type": "rich_text",
            "elements": [
                {
                    "type": "rich_text_section",
                    "elements": [
                        {"type": "text", "text": "Rich", "style": {"bold": True}},
                        {"type": "text", "text": " text"},
                    ],
                },
                {
                    "type": "rich_text_list",
                    "style": "ordered",
                    "elements": [
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "first"}]},
                        {"type": "rich_text_section", "elements": [{"type": "text", "text": "second"}]},
                    ],
                },
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "quoted"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
            ],
        },
        {"type": "markdown", "text": "## Heading\n**bold** and *italic*, [a link](https://example.com)\n- one\n- two"},
        {
            "type": "actions",
            "elements": [
                button("Approve $500", "approve", style="primary", value="1"),
                button("Another amount…", "amount"),
                button("Withdraw", "withdraw", style="danger", confirm=CONFIRM),
                {
                    "type": "overflow",
                    "action_id": "more",
                    "options": [option("Export", "export"), option("Mute", "mute")],
                },
            ],
        },
    ]


def table() -> Json:
    rows = [["Team", "Spend"], ["Engines", "$8,214.60"], ["Looms", "$402.10"]]
    cells = [[{"type": "raw_text", "text": text} for text in row] for row in rows]
    return {"type": "table", "rows": cells, "column_settings": [{"align": "left"}, {"align": "right"}]}


def data_table(rows: int = 23) -> Json:
    head = [{"type": "raw_text", "text": text} for text in ("Agent", "Calls", "Spent")]
    body = [
        [
            {"type": "raw_text", "text": f"agent-{number}"},
            {"type": "raw_number", "value": number * 7 % 23, "text": str(number * 7 % 23)},
            {"type": "raw_text", "text": f"${number * 13 % 29}.50"},
        ]
        for number in range(1, rows + 1)
    ]
    return {"type": "data_table", "caption": "Agents of July", "page_size": 10, "rows": [head, *body]}


def every_input() -> Json:
    """A modal with every kind of input that the first one lacks."""
    options = [option(name, name.lower()) for name in ("Small", "Large", "Huge")]
    groups = [{"label": plain("Sizes"), "options": options}]
    people = {"type": "multi_users_select", "placeholder": plain("Who?")}
    blocks = [
        _input("mail", "E-mail", {"type": "email_text_input"}),
        _input("link", "Link", {"type": "url_text_input"}, optional=True),
        _input("words", "Words", {"type": "rich_text_input"}),
        _input("time", "Time", {"type": "timepicker", "initial_time": "09:00"}),
        _input("moment", "Moment", {"type": "datetimepicker"}),
        _input("size", "Size", {"type": "static_select", "option_groups": groups}),
        _input("sizes", "Sizes", {"type": "multi_static_select", "options": options, "initial_options": options[:1]}),
        _input("people", "People", people, optional=True),
        _input("room", "Room", {"type": "channels_select"}),
        _input("place", "Place", {"type": "external_select", "min_query_length": 2}),
        _input("places", "Places", {"type": "multi_external_select", "min_query_length": 0}, optional=True),
        _input("bills", "Bills", {"type": "file_input", "filetypes": ["pdf", "png"], "max_files": 2}, optional=True),
    ]
    return {
        "type": "modal",
        "callback_id": "every",
        "title": plain("Every input"),
        "submit": plain("Send"),
        "blocks": blocks,
    }


def modal(title: str = "Request a top-up") -> Json:
    return {
        "type": "modal",
        "callback_id": "form",
        "title": plain(title),
        "submit": plain("Ask"),
        "close": plain("Cancel"),
        "blocks": [
            section("*$2,285.40 left for July*"),
            {"type": "alert", "level": "warning", "text": plain("It runs out about Tue 28 Jul.")},
            _input(
                "amount",
                "How much more?",
                {"type": "number_input", "is_decimal_allowed": False},
                hint=plain("Whole dollars."),
            ),
            _input(
                "reason",
                "What for?",
                {"type": "plain_text_input", "multiline": True, "placeholder": plain("finish the migration")},
            ),
            _input("until", "Until when?", {"type": "datepicker"}, optional=True),
            _input(
                "kind",
                "Which kind?",
                {
                    "type": "radio_buttons",
                    "options": [
                        option("Once", "once", description=plain("this period only")),
                        option("Every month", "monthly"),
                    ],
                },
            ),
            _input(
                "tell",
                "Tell",
                {"type": "checkboxes", "options": [option("my team", "team"), option("finance", "finance")]},
                optional=True,
            ),
            _input("who", "Who decides?", {"type": "users_select", "placeholder": plain("Somebody")}, optional=True),
            {"type": "actions", "elements": [button("Look at the rules", "rules")]},
        ],
    }


def _input(name: str, label: str, element: Json, **more: Any) -> Json:
    return {"type": "input", "block_id": name, "label": plain(label), "element": {**element, "action_id": name}, **more}


def home() -> Json:
    return {
        "type": "home",
        "blocks": [
            {"type": "header", "text": plain("Your AI budget for July")},
            section("*$2,285.40 left for July* · about 1.2 billion tokens at your 30-day mix"),
            {"type": "context", "elements": [mrkdwn("_As of Tue 21 Jul 14:05 · LiteLLM live_")]},
            {"type": "actions", "elements": [button("Request a top-up", "open_form", style="primary")]},
            {"type": "divider"},
            data_table(12),
        ],
    }
