"""Somebody at the page: goes somewhere, types, switches who they are. On a phone the sidebar is a drawer."""

import re

from playwright.sync_api import Locator, Page, expect

PANES = "html, #sidebar, #messages, #home, #thread .messages, #guide, .guide-body, dialog, .dialog-body, .menu"
TOO_WIDE = """(panes) => [...document.querySelectorAll(panes)].filter((one) => one.checkVisibility())
  .filter((one) => one.scrollWidth > Math.min(one.clientWidth, innerWidth) + 1).map((one) => one.id || one.className)"""


class Desk:
    def __init__(self, page: Page) -> None:
        self.page = page
        self.messages = page.locator("#messages article")
        self.thread = page.locator("#thread")
        self.modal = page.locator("dialog.modal")
        self.box = page.locator("#composer textarea")
        expect(page.locator("#place-head h1")).to_be_visible()

    def _drawer(self) -> None:
        if self.page.locator(".burger").is_visible():
            if self.page.locator("body.in-thread").count():
                self.page.locator("#thread .cross").click()
            if not self.page.locator("body.drawer").count():
                self.page.locator(".burger").click()

    def go(self, name: str) -> None:
        self._drawer()
        self.place(name).click()
        self._arrive(name)

    def write_to(self, name: str) -> None:
        """Begin a direct message with somebody, as one does who has none with them yet."""
        self.page.get_by_role("button", name="Write to somebody").click()
        self.page.get_by_role("menuitem", name=name).click()
        self._arrive(name)

    def _arrive(self, name: str) -> None:
        expect(self.page.locator("#place-head h1")).to_have_text(re.compile(rf"^(\W+ )?{re.escape(name)}$"))

    def place(self, name: str) -> Locator:
        return self.page.locator("#sidebar .place", has=self.page.get_by_text(name, exact=True))

    def become(self, name: str) -> None:
        self._drawer()
        chosen = self.page.get_by_label("You are").select_option(label=name)[0]
        if self.page.locator("#shade").is_visible():
            self.page.keyboard.press("Escape")
        expect(self.page.locator("#main")).to_have_attribute("data-viewer", chosen)

    def type(self, text: str) -> None:
        self.box.click()
        self.box.fill(text)
        self.box.press("Enter")

    def newest(self) -> Locator:
        """The last message, which stays the same one when others come."""
        key = self.messages.last.get_attribute("data-key")
        return self.page.locator(f'#messages [data-key="{key}"]')

    def reply(self, text: str) -> None:
        """Type into the open thread."""
        box = self.thread.locator("textarea")
        box.fill(text)
        box.press("Enter")

    def menu(self, message: Locator, entry: str) -> None:
        """Choose from a message's menu."""
        message.hover()
        message.get_by_role("button", name="More actions for this message").click()
        self.page.get_by_role("menuitem", name=entry).click()

    def open_messages_of(self, app: str) -> None:
        """The app's messages to this person."""
        self.go(app)
        self.page.get_by_role("tab", name="Messages").click()

    def fits(self) -> bool:
        """Whether nothing is wider than the window, nor than the pane it stands in; tables scroll by themselves."""
        return not self.page.evaluate(TOO_WIDE, PANES)
