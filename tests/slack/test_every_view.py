"""Rules that every message, form and tab of the bot keeps."""

import ast
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.blocks import message_problems, view_problems
from bot.slack import views
from bot.slack.views import VIEWS, mark
from bot.slack.views.kit import Block, Rendered
from tests.slack.view_cases import cases

ROOT = Path(__file__).parents[2]
CASES = cases()
DRAWN = [(f"{view}-{name}", drawn) for view, each in CASES.items() for name, drawn in each.items()]
MESSAGES = [(name, drawn) for name, drawn in DRAWN if isinstance(drawn, Rendered)]
PARTS = {"ledger.entries_table", "top_up.withdraw_button"}
"""Blocks and elements that stand inside other views."""

EMOJI = re.compile(r":[a-z0-9_+-]*[a-z][a-z0-9_+-]*:")
PICTURE = re.compile("[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff\ufe0f]")
SLACK_DATE = re.compile(r"<!date\^\d+\^[^|>]+\|[^<>]+>")
MENTION = re.compile(r"<@[UW][A-Z0-9]+>")
MONEY = re.compile(r"\$\d{1,3}(?:,\d{3})*(?:\.\d{2})?(?![\d,.]*\d)")


def texts(node: Any, kind: str) -> Iterator[str]:
    """The text objects of one type, wherever they stand."""
    if isinstance(node, dict):
        if node.get("type") == kind and isinstance(node.get("text"), str):
            yield node["text"]
        for value in node.values():
            yield from texts(value, kind)
    elif isinstance(node, list):
        for one in node:
            yield from texts(one, kind)


def blocks_of(drawn: Rendered | Block) -> list[Block]:
    found: list[Block] = drawn.blocks if isinstance(drawn, Rendered) else drawn["blocks"]
    return found


def everything(drawn: Rendered | Block) -> list[str]:
    """All that somebody reads of it."""
    kinds = ("mrkdwn", "plain_text", "raw_text", "raw_number")
    shown = [text for kind in kinds for text in texts(drawn if isinstance(drawn, dict) else drawn.blocks, kind)]
    return [*shown, drawn.text] if isinstance(drawn, Rendered) else shown


def every_view() -> set[str]:
    """The public functions that draw something."""
    found = set()
    for info in pkgutil.iter_modules(views.__path__):
        module = importlib.import_module(f"{views.__name__}.{info.name}")
        for name, function in inspect.getmembers(module, inspect.isfunction):
            drawn = inspect.signature(function).return_annotation in {Rendered, Block}
            if drawn and function.__module__ == module.__name__ and not name.startswith("_"):
                found.add(f"{info.name}.{name}")
    return {name for name in found if not name.startswith("kit.")}


def test_every_view_has_cases() -> None:
    assert every_view() - PARTS == set(CASES)
    assert {f"{draw.__module__.rsplit('.', 1)[1]}.{draw.__name__}" for draw in VIEWS.values()} <= set(CASES)


@pytest.mark.parametrize(("name", "drawn"), DRAWN, ids=[name for name, _ in DRAWN])
def test_slack_takes_it(name: str, drawn: Rendered | Block) -> None:
    if isinstance(drawn, Rendered):
        assert message_problems(drawn.blocks) == []
    else:
        assert view_problems(drawn, ("modal", "home")) == []
        assert not str(drawn.get("title", {}).get("text", "")).endswith("\u2026"), name


@pytest.mark.parametrize(("name", "drawn"), MESSAGES, ids=[name for name, _ in MESSAGES])
def test_its_notification_is_whole_sentences_on_one_line(name: str, drawn: Rendered) -> None:
    text = drawn.text
    assert re.match(r"[A-Z]|[-\u2212]?\$\d|\d|<@[UW]|`/", text), name
    assert text.endswith((".", "?"))
    assert "\n" not in text
    assert "<!date" not in text
    assert not re.search(r"(?<!\w)\*(?=\S)[^*]+\*(?!\w)| · |  |\.\.", text)


@pytest.mark.parametrize(("name", "drawn"), MESSAGES, ids=[name for name, _ in MESSAGES])
def test_its_notification_has_no_figure_that_the_blocks_do_not_have(name: str, drawn: Rendered) -> None:
    shown = " ".join(everything(Rendered("", drawn.blocks)))
    charted = {round(point["value"], 2) for block in drawn.blocks for point in points(block)}
    for figure in MONEY.findall(drawn.text):
        assert figure in shown or float(figure[1:].replace(",", "")) in charted, f"{name}: {figure}"


def points(block: Block) -> list[Block]:
    series = block.get("chart", {}).get("series", [])
    return [point for one in series for point in one["data"]]


@pytest.mark.parametrize(("name", "drawn"), DRAWN, ids=[name for name, _ in DRAWN])
def test_only_the_emoji_of_the_set(name: str, drawn: Rendered | Block) -> None:
    for text in everything(drawn):
        without_dates = SLACK_DATE.sub("", text)
        assert set(EMOJI.findall(re.sub(r"\d:\d", "", without_dates))) <= mark.ALL, name
        assert not PICTURE.search(text)


def test_no_emoji_of_the_set_is_without_use() -> None:
    used = {found for _name, drawn in DRAWN for text in everything(drawn) for found in EMOJI.findall(text)}
    assert used >= mark.ALL


@pytest.mark.parametrize(("name", "drawn"), DRAWN, ids=[name for name, _ in DRAWN])
def test_what_people_typed_is_harmless(name: str, drawn: Rendered | Block) -> None:
    fallback = [drawn.text] if isinstance(drawn, Rendered) else []
    for text in [*texts(blocks_of(drawn), "mrkdwn"), *fallback]:
        left = MENTION.sub("", SLACK_DATE.sub("", text))
        left = re.sub(r"(?m)^> ", "", left)
        assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", left), f"{name}: {left}"
        assert "U0EVE" not in "".join(MENTION.findall(text))


@pytest.mark.parametrize(("name", "drawn"), DRAWN, ids=[name for name, _ in DRAWN])
def test_money_is_written_in_one_way(name: str, drawn: Rendered | Block) -> None:
    for text in everything(drawn):
        assert len(MONEY.findall(text)) == text.count("$"), f"{name}: {text}"


@pytest.mark.parametrize(("name", "drawn"), DRAWN, ids=[name for name, _ in DRAWN])
def test_instants_are_slacks_to_write(name: str, drawn: Rendered | Block) -> None:
    for text in texts(blocks_of(drawn), "mrkdwn"):
        left = SLACK_DATE.sub("", text)
        assert not re.search(r"\b\d\d?:\d\d\b|\b\d{4}-\d\d-\d\d|\b\d\d?/\d\d?/\d\d|[A-Z][a-z]{2} \d\d?, \d{4}", left), (
            name
        )


@pytest.mark.parametrize(("name", "drawn"), DRAWN, ids=[name for name, _ in DRAWN])
def test_a_row_of_buttons_has_one_that_stands_out(name: str, drawn: Rendered | Block) -> None:
    for block in blocks_of(drawn):
        styles = [one.get("style") for one in block.get("elements", []) if one.get("type") == "button"]
        assert styles.count("primary") <= 1, name
        assert styles.count("danger") <= 1, name
        assert "primary" not in styles[1:], f"{name}: the first button is the one that most people want"


@pytest.mark.parametrize("folder", ["bot/slack", "bot/rules", "bot/services", "db"])
def test_one_voice(folder: str) -> None:
    for path in sorted((ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                said = node.value
                assert not re.search(r"\b(please|sorry|oops)\b|\w!(\s|$)", said, re.IGNORECASE), f"{path.name}: {said}"


@pytest.mark.parametrize("path", sorted((ROOT / "bot/slack/views").glob("*.py")), ids=lambda path: path.stem)
def test_views_leave_money_to_the_one_place_that_formats_it(path: Path) -> None:
    parts = [
        part
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.JoinedStr)
        for part in node.values
    ]
    assert not [part for part in parts if isinstance(part, ast.Constant) and str(part.value).endswith("$")]
