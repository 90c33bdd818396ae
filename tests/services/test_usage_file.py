"""Importing files: bad rows by line, the rest kept, repeats once, and on from where it stopped."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.clock import FixedClock
from bot.rules.errors import Refused
from bot.services import usage_file
from bot.services.policy import import_policy
from bot.services.usage_file import MOST_REFUSALS_SHOWN, NotReadable, UnknownFormat, import_file
from bot.services.verb import Company
from bot.sources.protocol import BadFile
from tests.services.usage_facts import add_people, rows, spent
from tests.sources.payloads import SECRET_PROMPT, payload

DOLLAR = 1_000_000_000
HEADER = "event_id,occurred_at,email,provider,model,input_tokens,output_tokens,cost_usd"
Write = Callable[..., Path]


def row(number: int | str, email: str = "ada@example.com", cost: str = "1") -> str:
    return f"e{number},2026-11-10T09:00:00Z,{email},openai,gpt-5,1000000,500,{cost}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def lines(*content: str, name: str = "usage.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(content) + "\n")
        return path

    return lines


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usage_file, "BATCH", 3)


def test_a_file_with_everything_in_it(company: Company, write: Write) -> None:
    add_people(company, "ada@example.com")
    told = import_file(
        company,
        write(
            HEADER,
            row(1),
            row(2, "who@example.com"),
            row(1),
            "broken",
            row(3, cost=""),
            row(4).replace("gpt-5", "x"),
            row(5, cost="").replace("gpt-5", "gpt-of-nobody"),
        ),
    )
    assert told.sentence() == "5 new, 1 repeated, 1 unattributed, 1 unpriced, 1 refused."
    assert told.refusals == ["Line 5: The row has 1 fields and the header 8."]
    assert spent(company) == {"ada@example.com": 2 * DOLLAR + 1_255_000_000, "unattributed": DOLLAR}


def test_the_same_file_again_counts_nothing(company: Company, write: Write) -> None:
    path = write(HEADER, row(1), row(2), "broken")
    import_file(company, path)
    told = import_file(company, path)
    assert told.sentence() == "0 new, 2 repeated, 0 unattributed, 0 unpriced, 1 refused."


def test_the_rest_of_a_corrected_file_is_new(company: Company, write: Write) -> None:
    import_file(company, write(HEADER, row(1), "broken", row(3)))
    told = import_file(company, write(HEADER, row(1), row(2), row(3)))
    assert (told.recorded.new, told.recorded.repeated) == (1, 2)


@pytest.mark.usefixtures("small_batches")
def test_an_interrupted_import_goes_on_where_it_stopped(company: Company, write: Write) -> None:
    path = write(HEADER, *map(row, range(10)))

    def stop(_done: int, _all: int) -> None:
        if rows(company, "SELECT count(*) FROM usage_event") == [(6,)]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_file(company, path, progress=stop)
    told = import_file(company, path)
    assert told.sentence() == (
        "Went on after the first 6 rows, which were stored before."
        " 4 new, 0 repeated, 4 unattributed, 0 unpriced, 0 refused."
    )
    assert rows(company, "SELECT count(*) FROM usage_event") == [(10,)]
    assert import_file(company, path).recorded.repeated == 10


@pytest.mark.usefixtures("small_batches")
def test_progress_goes_from_nothing_to_all(company: Company, write: Write) -> None:
    path = write(HEADER, *map(row, range(10)))
    seen: list[tuple[int, int]] = []
    import_file(company, path, progress=lambda done, whole: seen.append((done, whole)))
    assert len(seen) == 4
    assert seen == sorted(seen)
    assert seen[-1] == (path.stat().st_size, path.stat().st_size)


def test_not_every_refusal_is_shown(company: Company, write: Write) -> None:
    told = import_file(company, write(HEADER, *["broken"] * 200))
    assert told.refused == 200
    assert len(told.refusals) == MOST_REFUSALS_SHOWN
    assert told.sentence().endswith(f"200 refused. The first {MOST_REFUSALS_SHOWN} refusals are listed.")


def test_json_lines_and_csv_are_one_source(company: Company, write: Write) -> None:
    import_file(company, write(HEADER, row(1)))
    line = dict(zip(HEADER.split(","), row(1).split(","), strict=True))
    told = import_file(company, write(json.dumps(line), name="usage.jsonl"), "jsonl")
    assert (told.recorded.new, told.recorded.repeated) == (0, 1)


def test_a_file_of_litellm(company: Company, clock: FixedClock, tmp_path: Path) -> None:
    clock.at = datetime(2026, 11, 24, tzinfo=UTC)
    add_people(company, "ada@example.com")
    path = tmp_path / "log.json"
    failed = payload(id="b", status="failure", response_cost=0)
    path.write_text(json.dumps([payload(), failed, payload(id="c", startTime="x")]))
    told = import_file(company, path, "litellm")
    assert told.sentence() == (
        "1 new, 0 repeated, 0 unattributed, 0 unpriced, 1 refused. Ignored 1: a call that failed and cost nothing."
    )
    assert told.refusals == ["Payload 3: startTime is not a time."]
    assert spent(company) == {"ada@example.com": 486_000}
    everything = str([rows(company, f"SELECT * FROM {table}") for table in ("usage_event", "identity", "usage_rollup")])
    assert SECRET_PROMPT not in everything


@pytest.mark.parametrize(("trusted", "who"), [("[]", "ada@example.com"), ('["litellm"]', "grace@example.com")])
def test_the_callers_word_counts_only_by_policy(
    company: Company, clock: FixedClock, tmp_path: Path, trusted: str, who: str
) -> None:
    clock.at = datetime(2026, 11, 24, tzinfo=UTC)
    add_people(company, "ada@example.com", "grace@example.com")
    import_policy(company, f"[usage]\ntrust_end_user = {trusted}\n", by="test")
    (tmp_path / "log.json").write_text(json.dumps(payload()))
    import_file(company, tmp_path / "log.json", "litellm")
    assert spent(company) == {who: 486_000}


@pytest.mark.parametrize("name", ["openai", "CSV", "", "x" * 500])
def test_an_unknown_format_is_told_what_there_is(company: Company, write: Write, name: str) -> None:
    with pytest.raises(UnknownFormat, match="There are: csv, jsonl, litellm"):
        import_file(company, write(HEADER), name)


def test_what_cannot_be_read(company: Company, tmp_path: Path) -> None:
    with pytest.raises(NotReadable, match="No such file"):
        import_file(company, tmp_path / "none.csv")
    with pytest.raises(NotReadable):
        import_file(company, tmp_path)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n\0\0", b"a,b\n1,2\n", b"\xff\xfee\0v\0e\0n\0t\0"])
def test_a_file_of_something_else_changes_nothing(company: Company, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "usage.csv"
    path.write_bytes(content)
    with pytest.raises(BadFile) as told:
        import_file(company, path)
    assert isinstance(told.value, Refused)
    assert rows(company, "SELECT * FROM usage_event") == []


def test_nothing_but_a_header(company: Company, write: Write) -> None:
    assert import_file(company, write(HEADER)).sentence() == "0 new, 0 repeated, 0 unattributed, 0 unpriced, 0 refused."


def test_costs_far_above_any_price_are_told(company: Company, write: Write) -> None:
    told = import_file(company, write(HEADER, row(1, cost="90000"))).sentence()
    assert "Note: 1 cost more than $10,000 for a million tokens" in told
