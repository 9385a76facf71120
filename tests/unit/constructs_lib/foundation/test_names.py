"""Names of AWS resources: derived from the path, stable, within each service's limit."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constructs_lib import ConstructError
from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.testing import synth

IDS = st.text("abcXYZ019-_. ", min_size=1, max_size=60).filter(lambda id: re.search("[a-zA-Z0-9]", id))
LIMITS: dict[Callable[[Checks, str | None], str], int] = {
    names.alarm: 255,
    names.alarms: 200,
    names.dashboard: 255,
    names.database_instance: 63,
    names.firewall: 100,
    names.instance_group: 37,
    names.group: 255,
    names.load_balancer: 32,
    names.network: 31,
    names.queue: 76,
    names.role: 37,
    names.secret: 480,
    names.security_group: 200,
    names.topic: 240,
}


@pytest.mark.parametrize(
    ("path", "longest", "name"),
    [
        ("shop/thumbnails", 76, "shop-thumbnails"),
        ("shop/web/team", 76, "shop-web-team-50ff3689"),
        ("Shop/thumbnails", 76, "shop-thumbnails-0b73ba3b"),
        ("shop/thumbnails-of-photos", 20, "shop-thumbn-19a7b47d"),
    ],
    ids=["in a stack", "deeper", "other characters", "too long"],
)
def test_derived_name(path: str, longest: int, name: str) -> None:
    """These names exist in users' accounts and must not change."""
    assert names.derive(path, longest) == name


@given(st.lists(IDS, min_size=1, max_size=4), st.integers(20, 80))
def test_aws_accepts_every_derived_name(ids: list[str], longest: int) -> None:
    name = names.derive("/".join(ids), longest)

    assert re.fullmatch(r"[a-z0-9](-?[a-z0-9])*", name)
    assert len(name) <= longest


@given(
    st.lists(st.lists(st.sampled_from(["a", "b", "a-b", "A", "b_a"]), min_size=3, max_size=4), min_size=2, max_size=2)
)
def test_different_paths_get_different_names(paths: list[list[str]]) -> None:
    one, other = ("/".join(["shop", *path]) for path in paths)

    assert (names.derive(one, 40) == names.derive(other, 40)) == (one == other)


@pytest.mark.parametrize("choose", LIMITS, ids=lambda choose: choose.__name__)
def test_name_is_derived_or_checked(choose: Callable[[Checks, str | None], str]) -> None:
    longest = LIMITS[choose]

    def build(stack: cdk.TerraformStack) -> None:
        assert choose(Checks(stack, "jobs"), None) == "test-jobs"
        assert choose(Checks(stack, "jobs"), "given") == "given"
        derived = choose(Checks(stack, "j" * 600), None)
        assert len(derived) <= longest and re.search(r"-[0-9a-f]{8}$", derived)
        with pytest.raises(ConstructError, match=rf"test/jobs: (group_)?name is 'j+'; must be 1 to {longest} char"):
            choose(Checks(stack, "jobs"), "j" * (longest + 1))
        cdk.TerraformOutput(stack, "one", value="an element")

    synth(build)


def test_bucket_name_ends_in_account_and_region() -> None:
    from constructs_lib import Bucket

    template = synth(lambda stack: Bucket(stack, "media"))

    assert template.one("aws_s3_bucket")["bucket"] == (
        "test-media-${data.aws_caller_identity.aws-account.account_id}-us-east-1"
    )


def test_longest_bucket_stem_leaves_room_for_the_region() -> None:
    def build(stack: cdk.TerraformStack) -> None:
        stem = names.bucket_stem(Checks(stack, "m" * 80))
        assert len(f"{stem}-123456789012-ap-southeast-1") == 63
        cdk.TerraformOutput(stack, "one", value="an element")

    synth(build)


@pytest.mark.parametrize(
    ("choose", "name", "reserved"),
    [
        (names.load_balancer, "internal-alb", "not begin with internal-"),
        (names.security_group, "sg-web", "not begin with sg-"),
        (names.log_group, "aws/shop", "not begin with aws/"),
        (names.bucket, "sthree-shop", "not begin with sthree-"),
        (names.bucket, "amzn-s3-demo-${TfToken[TOKEN.1]}", "not begin with amzn-s3-demo-"),
        (names.bucket, "shop-s3alias", "not end in -s3alias"),
    ],
)
def test_name_that_aws_reserves_is_rejected(choose: Callable[[Checks, str], str], name: str, reserved: str) -> None:
    with pytest.raises(ConstructError, match=rf"must be a name that does {reserved}\. Fix: choose another name; AWS"):
        choose(Checks(None, "shop"), name)


def test_similar_names_are_accepted() -> None:
    checks = Checks(None, "shop")

    assert names.load_balancer(checks, "internals-alb") == "internals-alb"
    assert names.security_group(checks, "sgd-web") == "sgd-web"
    for name in ("-alb", "alb-"):
        with pytest.raises(ConstructError, match="must be 1 to 32 characters matching"):
            names.load_balancer(checks, name)
