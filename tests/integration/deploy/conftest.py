"""One AWS emulator with one deployment, which all tests of this folder use in order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from operator_shell import Operator

from emulator import aws
from workspace.ports import free_port


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    folder = tmp_path_factory.mktemp("operator")
    port = free_port()
    server = aws.start(port, log=folder / "moto.log", calls=folder / "calls.jsonl")
    try:
        yield Operator(folder, port)
    finally:
        server.stop()
