import json
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from bot.sandbox.blocks import message_problems, view_problems

Json = dict[str, Any]


def plain(size: int) -> Json:
    return {"type": "plain_text", "text": "x" * size}


def mrkdwn(size: int) -> Json:
    return {"type": "mrkdwn", "text": "x" * size}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain(1), **more}


def buttons(count: int) -> list[Json]:
    return [button(action_id=f"a{number}") for number in range(count)]


def option(text: int = 1, value: int = 1) -> Json:
    return {"text": plain(text), "value": "x" * value}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def select(**more: Any) -> Json:
    return actions({"type": "static_select", **more})


def options(count: int) -> list[Json]:
    return [{"text": plain(1), "value": str(number)} for number in range(count)]


def confirm(title: int = 1, text: int = 1, yes: int = 1, no: int = 1) -> Json:
    return {"title": plain(title), "text": plain(text), "confirm": plain(yes), "deny": plain(no)}


def entry(label: int = 1, hint: int = 1, **element: Any) -> Json:
    return {
        "type": "input",
        "label": plain(label),
        "hint": plain(hint),
        "element": {"type": "plain_text_input", **element},
    }


def image(url: int = 10, alt: int = 1, title: int = 1) -> Json:
    return {"type": "image", "image_url": "u" * url, "alt_text": "a" * alt, "title": plain(title)}


def data_table(rows: int = 2, columns: int = 1, cell: int = 1, **more: Any) -> Json:
    row = [{"type": "raw_text", "text": "x" * cell}] * columns
    return {"type": "data_table", "caption": "c", "rows": [row] * rows, **more}


def table(rows: int = 1, columns: int = 1, cell: int = 1) -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "x" * cell}] * columns] * rows}


def chart(series: int = 1, points: int = 1, name: int = 2, title: int = 1, label: int = 2) -> Json:
    categories = [str(number).rjust(label, "c") for number in range(points)]
    lines = [
        {"name": str(n).rjust(name, "n"), "data": [{"label": c, "value": 1} for c in categories]} for n in range(series)
    ]
    axes = {"categories": categories, "x_label": "x", "y_label": "y"}
    return {
        "type": "data_visualization",
        "title": "t" * title,
        "chart": {"type": "line", "series": lines, "axis_config": axes},
    }


def pie(*values: float) -> Json:
    segments = [{"label": f"s{number}", "value": value} for number, value in enumerate(values)]
    return {"type": "data_visualization", "title": "t", "chart": {"type": "pie", "segments": segments}}


DIVIDER = {"type": "divider"}

LIMITS: list[tuple[str, list[Json], list[Json]]] = [
    ("50 blocks", [DIVIDER] * 50, [DIVIDER] * 51),
    ("section text", [{"type": "section", "text": mrkdwn(3000)}], [{"type": "section", "text": mrkdwn(3001)}]),
    ("section text, empty", [{"type": "section", "text": mrkdwn(1)}], [{"type": "section", "text": mrkdwn(0)}]),
    ("fields", [{"type": "section", "fields": [mrkdwn(1)] * 10}], [{"type": "section", "fields": [mrkdwn(1)] * 11}]),
    ("field", [{"type": "section", "fields": [mrkdwn(2000)]}], [{"type": "section", "fields": [mrkdwn(2001)]}]),
    ("header", [{"type": "header", "text": plain(150)}], [{"type": "header", "text": plain(151)}]),
    ("header is plain", [{"type": "header", "text": plain(1)}], [{"type": "header", "text": mrkdwn(1)}]),
    ("level", [{"type": "header", "text": plain(1), "level": 4}], [{"type": "header", "text": plain(1), "level": 5}]),
    (
        "context",
        [{"type": "context", "elements": [mrkdwn(1)] * 10}],
        [{"type": "context", "elements": [mrkdwn(1)] * 11}],
    ),
    ("actions", [actions(*buttons(25))], [actions(*buttons(26))]),
    ("button text", [actions(button(text=plain(75)))], [actions(button(text=plain(76)))]),
    ("button value", [actions(button(value="v" * 2000))], [actions(button(value="v" * 2001))]),
    ("button url", [actions(button(url="u" * 3000))], [actions(button(url="u" * 3001))]),
    ("button style", [actions(button(style="danger"))], [actions(button(style="warning"))]),
    ("action_id", [actions(button(action_id="a" * 255))], [actions(button(action_id="a" * 256))]),
    ("action_id, unique", [actions(*buttons(2))], [actions(button(action_id="a"), button(action_id="a"))]),
    ("block_id", [{**DIVIDER, "block_id": "b" * 255}], [{**DIVIDER, "block_id": "b" * 256}]),
    (
        "block_id, unique",
        [{**DIVIDER, "block_id": "a"}, {**DIVIDER, "block_id": "b"}],
        [{**DIVIDER, "block_id": "a"}, {**DIVIDER, "block_id": "a"}],
    ),
    ("confirm title", [actions(button(confirm=confirm(100)))], [actions(button(confirm=confirm(101)))]),
    ("confirm text", [actions(button(confirm=confirm(1, 300)))], [actions(button(confirm=confirm(1, 301)))]),
    ("confirm yes", [actions(button(confirm=confirm(1, 1, 30)))], [actions(button(confirm=confirm(1, 1, 31)))]),
    ("confirm no", [actions(button(confirm=confirm(1, 1, 1, 30)))], [actions(button(confirm=confirm(1, 1, 1, 31)))]),
    ("options", [select(options=options(100))], [select(options=options(101))]),
    ("options, none", [select(options=options(1))], [select(options=[])]),
    (
        "option groups",
        [select(option_groups=[{"label": plain(75), "options": options(1)}] * 100)],
        [select(option_groups=[{"label": plain(75), "options": options(1)}] * 101)],
    ),
    ("option text", [select(options=[option(75)])], [select(options=[option(76)])]),
    ("option value", [select(options=[option(1, 150)])], [select(options=[option(1, 151)])]),
    (
        "initial option",
        [select(options=options(2), initial_option=options(2)[1])],
        [select(options=options(2), initial_option=option())],
    ),
    (
        "placeholder",
        [select(options=options(1), placeholder=plain(150))],
        [select(options=options(1), placeholder=plain(151))],
    ),
    (
        "overflow",
        [actions({"type": "overflow", "options": options(5)})],
        [actions({"type": "overflow", "options": options(6)})],
    ),
    (
        "checkboxes",
        [actions({"type": "checkboxes", "options": options(10)})],
        [actions({"type": "checkboxes", "options": options(11)})],
    ),
    ("input label", [entry(2000)], [entry(2001)]),
    ("input hint", [entry(1, 2000)], [entry(1, 2001)]),
    ("input placeholder", [entry(placeholder=plain(150))], [entry(placeholder=plain(151))]),
    ("typed text", [entry(max_length=3000)], [entry(max_length=3001)]),
    ("image url", [image(3000)], [image(3001)]),
    ("image alt", [image(1, 2000)], [image(1, 2001)]),
    ("image title", [image(1, 1, 2000)], [image(1, 1, 2001)]),
    (
        "markdown in total",
        [{"type": "markdown", "text": "x" * 6000}] * 2,
        [{"type": "markdown", "text": "x" * 6000}, {"type": "markdown", "text": "x" * 6001}],
    ),
    ("data table, rows", [data_table(201)], [data_table(202)]),
    ("data table, header alone", [data_table(2)], [data_table(1)]),
    ("data table, columns", [data_table(2, 20)], [data_table(2, 21)]),
    ("data table, characters", [data_table(20, 10, 100)], [data_table(20, 10, 100), data_table(2, 1, 1)]),
    ("data table, page", [data_table(page_size=100)], [data_table(page_size=101)]),
    ("table, rows", [table(100)], [table(101)]),
    ("table, columns", [table(1, 20)], [table(1, 21)]),
    ("table, characters", [table(10, 10, 100)], [table(10, 10, 101)]),
    ("one table", [table()], [table(), table()]),
    ("two charts", [pie(1)] * 2, [pie(1)] * 3),
    ("chart title", [chart(title=50)], [chart(title=51)]),
    ("chart series", [chart(6)], [chart(7)]),
    ("chart points", [chart(1, 20)], [chart(1, 21)]),
    ("chart names", [chart(name=20)], [chart(name=21)]),
    ("chart labels", [chart(label=20)], [chart(label=21)]),
    ("pie value", [pie(0.1)], [pie(0)]),
    ("pie segments", [pie(*[1] * 6)], [pie(*[1] * 7)]),
]


@pytest.mark.parametrize(("name", "good", "bad"), LIMITS, ids=[limit[0] for limit in LIMITS])
def test_at_the_limit_is_taken_and_beyond_it_refused(name: str, good: list[Json], bad: list[Json]) -> None:
    assert message_problems(good) == [], name
    assert message_problems(bad), name


def test_a_chart_wants_one_point_for_each_category() -> None:
    short = chart(1, 3)
    short["chart"]["series"][0]["data"].pop()
    assert "one data point for each category" in message_problems([short])[0]
    doubled = chart(2, 1)
    doubled["chart"]["series"][1]["name"] = doubled["chart"]["series"][0]["name"]
    assert "unique" in message_problems([doubled])[0]


@pytest.mark.parametrize(
    "block",
    [
        None,
        "divider",
        {},
        {"type": "sectoin"},
        {"type": ["section"]},
        {"type": "section"},
        {"type": "section", "text": "bare"},
        {"type": "section", "text": {"type": "markdown", "text": "x"}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x", "emoji": True}},
        {"type": "section", "text": {"type": "mrkdwn", "text": 1}},
        {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": {"type": "plain_text_input"}},
        {"type": "actions", "elements": [None]},
        {"type": "actions", "elements": [{"type": ["button"]}]},
        {"type": "actions", "elements": [{"type": "plain_text_input"}]},
        {"type": "actions", "elements": {}},
        {"type": "divider", "text": "typo"},
        {"type": "alert", "text": {"type": "plain_text", "text": "x"}},
        {"type": "video", "alt_text": "a", "video_url": "u", "thumbnail_url": "u", "title": plain(1)},
        {"type": "image", "alt_text": "a"},
        {"type": "data_table", "rows": [[], []], "caption": "c"},
        {"type": "data_table", "rows": [None, 3], "caption": "c"},
        {"type": "data_visualization", "title": "t", "chart": None},
        {"type": "data_visualization", "title": "t", "chart": {"type": "radar"}},
    ],
    ids=lambda block: json.dumps(block)[:60],
)
def test_malformed_blocks_are_refused_with_a_pointer(block: Any) -> None:
    problems = message_problems([DIVIDER, block])
    assert problems
    assert all("[json-pointer:/blocks" in problem for problem in problems)


def test_the_web_api_says_where_the_fault_is(client: WebClient, team: str) -> None:
    with pytest.raises(SlackApiError) as raised:
        client.chat_postMessage(channel=team, text="x", blocks=[DIVIDER, {"type": "header", "text": plain(151)}])
    response = raised.value.response
    assert response["error"] == "invalid_blocks"
    assert response["response_metadata"]["messages"] == [
        "[ERROR] must be less than 151 characters [json-pointer:/blocks/1/text/text]"
    ]


def modal(**more: Any) -> Json:
    return {"type": "modal", "title": plain(1), "blocks": [], **more}


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        (modal(title=plain(24)), modal(title=plain(25))),
        (modal(submit=plain(24)), modal(submit=plain(25))),
        (modal(close=plain(24)), modal(close=plain(25))),
        (modal(private_metadata="x" * 3000), modal(private_metadata="x" * 3001)),
        (modal(callback_id="x" * 255), modal(callback_id="x" * 256)),
        (modal(blocks=[DIVIDER] * 100), modal(blocks=[DIVIDER] * 101)),
        (modal(submit=plain(1), blocks=[entry()]), modal(blocks=[entry()])),
        (
            modal(blocks=[{"type": "alert", "text": plain(200)}]),
            modal(blocks=[{"type": "alert", "text": plain(201)}]),
        ),
        ({"type": "home", "blocks": [DIVIDER] * 100}, {"type": "home", "blocks": [DIVIDER] * 101}),
        ({"type": "home", "blocks": [data_table()]}, {"type": "home", "blocks": [chart()]}),
        ({"type": "home", "blocks": []}, {"type": "home", "blocks": [], "title": plain(1)}),
        (modal(), modal(blocks=[chart()])),
        (modal(), modal(blocks=[data_table()])),
        (modal(), modal(blocks=[None])),
        (modal(), {"type": "modal", "blocks": []}),
        (modal(), {"type": "page", "blocks": []}),
    ],
)
def test_views_have_limits_too(good: Json, bad: Json) -> None:
    assert view_problems(good) == []
    assert view_problems(bad)
