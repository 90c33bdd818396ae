"""`make screenshots`: every surface of the bot, photographed at a desk and on a phone, and two sheets of all pictures.

One sheet shows the real bot at work, the other every view in every state, each as small as it is.
"""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from bot.slack.views.kit import Rendered
from tests.browser.conftest import Opener, Workspace
from tests.browser.desk import Desk
from tests.slack.view_cases import cases
from tests.story.town import USAGE_HEADER, Town

pytestmark = [pytest.mark.browser, pytest.mark.screenshots]

FOLDER = Path(__file__).parent.parent.parent / "screenshots"
SHOWN = 80  # messages that the page shows at first
WIDTHS = {"desk": 1280, "phone": 375}
MODELS = ("claude-opus-4-1", "claude-sonnet-4-5", "claude-haiku-4-5")
SHEET = """<!doctype html><meta charset="utf-8"><title>Contact sheet</title>
<style>
body {{ font: 14px system-ui; margin: 20px; background: #ddd }}
main {{ display: flex; flex-wrap: wrap; gap: 18px; align-items: flex-start }}
figure {{ margin: 0 }}
figcaption {{ padding: 3px 0 }}
img {{ display: block; max-height: 520px; max-width: 860px; box-shadow: 0 1px 6px #0005 }}
</style><main>{}</main>"""


class Camera:
    """Takes numbered pictures of one page."""

    def __init__(self, desk: Desk, kind: str) -> None:
        self.desk = desk
        self.kind = kind
        self.taken = 0

    def take(self, name: str) -> None:
        self.taken += 1
        self.desk.page.mouse.move(0, 0)
        self.desk.page.screenshot(path=FOLDER / f"{self.kind}-{self.taken:02}-{name}.png", animations="disabled")


@pytest.fixture(scope="module", autouse=True)
def sheets(chromium: Browser) -> Iterator[None]:
    FOLDER.mkdir(exist_ok=True)
    for old in [*FOLDER.glob("*.png"), *FOLDER.glob("*.html")]:
        old.unlink()
    yield
    page = chromium.new_page(viewport={"width": 1800, "height": 1000})
    of_views = sorted(FOLDER.glob("view-*.png"))
    for name, pictures in {"sheet": sorted({*FOLDER.glob("*-*-*.png")} - {*of_views}), "views": of_views}.items():
        figures = [f"<figure><figcaption>{one.stem}</figcaption><img src='{one.name}'></figure>" for one in pictures]
        (FOLDER / f"{name}.html").write_text(SHEET.format("".join(figures)))
        page.goto((FOLDER / f"{name}.html").as_uri())
        page.screenshot(path=FOLDER / f"{name}.png", full_page=True)
    page.close()


def usage() -> str:
    """Two weeks of Ada's and a little of everybody's; the same every time but for the dates."""
    rows = [USAGE_HEADER]
    today = datetime.now(UTC).replace(hour=0, minute=5)
    for back in range(14):
        at = (today - timedelta(days=back)).isoformat()
        for number, who in enumerate(("ada", "grace", "fin", "olga", "mia")):
            dollars = (back * 37 % 11 + 3) * (29.5 if who == "ada" else 12 + number)
            agent = ("nightly-migration", "review", "")[back % 3]
            model = MODELS[(back + number) % 3]
            rows.append(f"s{back}-{who},{at},{who}@example.com,anthropic,{model},90000,12000,{dollars},{agent}")
    return "\n".join(rows)


def settled(page: Page, milliseconds: float = 400) -> None:
    """Wait until what was said is drawn."""
    page.wait_for_timeout(milliseconds)


def look(camera: Camera) -> None:
    desk = camera.desk
    for name, text in {
        "tokens": "/tokens", "history": "/tokens history", "why": "/tokens why", "help": "/tokens help",
        "unknown": "/tokens histroy", "asked-back": "/topup 500k more context", "share": "/topup 10% more context",
        "tokens-wish": "/topup 20M tokens for the nightly swarm",
    }.items():  # fmt: skip
        before = desk.messages.count()
        desk.type(text)
        expect(desk.messages).to_have_count(before + 1)
        camera.take(name)


def ask(camera: Camera, amount: int) -> None:
    desk = camera.desk
    desk.page.locator("#composer .plus").click()
    desk.page.get_by_role("menuitem", name=re.compile("Request a top-up")).click()
    desk.modal.get_by_label("How much more?").fill("lots")
    desk.modal.get_by_label("What for?").fill("finish the billing migration before the freeze")
    camera.take("form")
    desk.modal.get_by_role("button", name="Ask").click()
    expect(desk.modal.locator(".error:not(:empty)")).to_have_count(1)
    camera.take("form-error")
    desk.modal.get_by_label("How much more?").fill(str(amount))
    desk.modal.get_by_role("button", name="Ask").click()
    expect(desk.modal).to_contain_text("Grace Hopper decides")
    camera.take("asked")
    desk.page.keyboard.press("Escape")
    expect(desk.modal).to_be_hidden()


def decide(camera: Camera, amount: int) -> None:
    desk = camera.desk
    desk.become("Grace Hopper")
    desk.go("approvals")
    expect(desk.messages.last).to_contain_text(f"asks for ${amount:,} more")
    camera.take("card")
    desk.messages.last.get_by_role("button", name="1 reply").click()
    camera.take("thread")
    for name in ("Another amount…", "Deny…", "Details"):
        desk.thread.get_by_role("button", name=name).click()
        expect(desk.modal).to_be_visible()
        camera.take(re.sub(r"\W+", "-", name.lower()).strip("-"))
        desk.page.keyboard.press("Escape")
        expect(desk.modal).to_be_hidden()
    reply = desk.thread.locator("textarea")
    reply.fill("approve 300 for this month because the freeze is near")
    reply.press("Enter")
    expect(desk.thread.locator("article").first).to_contain_text("Grace Hopper approved $300")
    expect(desk.thread.get_by_role("button", name="Deny…")).to_be_hidden()
    camera.take("decided")


def hear(camera: Camera, person: str, name: str) -> None:
    camera.desk.become(person)
    camera.desk.go("Stipend")
    camera.desk.page.get_by_role("tab", name="Messages").click()
    settled(camera.desk.page)
    camera.take(name)


LEAVER = """email,name,team,manager_email,role,base_salary,bonus,equity_per_year,currency,ends_on
mia@example.com,Mia Manager,Looms,,,377190,,,USD,{}
"""


def leave(camera: Camera, amount: int) -> None:
    """Somebody whose manager has left, that manager, and somebody whom nobody knows."""
    desk = camera.desk
    for who, text, name in [
        ("Olga Other", f"/topup {amount} the manager who decided has left", "manager-left"),
        ("Olga Other", f"/topup {amount} and again", "asked-already"),
        ("Mia Manager", "/tokens", "leaver"),
        ("A Stranger", "/tokens", "stranger"),
    ]:
        desk.become(who)
        desk.go("general")
        before = desk.messages.count()
        desk.type(text)
        expect(desk.messages).to_have_count(before + 1)
        camera.take(name)
    desk.become("Fin Ance")
    desk.go("approvals")
    expect(desk.messages.last).to_contain_text("Fin Ance decides")
    camera.take("finance-decides")


def test_every_surface(town: Town, open_page: Opener) -> None:
    town.cli("import", "usage", town.write("two-weeks.csv", usage()))
    town.spend(("mia@example.com", "37719.00"), ("olga@example.com", "22556.88"), at=datetime.now(UTC).isoformat())
    town.start()
    town.cli("tick", "--at", (datetime.now(UTC) + timedelta(days=1)).isoformat())
    for number, (kind, width) in enumerate(WIDTHS.items()):
        desk = Desk(open_page(town.slack, town.people["ada"], town.channels["general"], width=width, height=800))
        camera = Camera(desk, kind)
        look(camera)
        ask(camera, 1300 + number)
        decide(camera, 1300 + number)
        hear(camera, "Ada Lovelace", "outcome")
        desk.page.get_by_role("tab", name="Home").click()
        expect(desk.page.locator("#home")).to_contain_text("left")
        camera.take("home")
        hear(camera, "Mia Manager", "salary-notice")
        hear(camera, "Fin Ance", "finance-notice")
        desk.go("alerts")
        camera.take("alerts")
        assert desk.fits()
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    town.cli("import", "people", town.write("leaver.csv", LEAVER.format(yesterday)))
    for number, (kind, width) in enumerate(WIDTHS.items()):
        desk = Desk(open_page(town.slack, town.people["olga"], town.channels["general"], width=width, height=800))
        leave(Camera(desk, f"{kind}-leaver"), 700 + number)


@pytest.mark.parametrize(("kind", "dark"), [("desk", False), ("desk", True), ("phone", False)])
def test_every_view(workspace: Workspace, open_page: Opener, kind: str, dark: bool) -> None:
    width = WIDTHS[kind]
    desk = Desk(open_page(workspace.slack, workspace.ada, workspace.team, width=width, height=1400, dark=dark))
    style = f"{kind}-{'dark' if dark else 'light'}"
    drawn = {f"{view}-{name}".strip("-"): one for view, each in cases().items() for name, one in each.items()}
    posted = 0
    for name, view in drawn.items():
        if isinstance(view, Rendered):
            posted += 1
            workspace.post(*view.blocks, text=view.text)
            expect(desk.messages).to_have_count(min(posted, SHOWN))
            snap(desk.messages.last, f"{name}-{style}")
        elif view["type"] == "modal":
            workspace.form = view
            desk.page.locator("#composer .plus").click()
            desk.page.get_by_role("menuitem").first.click()
            expect(desk.modal).to_contain_text(view["title"]["text"])
            snap(desk.modal, f"{name}-{style}")
            desk.page.keyboard.press("Escape")
            expect(desk.modal).to_be_hidden()
    desk.go("Robot")
    expect(desk.page.locator("#home")).to_contain_text("left")
    for name, view in drawn.items():
        if isinstance(view, dict) and view["type"] == "home":
            workspace.client.views_publish(user_id=workspace.ada, view=view)
            settled(desk.page)
            snap(desk.page.locator("#home"), f"{name}-{style}")


def snap(what: Locator, name: str) -> None:
    what.page.mouse.move(0, 0)
    settled(what.page, 60)
    what.screenshot(path=FOLDER / f"view-{name}.png", animations="disabled")
