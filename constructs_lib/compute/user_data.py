"""The user data of an instance: fetch a release from S3, verify it, and run it as a hardened systemd service.

The scripts and units are in ``user_data_files/``. ``read_environment`` parses the environment from the script, so a
deployed service can be started anywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import pathlib
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from constructs_lib.compute.instance_options import SessionManagerAgent
from constructs_lib.compute.lifecycle_timeouts import DEFAULT_STARTUP_TIMEOUT

USER_DATA_LIMIT = 16384
"""EC2's limit in bytes, before base64.
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
_PLACEHOLDER = re.compile(r"@([A-Z]+)@")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_END = "ENVIRONMENT"
_LOG_UPLOAD_TIME = timedelta(minutes=1)


@dataclasses.dataclass(frozen=True)
class ReleasePart:
    """An archive of a release, as an instance fetches it.

    Args:
        key: its key in the bucket.
        version_id: its S3 version; a later deployment adds another version under the same key.
        sha256: hash of the tar inside, which the instance verifies before it unpacks.
    """

    key: str
    version_id: str
    sha256: str


@dataclasses.dataclass(frozen=True, kw_only=True)
class UserData:
    """The user data of an instance: what it installs and runs.

    Args:
        name: name of the service, its folder, unit and environment file.
        region: region of the bucket, the group and the log group.
        group_name: name of the Auto Scaling group.
        log_group: name of the log group for the boot's log.
        bucket: bucket of the release.
        release: id of the release; names its folder.
        parts: archives to fetch in parallel and unpack into that folder; a wrong hash fails the boot.
        command: command to run in the release's folder, an absolute path and its arguments. It must send ``READY=1``
            to systemd (sd_notify) once it works.
        pre_start_command: command that must succeed before each start of ``command``.
        environment: variables of both commands; values may be Terraform references.
        ready_url: URL that answers 200 when the service is ready; without it, ``READY=1`` is enough.
        startup_timeout: time that the program gets for each start. Default: 5 minutes.
        launch_timeout: time that Auto Scaling waits for the instance, which gives up before. Default: 10 minutes.
        stop_seconds: seconds that the service gets to finish its work when it is stopped. Default: 60.
        heartbeat: interval of a terminating instance's heartbeats; None without a terminating hook.
        isolates_children: whether the program runs children in user and network namespaces.
        session_manager: agent to install after the boot, in the background; without it, nothing is installed.
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
    startup_timeout: timedelta = DEFAULT_STARTUP_TIMEOUT
    launch_timeout: timedelta = 2 * DEFAULT_STARTUP_TIMEOUT
    stop_seconds: int = 60
    heartbeat: timedelta | None = None
    isolates_children: bool = False
    session_manager: SessionManagerAgent | None = None

    def render(self) -> str:
        """Render the script, with ``${`` and ``%{`` escaped for Terraform.

        Raises:
            ValueError: a variable cannot be written to an environment file, or the script exceeds EC2's limit.
        """
        script = self._script()
        size = _size(script)
        if size > USER_DATA_LIMIT:
            raise ValueError(
                f"user-data of {self.name} is {size} bytes; must be at most {USER_DATA_LIMIT}. "
                f"Fix: move {size - USER_DATA_LIMIT} bytes of it into the release."
            )
        return re.sub(r"\$\{(?!TfToken\[)", "$${", script).replace("%{", "%%{")

    def size_summary(self) -> str:
        """Return the script's share of EC2's limit as a sentence; each reference counts as 256 bytes."""
        size = _size(self._script())
        return f"user-data takes {size} of {USER_DATA_LIMIT} bytes; {USER_DATA_LIMIT - size} are left"

    def _script(self) -> str:
        # Half for retries of the fetch, half for its last attempt; the rest of the timeout is for the log's upload.
        limit = int(max(self.launch_timeout - _LOG_UPLOAD_TIME, self.launch_timeout / 2).total_seconds())
        ready_check = f" && ask --retry 0 --max-time 5 --output /dev/null '{self.ready_url}' 2>/dev/null"
        agent = self.session_manager
        values = {
            "AGENTHASH": agent.sha256 if agent else "",
            "AGENTVERSION": agent.version if agent else "",
            "BEFORE": f"ExecStartPre={self.pre_start_command}\n" if self.pre_start_command else "",
            "BUCKET": self.bucket,
            "COMMAND": self.command,
            "END": _END,
            "ENVIRONMENT": "".join(_environment_line(key, value) for key, value in self.environment.items()),
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
            "READY": ready_check if self.ready_url else "",
            "REGION": self.region,
            "RELEASE": self.release,
            "START": str(int(self.startup_timeout.total_seconds())),
            "STOP": str(self.stop_seconds),
        }

        def fill(file: str) -> str:
            return _PLACEHOLDER.sub(lambda placeholder: values[placeholder[1]], _read(file))

        values |= {name: fill(file) for name, file in _EMBEDDED.items()}
        values["AGENT"] = fill("agent.sh") if agent else ""
        return fill("boot.sh")


def read_environment(user_data: str) -> dict[str, str]:
    """Parse the service's environment from a user data script.

    Args:
        user_data: the decoded script.

    Raises:
        ValueError: the script has no environment, or a line of it is invalid.
    """
    found = re.search(rf"<<'{_END}'\n(.*?)^{_END}$", user_data, re.DOTALL | re.MULTILINE)
    if not found:
        raise ValueError(f"user-data holds no environment; expected a block that ends with {_END}")
    variables: dict[str, str] = {}
    for line in found[1].split("\n")[:-1]:
        parsed = re.fullmatch(r'([A-Z][A-Z0-9_]*)="((?:[^"\\]|\\.)*)"', line)
        if not parsed:
            raise ValueError(f'cannot read {line!r} of the environment; expected NAME="value"')
        variables[parsed[1]] = re.sub(r"\\(.)", r"\1", parsed[2])
    return variables


@functools.cache
def _read(name: str) -> str:
    return (_FILES / name).read_text()


def _size(script: str) -> int:
    return len(_REFERENCE.sub("x" * _REFERENCE_BYTES, script).encode())


def _environment_line(name: str, value: str) -> str:
    """Format a line of a systemd EnvironmentFile, with the value in double quotes."""
    if not _VARIABLE.fullmatch(name):
        raise ValueError(f"variable is {name!r}; must be capitals, digits and underscores. Fix: rename it.")
    if re.search(r"[\x00-\x1f\x7f]", value):
        raise ValueError(
            f"variable {name} is {value!r}; must be text without line breaks or control characters. Fix: encode it."
        )
    # The value of a reference is unknown here; AWS's names, ARNs and addresses have none of these characters.
    quoted = "".join(
        part if _REFERENCE.fullmatch(part) else re.sub(r'(["\\$`])', r"\\\1", part)
        for part in re.split(rf"({_REFERENCE.pattern})", value)
    )
    return f'{name}="{quoted}"\n'
