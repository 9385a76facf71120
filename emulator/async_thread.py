"""An event loop in a thread: everything that passes bytes on between the network of the machines and this one."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_CHUNK = 256 * 1024


class Loop:
    """Runs coroutines for threads that have no loop of their own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Loop:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self._cancel_all())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Wait for a coroutine and give its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    async def _cancel_all(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


async def join(near: Connection, far: Connection, *, hear: Callable[[bytes], None] | None = None) -> None:
    """Pass bytes on in both directions until both sides have ended.

    Args:
        near: a connection.
        far: another one.
        hear: told what comes from the near one.
    """
    try:
        await asyncio.gather(_copy(near[0], far[1], hear), _copy(far[0], near[1], None))
    finally:
        for _, writer in (near, far):
            writer.close()


async def _copy(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, hear: Callable[[bytes], None] | None
) -> None:
    with contextlib.suppress(OSError):
        while chunk := await reader.read(_CHUNK):
            if hear:
                hear(chunk)
            writer.write(chunk)
            await writer.drain()
    # TLS has no half-closed connections: who has nothing more to say has left.
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
        else:
            writer.close()
