"""What the README says is true: its files exist, its commands exist, its settings are the settings."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import cli
from bot.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_every_promise_has_its_file() -> None:
    named = re.findall(r"`(test_\w+\.py)`", README)
    assert named
    assert [name for name in named if not (ROOT / "tests/promises" / name).exists()] == []


@pytest.mark.parametrize("target", sorted(set(re.findall(r"(?:`|^)make ([a-z.]+)", README, re.MULTILINE))))
def test_every_make_target_exists(target: str) -> None:
    result = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize(
    "command", ["demo", "run", "check", "db upgrade", "import people", "import usage", "import policy", "import rates",
                "tick", "token create", "audit verify"],
)  # fmt: skip
def test_every_command_is_there_and_described(command: str) -> None:
    assert command in README
    result = CliRunner().invoke(cli, [*command.split(), "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage" in result.output


def test_env_example_lists_every_setting_and_no_other() -> None:
    listed = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}
