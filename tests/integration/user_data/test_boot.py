"""A boot from its first line to its last, by bash, with S3 and CloudWatch Logs on loopback."""

from __future__ import annotations

import contextlib
import pathlib
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from constructs_lib.compute import archive
from constructs_lib.compute.user_data import ReleasePart
from tests.integration.user_data.instance import Instance
from tests.integration.user_data.loopback import INSTANCE, Loopback
from tests.unit.constructs_lib.scripts import LOG_GROUP


def upload(aws: Loopback, folder: pathlib.Path) -> list[ReleasePart]:
    """A release in two parts, as it lies in a versioned bucket; both keys hold a newer version, too."""
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
    return [each["LifecycleActionResult"] for each in aws.told if each["LifecycleHookName"] == "launching"]


@dataclass(frozen=True)
class Booted:
    """An instance that booted into service, what the boot printed, and what it left at AWS."""

    instance: Instance
    done: subprocess.CompletedProcess[str]
    results: list[str]
    logged: list[str]


@pytest.fixture(scope="module")
def booted(tmp_path_factory: pytest.TempPathFactory) -> Booted:
    """One boot, read by several tests."""
    folder = tmp_path_factory.mktemp("booted")
    (folder / "aws").mkdir()
    with contextlib.closing(Loopback(folder / "aws")) as aws:
        parts = upload(aws, folder)
        instance = Instance(folder / "instance", aws, parts=parts, ready_url="http://127.0.0.1:8080/health")
        done = instance.boot()
        return Booted(instance=instance, done=done, results=results(aws), logged=aws.logged(LOG_GROUP))


def test_an_instance_boots_into_service(booted: Booted) -> None:
    instance, done = booted.instance, booted.done

    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert booted.results == ["CONTINUE"]
    assert instance.file("opt/web/current/shop.py") == "print(1)"
    assert instance.file("opt/web/current/packages/flask.py") == "# flask"
    assert list((instance.folder / "opt/web/current").glob("*.tar*")) == []
    assert instance.file("etc/web/environment") == 'A="1"\n'
    assert (instance.folder / "etc/web/environment").stat().st_mode & 0o777 == 0o600
    for unit in ("web", "web-watch"):
        assert f"enable --now --no-block {unit}\n" in instance.file("systemctl"), "a reboot starts it, too"


def test_its_log_says_in_one_line_how_long_each_step_took(booted: Booted) -> None:
    (line,) = booted.logged

    assert re.fullmatch(r"web is ready: install \d+ ms, fetch \d+ ms, start \d+ ms, report \d+ ms", line)
    assert line in booted.instance.file("var/log/web-boot.log")
    assert line in booted.done.stdout, "and EC2's console shows it"


def test_nothing_waits_for_session_manager(booted: Booted) -> None:
    said = booted.instance.file("systemd-run")

    assert "--no-block" in said
    assert "TimeoutStartSec=180" in said
    assert said.rstrip().endswith("web-instance install_session_manager")


def test_it_boots_without_session_manager(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.program("systemd-run", "exit 1")

    assert instance.boot().returncode == 0
    assert results(aws) == ["CONTINUE"]


def test_where_nothing_waits_reporting_fails_and_the_instance_serves(
    make: Callable[..., Instance], aws: Loopback
) -> None:
    aws.refuses = True

    assert make().boot().returncode == 0


def fails(instance: Instance, aws: Loopback) -> list[str]:
    """The lines a failed boot ships; they must have been there before the group was told."""
    shipped: list[list[str]] = []
    aws.before_told = lambda: shipped.append(aws.logged(LOG_GROUP))
    done = instance.boot()

    assert done.returncode != 0
    assert results(aws) == ["ABANDON"]
    assert shipped == [aws.logged(LOG_GROUP)]
    assert set(shipped[0]) <= set(instance.file("var/log/web-boot.log").splitlines())
    return shipped[0]


def test_a_part_that_was_changed_is_not_unpacked(
    make: Callable[..., Instance], aws: Loopback, parts: list[ReleasePart]
) -> None:
    forged = ReleasePart(parts[0].key, parts[0].version_id, "f" * 64)
    instance = make(parts=[forged, parts[1]])

    assert any("checksum did NOT match" in line for line in fails(instance, aws))
    assert not (instance.folder / "opt/web/current").exists()
    assert "enable --now --no-block web\n" not in instance.file("systemctl")


def test_a_part_that_is_not_there(make: Callable[..., Instance], aws: Loopback, parts: list[ReleasePart]) -> None:
    instance = make(parts=[ReleasePart("releases/web/none.tar.gz", parts[0].version_id, "0" * 64)])

    lines = fails(instance, aws)
    assert f"fetching releases/web/none.tar.gz, version {parts[0].version_id}" in lines
    assert any(line.startswith("curl: (22)") for line in lines)


def test_a_program_that_fails_too_often(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.unit("failed")
    lines = fails(instance, aws)

    assert "web failed too often" in lines
    assert "what the unit said" in lines
    assert lines[-1].startswith("web failed to boot: install ")


def test_a_program_that_never_gets_ready(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.unit("activating")
    instance.text = instance.text.replace('"$SECONDS" -ge 540', '"$SECONDS" -ge 1')

    assert "web is not ready 540 s after the boot began" in fails(instance, aws)


def test_a_program_whose_health_check_fails(make: Callable[..., Instance], aws: Loopback) -> None:
    aws.healthy = False
    instance = make(ready_url="http://127.0.0.1:8080/health")
    instance.text = instance.text.replace('"$SECONDS" -ge 540', '"$SECONDS" -ge 1')

    assert "web is not ready 540 s after the boot began" in fails(instance, aws)


def test_another_system(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    (instance.folder / "etc/os-release").write_text('ID=ubuntu\nVERSION_ID="24.04"\nPRETTY_NAME="Ubuntu 24.04"\n')

    assert "web runs on Debian 13; this is Ubuntu 24.04. Give an AMI of Debian 13" in fails(instance, aws)


def test_a_line_that_fails_is_named(make: Callable[..., Instance], aws: Loopback) -> None:
    instance = make()
    instance.program("systemctl", '[ "$1" != daemon-reload ]')

    assert any(
        re.fullmatch(r"line \d+ of the user-data failed: systemctl daemon-reload", line)
        for line in fails(instance, aws)
    )


def test_a_log_that_cannot_be_shipped_keeps_nobody_from_giving_up(make: Callable[..., Instance], aws: Loopback) -> None:
    aws.client("logs").delete_log_group(logGroupName=LOG_GROUP)
    instance = make()
    instance.unit("failed")

    assert instance.boot().returncode == 1
    assert results(aws) == ["ABANDON"]
    assert aws.told[0]["InstanceId"] == INSTANCE
