"""Being told to stop: in order, and soon, whatever a client does."""

import signal
import socket
import time

from tests.story.town import Town

UNFINISHED = b"POST /slack/events HTTP/1.1\r\nHost: stipend\r\nContent-Length: 100\r\n\r\nonly the beginning"


def test_it_stops_in_order_though_a_request_never_ends(town: Town) -> None:
    town.start()
    with socket.create_connection(("127.0.0.1", int(town.env["PORT"]))) as client:
        client.sendall(UNFINISHED)
        time.sleep(0.2)
        began = time.monotonic()
        assert town.stop(signal.SIGTERM) == 0  # a process that the signal ended on the spot would say -15
        assert time.monotonic() - began < 20  # it used to wait for the rest of the request for ever
