"""The example with every option, deployed once to its own emulator with the real Terraform."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from every_option import Deployed, EveryOption

from emulator import aws
from workspace.ports import free_port


@pytest.fixture(scope="session")
def every_option(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """Deploy the example with every option."""
    folder, port = tmp_path_factory.mktemp("every-option"), free_port()
    server = aws.start(port, log=folder / "moto.log", calls=folder / "calls.jsonl")
    try:
        app = EveryOption(folder, port)
        app.apply()
        yield Deployed(app, app.plan())
    finally:
        server.stop()
