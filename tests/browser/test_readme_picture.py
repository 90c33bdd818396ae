"""The picture in the README, taken in the demo: its company and its clock are the same each time."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from bot.demo.history import play
from bot.demo.story import Story
from bot.demo.town import running_town
from tests.browser.conftest import Opener

pytestmark = [pytest.mark.browser, pytest.mark.screenshots]

PICTURE = Path(__file__).with_name("readme.png")
LARGEST_BYTES = 300_000


def test_the_picture_in_the_readme(open_page: Opener, tmp_path: Path) -> None:
    with running_town(tmp_path, [0]) as town:
        play(town)
        story = Story(town)
        for act in ("look.tokens", "ask.topup"):
            story.do(act)
        place = story.do("decide.reply")
        page = open_page(town.slack, place["viewer"], f"{place['at']}&thread={place['thread']}", height=640)
        expect(page.locator("#thread article").first).to_contain_text("Grace Hopper approved $300 of the $500")
        expect(page.locator("#thread article")).to_have_count(3)
        page.mouse.move(0, 0)
        page.screenshot(path=PICTURE, animations="disabled")
    assert PICTURE.stat().st_size <= LARGEST_BYTES
