import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.sandbox import CannotDo, RemoteSlack
from tests.sandbox.conftest import Json, app_of, bolt_on


@pytest.fixture
def remote(tmp_path: Path, manifest: Json) -> Iterator[RemoteSlack]:
    path = tmp_path / "manifest.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    command = [sys.executable, "-m", "bot.sandbox", "--port", "0", "--manifest", str(path), "--message-interval", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        slack = RemoteSlack(json.loads(process.stdout.readline())["base_url"])
        yield slack
        slack.close_client()
        process.terminate()
    assert process.returncode == 0


def test_a_slack_in_another_process_is_used_the_same_way(remote: RemoteSlack) -> None:
    ada = remote.add_user("ada", email="ada@example.com")
    team = remote.add_channel("team", members=[ada, remote.bot_user_id])
    app = app_of(remote)
    app.command("/ask")(lambda ack: ack("hi"))
    app.event("message")(lambda say: say("heard"))
    with bolt_on(remote, app):
        seen = remote.command(ada, team, "/ask")
        assert (seen.ok, [message["text"] for message in seen.ephemerals]) == (True, ["hi"])
        remote.say(ada, team, "hello")
        remote.until(lambda: [message["text"] for message in remote.messages(team)][:2] == ["hello", "heard"])
        assert remote.calls("chat.postMessage")[0].ok
        assert remote.deliveries("/ask")[0].payload["user_id"] == ada
    with pytest.raises(CannotDo, match="no element"):
        remote.click(ada, team, remote.messages(team)[0]["ts"], "nothing")
    with pytest.raises(CannotDo, match="TypeError"):
        remote.say(ada)
    assert remote.home(ada) is None
    assert remote.warnings == []
