import subprocess
import sys
from pathlib import Path

import pytest

from db.serving import AlreadyServing, serving_lock

HOLD = """
import sys
from db.serving import AlreadyServing, serving_lock
try:
    with serving_lock(sys.argv[1]):
        print("serving", flush=True)
        sys.stdin.read()
except AlreadyServing as error:
    print(error, flush=True)
"""


def start(url: str) -> "subprocess.Popen[str]":
    root = Path(__file__).parent.parent.parent
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, url], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def test_a_second_process_is_refused_with_a_sentence_until_the_first_is_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/stipend.db"
    with start(url) as first:
        assert first_line(first) == "serving\n"
        with start(url) as second:
            sentence = first_line(second)
            second.communicate()
        assert sentence.startswith("Another bot is running on this SQLite database.")
        assert f"process {first.pid}." in sentence
        first.kill()
    with start(url) as third:
        assert first_line(third) == "serving\n"
        third.communicate()


def test_another_name_of_the_same_file_is_the_same_database(tmp_path: Path) -> None:
    (tmp_path / "stipend.db").touch()
    (tmp_path / "alias.db").symlink_to(tmp_path / "stipend.db")
    with serving_lock(f"sqlite:///{tmp_path}/stipend.db"):
        for other in ("alias.db", f"../{tmp_path.name}/stipend.db"):
            with pytest.raises(AlreadyServing), serving_lock(f"sqlite:///{tmp_path}/{other}"):
                pass


def test_the_lock_is_free_again_after_an_error(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/stipend.db"
    with pytest.raises(RuntimeError, match="boom"), serving_lock(url):
        raise RuntimeError("boom")
    with serving_lock(url):
        pass


def test_a_folder_that_is_not_there_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AlreadyServing, match="cannot be opened"), serving_lock(f"sqlite:///{tmp_path}/none/stipend.db"):
        pass


def test_postgresql_serves_several_bots() -> None:
    url = "postgresql+psycopg://stipend@db.example/stipend"
    with serving_lock(url), serving_lock(url):
        pass


def test_two_databases_serve_at_once(tmp_path: Path) -> None:
    with serving_lock(f"sqlite:///{tmp_path}/a.db"), serving_lock(f"sqlite:///{tmp_path}/b.db"):
        assert {path.name for path in tmp_path.iterdir()} == {"a.db.lock", "b.db.lock"}
