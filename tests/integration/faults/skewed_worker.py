"""``python skewed_worker.py SECONDS``: a worker with a clock that is off by a number of seconds.

libfaketime is not used: it occasionally breaks Python's time.sleep, which waits for an absolute time.
"""

from __future__ import annotations

import datetime
import runpy
import sys
import time
from typing import Any

_SHIFT = float(sys.argv[1])
_time, _time_ns = time.time, time.time_ns


class _Skewed(datetime.datetime):
    @classmethod
    def now(cls, tz: datetime.tzinfo | None = None) -> Any:
        return cls.fromtimestamp(_time() + _SHIFT, tz)

    @classmethod
    def utcnow(cls) -> Any:
        return cls.now(datetime.UTC).replace(tzinfo=None)


time.time = lambda: _time() + _SHIFT
time.time_ns = lambda: _time_ns() + int(_SHIFT * 1e9)
# Before other imports, so that all modules use the patched clock.
datetime.datetime = _Skewed  # type: ignore[misc]
runpy.run_module("services.worker", run_name="__main__", alter_sys=True)
