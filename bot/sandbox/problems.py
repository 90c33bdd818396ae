"""Collecting what is wrong with a payload, in Slack's words and with JSON pointers."""

from typing import Any

from bot.sandbox.records import Json


class Problems:
    """Everything found wrong so far."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, pointer: str, message: str) -> None:
        """Write down a problem."""
        self.found.append(f"{message} [json-pointer:{pointer}]")

    def thing(self, pointer: str, value: Any) -> bool:
        """Whether a value is an object."""
        if isinstance(value, dict):
            return True
        self.add(pointer, f"must provide an object, not {_name(value)}")
        return False

    def keys(self, pointer: str, thing: Json, required: set[str], optional: set[str]) -> None:
        """Required keys are there, and no key that Slack does not know."""
        for key in sorted(required - thing.keys()):
            self.add(pointer, f"missing required field: {key}")
        for key in sorted(thing.keys() - required - optional):
            self.add(pointer, f"invalid additional property: {key}")

    def string(self, pointer: str, thing: Json, key: str, most: int, least: int = 1) -> None:
        """A string of a length, if the key is there."""
        if key not in thing:
            return
        value = thing[key]
        if not isinstance(value, str):
            self.add(f"{pointer}/{key}", f"must provide a string, not {_name(value)}")
        elif len(value) < least:
            self.add(f"{pointer}/{key}", f"must be more than {least - 1} characters")
        elif len(value) > most:
            self.add(f"{pointer}/{key}", f"must be less than {most + 1} characters")

    def array(self, pointer: str, thing: Json, key: str, most: int, least: int = 1) -> list[Any]:
        """The items of an array of a size; empty when the key is absent or no array."""
        value = thing.get(key, [])
        if key not in thing:
            return []
        if not isinstance(value, list):
            self.add(f"{pointer}/{key}", f"must provide an array, not {_name(value)}")
            return []
        if len(value) < least:
            self.add(f"{pointer}/{key}", f"no fewer than {least} items allowed")
        if len(value) > most:
            self.add(f"{pointer}/{key}", f"no more than {most} items allowed")
        return value

    def choice(self, pointer: str, thing: Json, key: str, allowed: set[Any]) -> None:
        """One of some values, if the key is there."""
        if key in thing and not any(thing[key] == value for value in allowed):
            self.add(f"{pointer}/{key}", f"must be one of {sorted(allowed)}")

    def flag(self, pointer: str, thing: Json, *names: str) -> None:
        """Booleans, where the keys are there."""
        for name in names:
            if name in thing and not isinstance(thing[name], bool):
                self.add(f"{pointer}/{name}", f"must provide a boolean, not {_name(thing[name])}")

    def whole(self, pointer: str, thing: Json, key: str, least: int, most: int) -> None:
        """A whole number in a range, if the key is there."""
        if key not in thing:
            return
        value = thing[key]
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            self.add(f"{pointer}/{key}", f"must be a whole number from {least} to {most}")

    def text(self, pointer: str, thing: Json, key: str, most: int, kinds: tuple[str, ...] = ("plain_text",)) -> None:
        """A text object of allowed kinds and length, if the key is there."""
        if key not in thing:
            return
        self.text_object(f"{pointer}/{key}", thing[key], most, kinds)

    def text_object(self, pointer: str, value: Any, most: int, kinds: tuple[str, ...] = ("plain_text",)) -> None:
        """A text object of allowed kinds and length (docs.slack.dev: Text object)."""
        if not self.thing(pointer, value):
            return
        if value.get("type") not in kinds:
            self.add(f"{pointer}/type", f"must be one of {list(kinds)}, not {value.get('type')!r}")
            return
        self.keys(pointer, value, {"type", "text"}, {"emoji"} if value["type"] == "plain_text" else {"verbatim"})
        self.string(pointer, value, "text", most)
        self.flag(pointer, value, "emoji", "verbatim")


def _name(value: Any) -> str:
    return {type(None): "null", str: "a string", list: "an array", dict: "an object", bool: "a boolean"}.get(
        type(value), "a number"
    )
