"""Run `./anb` commands in a separate local directory."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from operations.local.state import StateFile, SystemState
from workspace.paths import ROOT
from workspace.ports import free_port
from workspace.processes import ProcessRecord


@dataclass
class Commands:
    """`./anb` with its own local directory and port."""

    folder: Path
    port: int = field(default_factory=free_port)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "ANB_LOCAL_DIR": str(self.folder)}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [ROOT / "anb", *arguments],
            env=self.environment,
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=1200,
            check=False,
        )

    def up(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run("up", "--detach", "--port", str(self.port), *arguments)

    def state(self) -> SystemState:
        state = StateFile(self.folder).read()
        assert state is not None
        return state

    def members(self) -> list[ProcessRecord]:
        state = self.state()
        return [state.supervisor, *state.children.values()]
