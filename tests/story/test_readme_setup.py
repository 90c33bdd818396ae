"""The README's set-up, typed as it stands there."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.story.town import CALL, ROOT, USAGE_HEADER, Town

README = (ROOT / "README.md").read_text()


def block(language: str, containing: str) -> str:
    """The README's block of code that contains a text."""
    blocks: list[str] = re.findall(rf"^ *```{language}\n(.*?)^ *```", README, re.MULTILINE | re.DOTALL)
    return next(found for found in blocks if containing in found)


def dedented(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines()) + "\n"


@pytest.mark.parametrize("mode", ["http"])
def test_the_set_up_works_as_it_is_written(town: Town) -> None:
    at = (datetime.now(UTC) - timedelta(minutes=1)).isoformat()
    town.write("people.csv", dedented(block("csv", "base_salary")))
    town.write("usage.csv", f"{USAGE_HEADER}\nr1,{at},ada@example.com,{CALL},1.25,swarm\n")
    town.write("policy.toml", block("toml", "[allotment]"))
    typed = re.findall(r"^ *python -m bot ([^#\n]+)$", README, re.MULTILINE)
    said = {line: town.cli(*line.split()).stdout for line in typed if line != "run"}
    assert {"db upgrade", "import people people.csv", "import usage usage.csv", "check"} <= said.keys()
    assert said["import usage usage.csv"].startswith("1 new")
    assert said["token create litellm --scope ingest"].startswith("stipend_")
    assert "in force" in town.cli("import", "policy", "policy.toml").stdout
