"""The whole boot script, run by bash, with S3 and CloudWatch Logs on loopback."""

from __future__ import annotations

import contextlib
import pathlib
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from constructs_lib.compute import archive
from constructs_lib.compute.instance_options import SessionManagerAgent
from constructs_lib.compute.user_data import ReleasePart
from tests.integration.user_data.instance import Instance
from tests.integration.user_data.loopback import INSTANCE, Loopback
from tests.unit.constructs_lib.scripts import LOG_GROUP


def upload(aws: Loopback, folder: pathlib.Path) -> list[ReleasePart]:
    """Upload a release in two parts to a versioned bucket, and a newer version of each part."""
    s3, logs = aws.client("s3"), aws.client("logs")
    s3.create_bucket(Bucket="software", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_bucket_versioning(Bucket="software", VersioningConfiguration={"Status": "Enabled"})
    logs.create_log_group(logGroupName=LOG_GROUP)
    uploaded = []
    for name, contents in ("code", {"shop.py": b"print(1)"}), ("packages", {"packages/flask.py": b"# flask"}):
        file = folder / f"{name}.tar.gz"
        sha256 = archive.pack(contents, file)
        key = f"releases/web/{name}.tar.gz"
        version = s3.put_object(Bucket="software", Key=key, Body=file.read_bytes())["VersionId"]
        s3.put_object(Bucket="software", Key=key, Body=b"a later release")
        uploaded.append(ReleasePart(key, version, sha256))
    return uploaded


@pytest.fixture
def parts(aws: Loopback, tmp_path: pathlib.Path) -> list[ReleasePart]:
    return upload(aws, tmp_path)


@pytest.fixture
def make(aws: Loopback, tmp_path: pathlib.Path, parts: list[ReleasePart]) -> Callable[..., Instance]:
    return lambda **changes: Instance(tmp_path / "instance", aws, **{"parts": parts, **changes})


def results(aws: Loopback) -> list[str]:
    return [call["LifecycleActionResult"] for call in aws.calls if call["LifecycleHookName"] == "launching"]


@dataclass(frozen=True)
class Booted:
    """A booted instance, the output of its boot, its lifecycle results and its log in CloudWatch."""

    instance: Instance
    process: subprocess.CompletedProcess[str]
    results: list[str]
    log: list[str]


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Booted:
    """One boot for several tests."""
    folder = tmp_path_factory.mktemp("booted")
    (folder / "aws").mkdir()
    with contextlib.closing(Loopback(folder / "aws")) as aws:
        parts = upload(aws, folder)
        instance = Instance(folder / "instance", aws, parts=parts, ready_url="http://127.0.0.1:8080/health")
        process = instance.boot()
        return Booted(instance=instance, process=process, results=results(aws), log=aws.boot_log(LOG_GROUP))


def test_instance_boots_into_service(booted: Booted) -> None:
    instance, process = booted.instance, booted.process

    assert (process.returncode, process.stderr) == (0, ""), process.stdout
    assert booted.results == ["CONTINUE"]
    assert instance.file("opt/web/current/shop.py") == "print(1)"
    assert instance.file("opt/web/current/packages/flask.py") == "# flask"
    assert list((instance.folder / "opt/web/current").glob("*.tar*")) == []
    assert instance.file("etc/web/environment") == 'A="1"\n'
    assert (instance.folder / "etc/web/environment").stat().st_mode & 0o777 == 0o600
    for unit in ("web", "web-watch"):
        assert f"enable --now --no-block {unit}\n" in instance.file("systemctl"), "so that a reboot starts it, too"


def test_log_has_one_line_with_the_duration_of_each_step(booted: Booted) -> None:
    (line,) = booted.log

    assert re.fullmatch(r"web is ready: install \d+ ms, fetch \d+ ms, start \d+ ms, report \d+ ms", line)
    assert line in booted.instance.file("var/log/web-boot.log")
    assert line in booted.process.stdout, "so that EC2's console shows it"


def test_session_manager_is_not_installed_by_default(booted: Booted) -> None:
    assert booted.instance.file("systemd-run") == ""


AGENT = SessionManagerAgent(version="3.3.987.0", sha256="a" * 64)


def test_boot_does_not_wait_for_session_manager(make: Callable[..., Instance]) -> None:
    instance = make(session_manager=AGENT)
    assert instance.boot().returncode == 0
    arguments = instance.file("systemd-run")

    assert "--no-block" in arguments
    assert "TimeoutStartSec=180" in arguments
    assert arguments.rstrip().endswith(f"web-instance install_session_manager 3.3.987.0 {'a' * 64}")


def test_instance_boots_without_session_manager(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make(session_manager=AGENT)
    instance.fake_program("systemd-run", "exit 1")

    assert instance.boot().returncode == 0
    assert results(aws) == ["CONTINUE"]


def test_rejected_report_does_not_stop_the_boot(make: Callable[..., Instance], aws: Loopback) -> None:
    aws.rejects_calls = True

    assert make().boot().returncode == 0


def failed_boot(instance: Instance, aws: Loopback) -> list[str]:
    """Run a boot that fails; return the log lines that it shipped before it reported to Auto Scaling."""
    shipped: list[list[str]] = []
    aws.before_call = lambda: shipped.append(aws.boot_log(LOG_GROUP))
    process = instance.boot()

    assert process.returncode != 0
    assert results(aws) == ["ABANDON"]
    assert shipped == [aws.boot_log(LOG_GROUP)]
    assert set(shipped[0]) <= set(instance.file("var/log/web-boot.log").splitlines())
    return shipped[0]


def test_part_with_wrong_checksum_is_not_unpacked(
    make: Callable[..., Instance], aws: Loopback, parts: list[ReleasePart]
) -> None:
    forged = ReleasePart(parts[0].key, parts[0].version_id, "f" * 64)
    instance = make(parts=[forged, parts[1]])

    assert any("checksum did NOT match" in line for line in failed_boot(instance, aws))
    assert not (instance.folder / "opt/web/current").exists()
    assert "enable --now --no-block web\n" not in instance.file("systemctl")


def test_missing_part_fails_the_boot(make: Callable[..., Instance], aws: Loopback, parts: list[ReleasePart]) -> None:
    instance = make(parts=[ReleasePart("releases/web/none.tar.gz", parts[0].version_id, "0" * 64)])

    lines = failed_boot(instance, aws)
    assert f"fetching releases/web/none.tar.gz, version {parts[0].version_id}" in lines
    assert any(line.startswith("curl: (22)") for line in lines)


def test_program_that_fails_too_often_fails_the_boot(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.set_unit_state("failed")
    lines = failed_boot(instance, aws)

    assert "web failed too often" in lines
    assert "what the unit said" in lines
    assert lines[-1].startswith("web failed to boot: install ")


def test_program_that_never_starts_fails_the_boot(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.set_unit_state("activating")
    instance.text = instance.text.replace('"$SECONDS" -ge 540', '"$SECONDS" -ge 1')

    assert "web is not ready 540 s after the boot began" in failed_boot(instance, aws)


def test_failing_health_check_fails_the_boot(make: Callable[..., Instance], aws: Loopback) -> None:
    aws.healthy = False
    instance = make(ready_url="http://127.0.0.1:8080/health")
    instance.text = instance.text.replace('"$SECONDS" -ge 540', '"$SECONDS" -ge 1')

    assert "web is not ready 540 s after the boot began" in failed_boot(instance, aws)


def test_other_operating_system_fails_the_boot(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    (instance.folder / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"\n')

    assert "web runs on Debian 13; this is Ubuntu 24.04. Give an AMI of Debian 13" in failed_boot(instance, aws)


def test_failing_command_is_reported_with_its_line(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.fake_program("systemctl", '[ "$1" != daemon-reload ]')

    assert any(
        re.fullmatch(r"line \d+ of the user-data failed: systemctl daemon-reload", line)
        for line in failed_boot(instance, aws)
    )


def test_launch_is_abandoned_even_if_the_log_cannot_be_shipped(make: Callable[..., Instance], aws: Loopback) -> None:
    aws.client("logs").delete_log_group(logGroupName=LOG_GROUP)
    instance = make()
    instance.set_unit_state("failed")

    assert instance.boot().returncode == 1
    assert results(aws) == ["ABANDON"]
    assert aws.calls[0]["InstanceId"] == INSTANCE
