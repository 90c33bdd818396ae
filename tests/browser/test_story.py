"""The main job by clicking and typing, with the real bot: look, ask, decide in the thread, be told."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Opener
from tests.browser.desk import Desk
from tests.story.town import Town

pytestmark = pytest.mark.browser


def ask_and_decide(desk: Desk, amount: int, before: str, after: str) -> None:
    desk.go("general")
    desk.type("/tokens")
    expect(desk.messages.last).to_contain_text(f"{before} left")
    desk.type(f"/topup {amount} finish the migration")
    expect(desk.messages.last).to_contain_text(f"You asked for ${amount}")

    desk.become("Grace Hopper")
    desk.go("approvals")
    expect(desk.messages.last).to_contain_text(f"asks for ${amount} more")
    desk.messages.last.get_by_role("button", name="1 reply").click()
    desk.thread.get_by_role("button", name=f"Approve ${amount}").click()
    expect(desk.thread.locator("article").first).to_contain_text(f"Grace Hopper approved ${amount}")
    assert desk.fits()

    desk.become("Ada Lovelace")
    desk.go("Stipend")
    messages = desk.page.get_by_role("tab", name="Messages")
    messages.click()
    expect(desk.messages.last).to_contain_text(f"Grace Hopper approved ${amount}, all that you asked for")
    expect(desk.messages.last).to_contain_text(f"{after} left")
    desk.page.get_by_role("tab", name="Home").click()
    expect(desk.page.locator("#home")).to_contain_text(f"{after} left")
    assert desk.fits()


def test_look_ask_decide_at_a_desk_and_on_a_phone(town: Town, open_page: Opener) -> None:
    town.start()
    ada, general = town.people["ada"], town.channels["general"]
    ask_and_decide(Desk(open_page(town.slack, ada, general)), 500, "$20,833.33", "$21,333.33")
    phone = Desk(open_page(town.slack, ada, general, width=375, height=720))
    ask_and_decide(phone, 600, "$21,333.33", "$21,933.33")
