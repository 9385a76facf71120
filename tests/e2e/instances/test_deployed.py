"""What was deployed boots: the very user-data, on the very operating system, up to a video that people voted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.boot.groups import PORTAL, WORKER
from benchmarks.boot.region import BootedInstance, Region
from emulator.autoscaling import CONTINUE
from emulator.load_balancer import LoadBalancer
from operations.local.clips import make_clip
from tests.e2e.instances.assertions import assert_each_processed_once
from tests.e2e.instances.instance_groups import Fleet
from tests.e2e.up.people import Person

KEYS = "meta-data/iam/security-credentials"


@pytest.fixture(scope="module")
def portal(fleet: Fleet) -> BootedInstance:
    return fleet.of(PORTAL)


@pytest.fixture(scope="module")
def worker(fleet: Fleet) -> BootedInstance:
    return fleet.of(WORKER)


@pytest.fixture(scope="module", params=[PORTAL, WORKER])
def instance(request: pytest.FixtureRequest) -> BootedInstance:
    found: BootedInstance = request.getfixturevalue(request.param)
    return found


def test_an_instance_says_that_it_is_ready_and_its_user_data_ended_well(instance: BootedInstance) -> None:
    assert instance.launching is not None
    assert instance.launching.result == CONTINUE
    assert instance.machine.wait_for_user_data() == "done"


def test_it_ran_the_deployed_user_data_byte_for_byte(instance: BootedInstance) -> None:
    ran = instance.machine.execute("cat", "/var/lib/cloud/instance/user-data.txt").stdout
    assert ran == instance.group.user_data


def test_nothing_but_session_manager_has_failed_on_it(instance: BootedInstance) -> None:
    """AWS's own bucket with its agent is not served here, and the user-data takes that lightly."""
    failed = instance.machine.execute("systemctl", "list-units", "--failed", "--plain", "--no-legend").stdout
    assert [line.split()[0] for line in failed.splitlines()] in ([], ["session-manager-agent.service"])


def test_its_credentials_come_from_the_path_of_its_role(region: Region, instance: BootedInstance) -> None:
    address = instance.identity.address
    assert f"{KEYS}/{instance.group.role}" in region.metadata.paths(address)
    assert {call.access_key for call in region.recorder.of(address) if call.access_key} == {
        instance.identity.credentials.access_key
    }
    assert instance.launching is not None
    assert instance.launching.reported_by == instance.identity.credentials.access_key


def test_people_sign_up_upload_and_vote_through_the_booted_instances(
    region: Region, balancer: LoadBalancer, portal: BootedInstance, worker: BootedInstance, tmp_path: Path
) -> None:
    player, fan = (Person(balancer.url, name, "Villa de Leyva") for name in ("Valentina", "Santiago"))
    for person in (player, fan):
        assert person.sign_up().status_code == 201
        person.sign_in()
    answer = player.upload(make_clip(tmp_path / "clip.mp4", seconds=22), "Triple desde media cancha")
    assert answer.status_code == 201, answer.text
    video = player.wait_until_processed(answer.json()["task_id"])
    assert fan.vote(video["video_id"]).status_code == 200
    assert fan.vote(video["video_id"]).status_code == 400
    (ranked,) = fan.get("/api/public/rankings", city="Villa de Leyva").json()
    assert (ranked["video_id"], ranked["votes"]) == (video["video_id"], 1)
    assert_each_processed_once(region, [video["video_id"]])
