"""The page's files: nothing parsed as markup, nothing from elsewhere, small modules, every emoji known."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "bot/sandbox/page"
LINES_MAX = 320
FILES = sorted(PAGE.iterdir())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_nothing_is_parsed_or_fetched_from_elsewhere(path: Path) -> None:
    text = path.read_text()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|DOMParser", text
    )
    # What a module or a stylesheet loads is a file beside it.
    loaded = re.findall(r"""(?:from|import|src=|href=|url\()\s*["']?([^"'\s)>;]+)""", text)
    assert [name for name in loaded if re.match(r"(https?:)?//", name)] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_stay_readable(path: Path) -> None:
    assert path.read_text().count("\n") <= LINES_MAX


def test_every_import_is_there() -> None:
    for path in PAGE.glob("*.js"):
        for name, source in re.findall(r"import \{([^}]*)\} from \"\./([\w.]+)\"", path.read_text()):
            exported = (PAGE / source).read_text()
            for one in filter(None, (part.strip() for part in name.split(","))):
                assert re.search(rf"export (async )?(function|class|const) {one}\b", exported), (path.name, one)


def said_by_the_bot() -> Iterator[str]:
    for path in (ROOT / "bot/slack").rglob("*.py"):
        yield from re.findall(r"(?<![\w:{}]):([a-z][a-z_]{2,}):(?![\w:{}])", path.read_text())


def test_the_bots_emoji_are_known() -> None:
    known = (PAGE / "emoji.js").read_text().split()
    said = set(said_by_the_bot())
    assert said
    assert said - set(known) == set()
