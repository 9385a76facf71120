"""The user-data of an instance: fetch a release from S3, check it, and run it as a hardened systemd service.

The scripts and units are the files of ``user_data/``; together they are short enough to read on the instance. The
environment can be read back from the text with ``read_environment``, so what was deployed can be started anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

USER_DATA_LIMIT = 16384
"""Bytes EC2 takes, before base64.
https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html"""

_FILES = pathlib.Path(__file__).parent / "user_data_files"
_EMBEDDED = {
    "FAILED": "failed.service",
    "HARDENED": "hardened.conf",
    "INSTANCE": "instance.sh",
    "SERVICE": "program.service",
    "WATCH": "watch.service",
}
_REFERENCE = re.compile(r"\$\{TfToken\[[^\]]*\]\}")
_REFERENCE_BYTES = 256
_PLACE = re.compile(r"@([A-Z]+)@")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_END = "ENVIRONMENT"
_TO_SHIP_THE_LOG = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class ReleasePart:
    """One archive of a release, as an instance fetches it.

    Args:
        key: its key in the bucket.
        version_id: S3's version of it: a later deployment puts another one under the same key and leaves this.
        sha256: of the tar inside, which the instance compares before it unpacks.
    """

    key: str
    version_id: str
    sha256: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class UserData:
    """What an instance installs and runs.

    Args:
        name: name of the service, and of its folder, unit and environment file.
        region: region of the bucket, the group and the log.
        group_name: the Auto Scaling group that waits for the instance.
        log_group: log group that gets the log of the boot.
        bucket: bucket of the release.
        release: names the release, and its folder.
        parts: what is fetched, side by side, and unpacked into that folder; a part whose hash is another stops the
            boot.
        command: what runs, an absolute path and its arguments; the release's folder is the working directory. It says
            ``READY=1`` to systemd (sd_notify) when it does its work.
        pre_start_command: what runs to its end each time before it, if anything.
        environment: the variables it is given; values may be Terraform references.
        ready_url: answers 200 when the service is ready; without one its word to systemd is enough.
        startup_timeout: how long the program may take to start, each time.
        launch_timeout: how long Auto Scaling waits for the instance; it gives up by itself before.
        stop_seconds: how long the service may take to finish its work when told to stop.
        heartbeat: how often a leaving instance says that it is still working; None where no hook waits for it.
        isolates_children: whether the program puts its children into user and network namespaces of their own.
    """

    name: str
    region: str
    group_name: str
    log_group: str
    bucket: str
    release: str
    parts: Sequence[ReleasePart]
    command: str
    environment: Mapping[str, str]
    pre_start_command: str | None = None
    ready_url: str | None = None
    startup_timeout: timedelta = timedelta(minutes=5)
    launch_timeout: timedelta = timedelta(minutes=10)
    stop_seconds: int = 60
    heartbeat: timedelta | None = None
    isolates_children: bool = False

    def user_data(self) -> str:
        """The script, with ``$`` and ``%`` doubled where Terraform would take them for its own.

        Raises:
            ValueError: for a variable that can't be written to an environment file, or a script over EC2's limit.
        """
        script = self._script()
        size = _size(script)
        if size > USER_DATA_LIMIT:
            raise ValueError(
                f"user-data of {self.name} is {size} bytes; must be at most {USER_DATA_LIMIT}. "
                f"Fix: move {size - USER_DATA_LIMIT} bytes of it into the release."
            )
        return re.sub(r"\$\{(?!TfToken\[)", "$${", script).replace("%{", "%%{")

    def budget(self) -> str:
        """How much of EC2's limit the script takes, in one sentence; each reference counts as 256 bytes."""
        size = _size(self._script())
        return f"user-data takes {size} of {USER_DATA_LIMIT} bytes; {USER_DATA_LIMIT - size} are left"

    def _script(self) -> str:
        # Half for the fetch's tries, half for the last of them; the rest of the wait is to ship the log.
        limit = int(max(self.launch_timeout - _TO_SHIP_THE_LOG, self.launch_timeout / 2).total_seconds())
        ready = f" && ask --retry 0 --max-time 5 --output /dev/null '{self.ready_url}' 2>/dev/null"
        values = {
            "BEFORE": f"ExecStartPre={self.pre_start_command}\n" if self.pre_start_command else "",
            "BUCKET": self.bucket,
            "COMMAND": self.command,
            "END": _END,
            "ENVIRONMENT": "".join(_line(key, value) for key, value in self.environment.items()),
            "FETCH": str(limit // 2),
            "FETCHES": "".join(
                f"fetch '{part.key}' '{part.version_id}' '{part.sha256}' &\nfetches+=($!)\n" for part in self.parts
            ),
            "GROUP": self.group_name,
            "HEARTBEAT": str(int(self.heartbeat.total_seconds())) if self.heartbeat else "",
            "LIMIT": str(limit),
            "LOGGROUP": self.log_group,
            "NAME": self.name,
            "NAMESPACES": "user net" if self.isolates_children else "yes",
            "READY": ready if self.ready_url else "",
            "REGION": self.region,
            "RELEASE": self.release,
            "START": str(int(self.startup_timeout.total_seconds())),
            "STOP": str(self.stop_seconds),
        }

        def fill(file: str) -> str:
            return _PLACE.sub(lambda place: values[place[1]], _read(file))

        values |= {place: fill(file) for place, file in _EMBEDDED.items()}
        return fill("boot.sh")


def read_environment(user_data: str) -> dict[str, str]:
    """The environment that a user-data script gives its service.

    Args:
        user_data: the script as the instance gets it, decoded.

    Raises:
        ValueError: when the text holds no environment, or a line of it can't be read.
    """
    found = re.search(rf"<<'{_END}'\n(.*?)^{_END}$", user_data, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"user-data holds no environment; expected a block that ends with {_END}")
    variables: dict[str, str] = {}
    for line in found[1].split("\n")[:-1]:
        read = re.fullmatch(r'([A-Z][A-Z0-9_]*)="((?:[^"\\]|\\.)*)"', line)
        if not read:
            raise ValueError(f'cannot read {line!r} of the environment; expected NAME="value"')
        variables[read[1]] = re.sub(r"\\(.)", r"\1", read[2])
    return variables


@functools.cache
def _read(name: str) -> str:
    return (_FILES / name).read_text()


def _size(script: str) -> int:
    return len(_REFERENCE.sub("x" * _REFERENCE_BYTES, script).encode())


def _line(name: str, value: str) -> str:
    """One line of a systemd EnvironmentFile, its value in double quotes."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"variable is {name!r}; must be capitals, digits and underscores. Fix: rename it.")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError(
            f"variable {name} is {value!r}; must be text without line breaks or control characters. Fix: encode it."
        )
    # A reference's value is unknown here; what AWS gives (names, ARNs, addresses) holds none of these characters.
    quoted = "".join(
        part if _REFERENCE.fullmatch(part) else re.sub(r'(["\\$`])', r"\\\1", part)
        for part in re.split(rf"({_REFERENCE.pattern})", value)
    )
    return f'{name}="{quoted}"\n'
