"""The house rules, held by machine: who imports whom, how large things are, and who alone may do what."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
TOP_LEVEL = {
    "bot", "db", "tests", "manifest.yaml", "pyproject.toml", "README.md", "Makefile", ".env.example", "LICENSE",
    "SECURITY.md", ".gitignore", ".ci",
}  # fmt: skip
FUNCTION_LINES_MAX = 60
FILE_LINES_MAX = 500


def sources(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    for folder in folders:
        yield from _parsed(folder)


@cache
def _parsed(folder: str) -> list[tuple[Path, ast.Module]]:
    return [(path.relative_to(ROOT), ast.parse(path.read_text())) for path in sorted((ROOT / folder).rglob("*.py"))]


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def calls(tree: ast.Module) -> list[str]:
    """What is called, as it is written: `session.commit`."""
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def test_imports_run_down_only() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_the_top_level_is_small() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert {name.split("/")[0] for name in tracked.splitlines()} <= TOP_LEVEL


def test_functions_fit_on_a_screen() -> None:
    too_long = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in sources("bot", "db", "tests")
        if "migrations" not in path.parts  # a migration is one list of statements, read from top to bottom
        for node in functions(tree)
        if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES_MAX
    ]
    assert too_long == []


def test_files_stay_readable() -> None:
    too_long = [str(path) for path, _ in sources("bot", "db", "tests") if _lines(path) > FILE_LINES_MAX]
    assert too_long == []


def _lines(path: Path) -> int:
    return (ROOT / path).read_text().count("\n")


def test_only_the_clock_asks_for_the_time() -> None:
    questions = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today"}
    asking = {str(path) for path, tree in sources("bot", "db") if questions & set(calls(tree))}
    # The local Slack keeps Slack's time, which is not the bot's.
    assert {name for name in asking if not name.startswith("bot/sandbox/")} == {"bot/clock.py"}


def test_only_the_session_commits() -> None:
    trees = sources("bot", "db")
    committing = {str(path) for path, tree in trees if any(call.endswith(".commit") for call in calls(tree))}
    assert committing == {"db/session.py"}


@pytest.mark.parametrize("name", ["environ", "getenv"])
def test_only_settings_read_the_environment(name: str) -> None:
    reading = {
        str(path)
        for path, tree in sources("bot", "db")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == name
    }
    assert reading <= {"bot/settings.py"}


def test_modules_do_no_work_when_imported() -> None:
    busy = [
        f"{path}:{node.lineno}"
        for path, tree in sources("bot", "db")
        for node in tree.body
        if isinstance(node, ast.With | ast.For | ast.While | ast.Try)
    ]
    assert busy == []


def test_sealed_values_are_never_printed() -> None:
    printed = [
        f"{path}:{node.lineno}"
        for path, tree in sources("bot", "db")
        for node in ast.walk(tree)
        if isinstance(node, ast.FormattedValue) and _names_pay(node.value)
    ]
    assert printed == []


def _names_pay(node: ast.expr) -> bool:
    # What is sealed is called so in the tables: nothing of these names may stand in an f-string.
    sealed = {"pay", "amount_sealed", "ciphertext"}
    return any(isinstance(part, ast.Attribute) and part.attr in sealed for part in ast.walk(node))
