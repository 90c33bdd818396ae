"""Somebody at the page: goes somewhere, types, switches who they are. On a phone the sidebar is a drawer."""

from playwright.sync_api import Locator, Page, expect


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

    def place(self, name: str) -> Locator:
        return self.page.locator("#sidebar .place", has=self.page.get_by_text(name, exact=True))

    def become(self, name: str) -> None:
        self._drawer()
        self.page.get_by_label("You are").select_option(label=name)
        if self.page.locator("#shade").is_visible():
            self.page.keyboard.press("Escape")

    def type(self, text: str) -> None:
        self.box.click()
        self.box.press_sequentially(text)
        self.box.press("Enter")

    def fits(self) -> bool:
        """Whether nothing is wider than the window."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
