"""What a person is told when Stipend refuses something."""

_SHOWN = 60


class Refused(Exception):
    """That is not possible."""

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(sentence or _first_line(type(self)))


class Mistakes(Refused):
    """There are mistakes in what was given.

    `errors` has a sentence for each, so that all of them can be corrected at once.
    """

    opening = "Nothing was changed."
    most_shown = 200

    def __init__(self, errors: list[str]) -> None:
        self.errors = list(errors)
        shown = self.errors[: self.most_shown]
        left = len(self.errors) - len(shown)
        more = [f"… and {left} more."] if left else []
        super().__init__("\n".join([self.opening, *shown, *more]))


def quoted(text: str) -> str:
    """What somebody typed, in quotes, printable, and short enough for a sentence."""
    printable = "".join(character for character in text[: _SHOWN + 1] if character.isprintable())
    return f'"{printable[:_SHOWN]}{"…" if len(text) > _SHOWN else ""}"'


def _first_line(error: type[Refused]) -> str:
    """The docstring's first line is the sentence; a class without one speaks as its parent does."""
    for cls in error.__mro__:
        if issubclass(cls, Refused) and cls.__doc__:
            return cls.__doc__.strip().splitlines()[0]
    return "That is not possible."  # `python -OO` strips docstrings
