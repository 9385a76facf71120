"""Requests whose files go to the disk while they arrive."""

from __future__ import annotations

import tempfile
from typing import IO

from flask import Request

_IN_MEMORY_BYTES = 512 * 1024
# /tmp is memory on Debian 13; /var/tmp is a disk everywhere.
_FOLDER = "/var/tmp"


class StreamedRequest(Request):
    """A request that keeps at most half a megabyte of a file in memory."""

    def _get_file_stream(
        self,
        total_content_length: int | None,
        content_type: str | None,
        filename: str | None = None,
        content_length: int | None = None,
    ) -> IO[bytes]:
        return tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES, mode="w+b", dir=_FOLDER)
