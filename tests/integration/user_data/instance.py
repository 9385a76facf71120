"""A simulated instance: bash runs its user data in a folder, with fake systemd programs."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

from tests.integration.user_data.loopback import Loopback
from tests.unit.constructs_lib.scripts import decoded, user_data

_DEBIAN_13 = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n'

# Records its arguments. The file "unit" contains the state of the unit, the file "stopping" the seconds of a stop.
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
    """A folder that serves as the file system of an instance.

    Args:
        folder: new folder for the files.
        aws: fake AWS on loopback.
        changes: arguments for ``user_data``.
    """

    def __init__(self, folder: pathlib.Path, aws: Loopback, **changes: Any) -> None:
        self.folder = folder
        for directory in ("bin", "etc/systemd/system", "opt", "var/log", "tmp"):
            (folder / directory).mkdir(parents=True)
        (folder / "etc/os-release").write_text(_DEBIAN_13)
        self.set_unit_state("active")
        (folder / "stopping").write_text("0.1")
        self.fake_program("systemctl", _SYSTEMCTL)
        self.fake_program("journalctl", 'echo "what the unit said"')
        self.fake_program("systemd-run", 'echo "$*" >> "$FOLDER/systemd-run"')
        # Shorten the pause between polls, and the 80 s that a spot instance has to finish.
        self.fake_program("sleep", "exec /bin/sleep 0.02")
        self.fake_program("timeout", 'exec /usr/bin/timeout "${1/#80/0.2}" "${@:2}"')
        self.text = decoded(user_data(**changes).render())
        for directory in ("/usr/local/", "/etc/", "/opt/", "/var/log/"):
            # Redirect the script's own paths to the folder.
            self.text = self.text.replace(directory, f"{folder}{directory}")
        self.text = self.text.replace("--retry 10 ", "--retry 1 ")
        self._environment = {**os.environ, "CURL_HOME": str(aws.folder), "FOLDER": str(folder)}
        self._environment |= {"PATH": f"{folder}/bin:{os.environ['PATH']}", "TMPDIR": f"{folder}/tmp"}

    def fake_program(self, name: str, script: str) -> None:
        """Replace a program by a script."""
        file = self.folder / "bin" / name
        file.write_text(f"#!/bin/bash\n{script}\n")
        file.chmod(0o755)

    def set_unit_state(self, state: str) -> None:
        """Set the state of the systemd unit."""
        (self.folder / "unit").write_text(state)

    def boot(self) -> subprocess.CompletedProcess[str]:
        """Run the user data."""
        return self._run(["bash"], self.text)

    def run(self, *arguments: str, input: str = "") -> subprocess.CompletedProcess[str]:
        """Run instance.sh, which calls AWS; the boot installs it."""
        program = self.folder / "usr/local/sbin/web-instance"
        if not program.exists():
            program.parent.mkdir(parents=True)
            start = self.text.index("<<'INSTANCE'\n") + len("<<'INSTANCE'\n")
            program.write_text(self.text[start : self.text.index("\nINSTANCE\n") + 1])
        return self._run(["bash", str(program), *arguments], input)

    def file(self, path: str) -> str:
        """Read a file; return an empty text if it does not exist."""
        file = self.folder / path
        return file.read_text() if file.exists() else ""

    def _run(self, command: list[str], input: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            input=input,
            env=self._environment,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )
