"""The deployed user data boots on the instances' operating system, and users upload and vote through the instances."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.boot.groups import PORTAL, WORKER
from benchmarks.boot.region import BootedInstance, Region
from emulator.autoscaling import CONTINUE
from emulator.load_balancer import LoadBalancer
from operations.local.clips import make_clip
from tests.e2e.instances.assertions import assert_each_processed_once
from tests.e2e.instances.instance_groups import RunningInstances
from tests.e2e.up.people import ApiUser

KEYS = "meta-data/iam/security-credentials"


@pytest.fixture(scope="module")
def portal(running: RunningInstances) -> BootedInstance:
    return running.of(PORTAL)


@pytest.fixture(scope="module")
def worker(running: RunningInstances) -> BootedInstance:
    return running.of(WORKER)


@pytest.fixture(scope="module", params=[PORTAL, WORKER])
def instance(request: pytest.FixtureRequest) -> BootedInstance:
    booted: BootedInstance = request.getfixturevalue(request.param)
    return booted


def test_instance_reports_ready_and_user_data_succeeds(instance: BootedInstance) -> None:
    assert instance.launching is not None
    assert instance.launching.result == CONTINUE
    assert instance.machine.wait_for_user_data() == "done"


def test_instance_ran_the_deployed_user_data(instance: BootedInstance) -> None:
    executed = instance.machine.execute("cat", "/var/lib/cloud/instance/user-data.txt").stdout
    assert executed == instance.group.user_data


def test_no_unit_fails(instance: BootedInstance) -> None:
    assert instance.machine.execute("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout == ""


def test_credentials_come_from_the_path_of_the_role(region: Region, instance: BootedInstance) -> None:
    address = instance.identity.address
    assert f"{KEYS}/{instance.group.role}" in region.metadata.paths(address)
    assert {call.access_key for call in region.recorder.of(address) if call.access_key} == {
        instance.identity.credentials.access_key
    }
    assert instance.launching is not None
    assert instance.launching.reported_by == instance.identity.credentials.access_key


def test_users_sign_up_upload_and_vote_on_booted_instances(
    region: Region, balancer: LoadBalancer, portal: BootedInstance, worker: BootedInstance, tmp_path: Path
) -> None:
    player, voter = (ApiUser(balancer.url, name, "Villa de Leyva") for name in ("Valentina", "Santiago"))
    for user in (player, voter):
        assert user.sign_up().status_code == 201
        user.sign_in()
    answer = player.upload(make_clip(tmp_path / "clip.mp4", seconds=22), "Triple desde media cancha")
    assert answer.status_code == 201, answer.text
    video = player.wait_until_processed(answer.json()["task_id"])
    assert voter.vote(video["video_id"]).status_code == 200
    assert voter.vote(video["video_id"]).status_code == 400
    (ranked,) = voter.get("/api/public/rankings", city="Villa de Leyva").json()
    assert (ranked["video_id"], ranked["votes"]) == (video["video_id"], 1)
    assert_each_processed_once(region, [video["video_id"]])
