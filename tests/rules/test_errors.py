import pickle

from bot.rules.errors import Mistakes, Refused, quoted


class OutOfTea(Refused):
    """There is no tea left.

    More for the reader of the code.
    """


class OutOfGreenTea(OutOfTea):
    pass


def test_the_docstring_is_the_sentence() -> None:
    assert str(OutOfTea()) == "There is no tea left."
    assert str(OutOfGreenTea()) == "There is no tea left."
    assert str(Refused()) == "That is not possible."


def test_a_sentence_with_figures_goes_before() -> None:
    assert str(OutOfTea("3 cups are missing.")) == "3 cups are missing."


def test_a_refusal_survives_a_trip_to_another_process() -> None:
    assert str(pickle.loads(pickle.dumps(OutOfTea()))) == "There is no tea left."  # noqa: S301


def test_all_mistakes_are_kept_and_many_are_shown() -> None:
    mistakes = Mistakes([f"line {line}" for line in range(1000)])
    assert len(mistakes.errors) == 1000
    assert str(mistakes).endswith("line 199\n… and 800 more.")


def test_what_is_quoted_is_short_and_printable() -> None:
    assert quoted("a\x00b\u202e\nc") == '"abc"'
    assert len(quoted("x" * 10_000)) < 70
