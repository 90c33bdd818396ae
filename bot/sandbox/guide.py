"""The guide: a story told beside the page. Whoever runs a demo brings one; without it the page shows nothing of it."""

from typing import Protocol

from bot.sandbox.records import CannotDo, Json


class Guide(Protocol):
    """Steps to try, each with a click, and a clock to move.

    `story()` gives all that the panel shows, and is asked again whenever somebody calls `guide_changed()`:

        {"title": "In five steps", "intro": "One or two sentences.",
         "steps": [{"id": "look", "title": "Look", "text": "Sentences, in mrkdwn.", "done": False,
                    "acts": [{"id": "look.tokens", "label": "Type /tokens as Ada", "primary": True}]}],
         "clock": {"at": 1792504800.0, "zone": "Europe/Stockholm", "label": "The bot's clock", "is_moving": False,
                   "moves": [{"id": "clock.hour", "label": "An hour later"}]},
         "said": "What the last act led to, or nothing."}

    `clock` may be None. `story` runs in a thread without the workspace's lock and should not take long.
    """

    def story(self) -> Json:
        """What the panel shows now."""
        ...

    def do(self, act: str) -> Json:
        """Do one of the acts or moves; it may take a while. Raises CannotDo with the sentence for the page.

        The answer says where to look next: {"viewer": user id, "at": channel id or "home", "thread": ts or ""}. What is
        missing stays as it is.
        """
        ...


class Guided:
    """A Slack that may have a guide."""

    guide: Guide | None = None

    def guide_story(self) -> Json | None:
        """What the guide's panel shows now; nothing without a guide."""
        return None if self.guide is None else self.guide.story()

    def guide_do(self, act: str) -> Json:
        """Do what one of the guide's buttons says. Refused: what the guide refuses, and anything without one."""
        if self.guide is None:
            raise CannotDo("nobody guides through this workspace")
        return self.guide.do(act)
