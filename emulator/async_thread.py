"""An event loop in a thread, and a relay between two connections."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK = 256 * 1024


class EventLoopThread:
    """Runs coroutines for threads without an event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> EventLoopThread:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def relay(client: Connection, upstream: Connection, *, on_data: Callable[[bytes], None] | None = None) -> None:
    """Copy bytes in both directions until both sides have closed.

    Args:
        client: Connection of the client.
        upstream: Connection to the server.
        on_data: Called with each chunk from the client.
    """
    try:
        await asyncio.gather(_copy(client[0], upstream[1], on_data), _copy(upstream[0], client[1], None))
    finally:
        for _, writer in (client, upstream):
            writer.close()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_data: Callable[[bytes], None] | None
) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            if on_data:
                on_data(chunk)
            writer.write(chunk)
            await writer.drain()
    # TLS has no half-closed connections: the end of one direction closes both.
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
