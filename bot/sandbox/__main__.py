"""`python -m bot.sandbox`: the local Slack as a process of its own."""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path

from bot.sandbox.local import LocalSlack
from bot.sandbox.manifest import read_manifest


def main() -> None:
    """Serve until SIGTERM or Ctrl-C; the first line of output says, as JSON, where and with which tokens."""
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description="A strict Slack on this machine.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--manifest", type=Path, default=Path("manifest.yaml"), help="YAML or JSON")
    parser.add_argument("--mode", choices=("socket", "http"), default="socket")
    parser.add_argument("--request-url", help="where payloads go in mode http")
    parser.add_argument("--message-interval", type=float, default=1.0, help="seconds between messages of a channel")
    parser.add_argument("--ack-seconds", type=float, default=3.0, help="how long a payload waits for its ack")
    parser.add_argument("--event-retry-delays", type=float, nargs="*", default=(0.0, 60.0, 300.0))
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    slack = LocalSlack(
        read_manifest(args.manifest),
        mode=args.mode,
        request_url=args.request_url,
        port=args.port,
        message_interval_seconds=args.message_interval,
        ack_seconds=args.ack_seconds,
        event_retry_delays=args.event_retry_delays,
        seed=args.seed,
    )
    is_over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: is_over.set())
    with slack:
        sys.stdout.write(json.dumps(slack.facts()) + "\n")
        sys.stdout.flush()
        is_over.wait()


if __name__ == "__main__":
    main()
