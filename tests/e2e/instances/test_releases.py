"""A release replaces another under load; a release that cannot start leaves only its log."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from benchmarks.boot.groups import PORTAL, WORKER, LaunchGroup, read_groups
from benchmarks.boot.publish import deploy, parse_parts, publish
from benchmarks.boot.region import BootedInstance, Region
from benchmarks.boot.rollout import InstanceNotReady
from emulator.autoscaling import ABANDON, CONTINUE
from operations.local.clips import make_clip
from tests.e2e.instances.assertions import (
    assert_each_processed_once,
    log_lines,
    stored_votes,
    wait_for,
    wait_until_settled,
)
from tests.e2e.instances.instance_groups import RunningInstances
from tests.e2e.instances.load_generator import SimulatedUsers

REASON = "this release cannot start"


def publish_code_that_exits(aws_port: int) -> LaunchGroup:
    return publish(aws_port, PORTAL, {"services/portal/__main__.py": f"raise SystemExit({REASON!r})\n"})


def deploy_wrong_checksum(aws_port: int) -> LaunchGroup:
    group = read_groups(aws_port)[PORTAL]
    checksum = parse_parts(group.user_data)[-1].sha256
    return deploy(aws_port, replace(group, user_data=group.user_data.replace(checksum, "0" * 64)))


def release_of(instance: BootedInstance) -> str:
    """Return the hash of the release that an instance reports."""
    port = instance.group.environment["PORTAL_PORT"]
    answer = instance.machine.execute("curl", "--silent", f"http://127.0.0.1:{port}/health/deep").stdout
    release: str = json.loads(answer)["release"]["hash"]
    return release


@pytest.mark.parametrize(
    ("deploy_broken", "message"),
    [(publish_code_that_exits, REASON), (deploy_wrong_checksum, "computed checksum did NOT match")],
)
def test_broken_release_is_abandoned_and_old_one_serves(
    region: Region, running: RunningInstances, deploy_broken: Callable[[int], LaunchGroup], message: str
) -> None:
    old = running.of(PORTAL)
    good = read_groups(region.aws_port)[PORTAL]
    deploy_broken(region.aws_port)
    try:
        with SimulatedUsers(running.rollout.balancer.url) as users, pytest.raises(InstanceNotReady) as failure:
            running.rollout.launch(PORTAL)
    finally:
        deploy(region.aws_port, good)
    assert failure.value.result == ABANDON
    assert users.failed == []
    assert users.answered > 0
    assert running.rollout.balancer.healthy() == [old.identity.address]
    shipped = log_lines(region, PORTAL, f"boot/{failure.value.instance.identity.instance_id}")
    assert any(message in line for line in shipped), shipped


def test_rollout_under_load_loses_and_repeats_nothing(
    region: Region, running: RunningInstances, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    balancer = running.rollout.balancer
    old = {service: running.of(service) for service in (PORTAL, WORKER)}
    clip = make_clip(tmp_path / "clip.mp4", seconds=8)
    with SimulatedUsers(balancer.url, clip) as users:
        wait_for(lambda: users.votes, what="the first vote for a video of the first release")
        for service in old:
            publish(region.aws_port, service, {"services/second_release.py": '"""No change."""\n'})
        portal, _ = running.replace(PORTAL)
        worker, worker_result = running.replace(WORKER)
        uploaded = len(users.uploads)
        wait_for(lambda: len(users.uploads) > uploaded, what="an upload to the second release only")
    with capsys.disabled():
        print(f"\nrollout under load: {users}")  # noqa: T201
    assert users.failed == []
    assert worker_result == CONTINUE
    assert balancer.healthy() == [portal.identity.address]
    assert release_of(portal) == portal.group.environment["RELEASE"] != old[PORTAL].group.environment["RELEASE"]
    assert worker.group.environment["RELEASE"] != old[WORKER].group.environment["RELEASE"]
    wait_until_settled(region, users.uploads, seconds=180)
    assert_each_processed_once(region, users.uploads)
    assert stored_votes(region, users.signed_up) == users.votes
    public = requests.get(f"{balancer.url}/api/public/videos", timeout=30).json()
    counted = {video["video_id"]: video["votes"] for video in public if video["video_id"] in users.uploads}
    assert +Counter(counted) == Counter(video for _, video in users.votes if video in users.uploads)
