"""An instance without a machine: its user-data, run by bash in a folder, with systemd's programs played."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

from tests.integration.user_data.loopback import Loopback
from tests.unit.constructs_lib.scripts import decoded, user_data

_DEBIAN_13 = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'

# Writes down what it is told. The unit is what the file "unit" says; a stop takes as long as the file "stopping" says.
_SYSTEMCTL = """\
echo "$*" >> "$FOLDER/systemctl"
unit=$(cat "$FOLDER/unit")
case "$1" in
  is-active) [ "$unit" = active ] ;;
  is-failed) [ "$unit" = failed ] ;;
  stop) timeout "$(cat "$FOLDER/stopping")" tail -f /dev/null || true ;;
esac
"""


class Instance:
    """A folder that an instance's user-data runs in.

    Args:
        folder: the instance's file system.
        aws: what it talks to.
        changes: of ``user_data``.
    """

    def __init__(self, folder: pathlib.Path, aws: Loopback, **changes: Any) -> None:
        self.folder = folder
        for place in ("bin", "etc/systemd/system", "opt", "var/log", "tmp"):
            (folder / place).mkdir(parents=True)
        (folder / "etc/os-release").write_text(_DEBIAN_13)
        self.unit("active")
        (folder / "stopping").write_text("0.1")
        self.program("systemctl", _SYSTEMCTL)
        self.program("journalctl", 'echo "what the unit said"')
        self.program("systemd-run", 'echo "$*" >> "$FOLDER/systemd-run"')
        # Nobody waits for minutes here: neither between two looks nor for the end of a spot instance's time.
        self.program("sleep", "exec /bin/sleep 0.02")
        self.program("timeout", 'exec /usr/bin/timeout "${1/#80/0.2}" "${@:2}"')
        self.text = decoded(user_data(**changes).render())
        for place in ("/usr/local/", "/etc/", "/opt/", "/var/log/"):
            # Units name places of the machine they will run on; only the script's own are led here.
            self.text = self.text.replace(place, f"{folder}{place}")
        self.text = self.text.replace("--retry 10 ", "--retry 1 ")
        self._environment = {**os.environ, "CURL_HOME": str(aws.folder), "FOLDER": str(folder)}
        self._environment |= {"PATH": f"{folder}/bin:{os.environ['PATH']}", "TMPDIR": f"{folder}/tmp"}

    def program(self, name: str, script: str) -> None:
        """Play a program of the machine."""
        file = self.folder / "bin" / name
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def unit(self, state: str) -> None:
        """Say how the unit is."""
        (self.folder / "unit").write_text(state)

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Run the user-data."""
        return self._run(["bash"], self.text)

    def run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run the program that talks to AWS, which is written at boot."""
        program = self.folder / "usr/local/sbin/web-instance"
        if not program.exists():
            program.parent.mkdir(parents=True)
            begin = self.text.index("<<'INSTANCE'\n") + len("<<'INSTANCE'\n")
            program.write_text(self.text[begin : self.text.index("\nINSTANCE\n") + 1])
        return self._run(["bash", str(program), *arguments], given)

    def file(self, path: str) -> str:
        """The text of a file, nothing where there is none."""
        found = self.folder / path
        return found.read_text() if found.exists() else ""

    def _run(self, command: list[str], given: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=given,
            env=self._environment,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )
