"""A release takes the place of another while people use the portal, or leaves no trace but its log."""

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
from tests.e2e.instances.instance_groups import Fleet
from tests.e2e.instances.load_generator import Crowd

REASON = "this release cannot start"


def code_that_ends(aws_port: int) -> LaunchGroup:
    return publish(aws_port, PORTAL, {"services/portal/__main__.py": f"raise SystemExit({REASON!r})\n"})


def code_that_is_not_what_was_promised(aws_port: int) -> LaunchGroup:
    group = read_groups(aws_port)[PORTAL]
    promised = parse_parts(group.user_data)[-1].sha256
    return deploy(aws_port, replace(group, user_data=group.user_data.replace(promised, "0" * 64)))


def release_of(instance: BootedInstance) -> str:
    """Which release an instance runs, by its own word."""
    port = instance.group.environment["PORTAL_PORT"]
    answer = instance.machine.execute("curl", "--silent", f"http://127.0.0.1:{port}/health/deep").stdout
    told: str = json.loads(answer)["release"]["hash"]
    return told


@pytest.mark.parametrize(
    ("break_it", "said"),
    [(code_that_ends, REASON), (code_that_is_not_what_was_promised, "computed checksum did NOT match")],
)
def test_a_release_that_cannot_start_is_abandoned_and_the_old_instance_serves_on(
    region: Region, fleet: Fleet, break_it: Callable[[int], LaunchGroup], said: str
) -> None:
    old = fleet.of(PORTAL)
    good = read_groups(region.aws_port)[PORTAL]
    break_it(region.aws_port)
    try:
        with Crowd(fleet.rollout.balancer.url) as crowd, pytest.raises(InstanceNotReady) as failure:
            fleet.rollout.launch(PORTAL)
    finally:
        deploy(region.aws_port, good)
    assert failure.value.result == ABANDON
    assert crowd.failed == []
    assert crowd.answered > 0
    assert fleet.rollout.balancer.healthy() == [old.identity.address]
    shipped = log_lines(region, PORTAL, f"boot/{failure.value.instance.identity.instance_id}")
    assert any(said in line for line in shipped), shipped


def test_a_release_rolls_out_under_load_and_nothing_is_lost_or_done_twice(
    region: Region, fleet: Fleet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    balancer = fleet.rollout.balancer
    old = {service: fleet.of(service) for service in (PORTAL, WORKER)}
    clip = make_clip(tmp_path / "clip.mp4", seconds=8)
    with Crowd(balancer.url, clip) as crowd:
        wait_for(lambda: crowd.votes, what="the first vote for what the first release processed")
        for service in old:
            publish(region.aws_port, service, {"services/second_release.py": '"""It changes nothing."""\n'})
        portal, _ = fleet.replace(PORTAL)
        worker, worker_said = fleet.replace(WORKER)
        uploaded = len(crowd.uploads)
        wait_for(lambda: len(crowd.uploads) > uploaded, what="an upload to the second release alone")
    with capsys.disabled():
        print(f"\nrollout under load: {crowd}")  # noqa: T201
    assert crowd.failed == []
    assert worker_said == CONTINUE
    assert balancer.healthy() == [portal.identity.address]
    assert release_of(portal) == portal.group.environment["RELEASE"] != old[PORTAL].group.environment["RELEASE"]
    assert worker.group.environment["RELEASE"] != old[WORKER].group.environment["RELEASE"]
    wait_until_settled(region, crowd.uploads, seconds=180)
    assert_each_processed_once(region, crowd.uploads)
    assert stored_votes(region, crowd.signed_up) == crowd.votes
    public = requests.get(f"{balancer.url}/api/public/videos", timeout=30).json()
    counted = {video["video_id"]: video["votes"] for video in public if video["video_id"] in crowd.uploads}
    assert +Counter(counted) == Counter(video for _, video in crowd.votes if video in crowd.uploads)
