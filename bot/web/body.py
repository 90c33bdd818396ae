"""Bodies of requests, read no further than the most that is taken: whoever sends them may not have been heard yet."""

from collections.abc import Awaitable, Callable

from fastapi import HTTPException, Request


class TooLarge(HTTPException):
    """The body is larger than the bot takes at once."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(413, f"The body is larger than {most_bytes // 1_000_000} MB. Send smaller batches.")


def bounded_body(most_bytes: int) -> Callable[[Request], Awaitable[bytes]]:
    """A dependency that gives the bytes as they came, and refuses more than `most_bytes` of them."""

    async def read(request: Request) -> bytes:
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > most_bytes:
                raise TooLarge(most_bytes)
        return bytes(body)

    return read
