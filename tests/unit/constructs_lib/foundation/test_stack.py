"""Stack: the region said once, tags, and where Terraform keeps its state."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from constructs_lib import Bucket, ConstructError, LocalState, Network, S3State, Stack
from constructs_lib.foundation import cdk
from constructs_lib.testing import synth_stacks


def document(**options: Any) -> dict[str, Any]:
    stack = Stack(cdk.Testing.app(), "shop", **{"region": "eu-west-1", **options})
    Bucket(stack, "media", name="shop-media")
    return synth_stacks([stack])["shop"].document


def test_the_provider_has_the_region_and_the_tags() -> None:
    assert document(tags={"Team": "shop"})["provider"]["aws"] == [
        {"default_tags": [{"tags": {"Team": "shop"}}], "region": "eu-west-1"}
    ]
    assert document()["provider"]["aws"] == [{"region": "eu-west-1"}]


def test_state_in_s3_is_encrypted_and_locked_by_s3() -> None:
    backend = document(state=S3State(bucket="states", prefix="shop/"))["terraform"]["backend"]

    assert backend == {
        "s3": {
            "bucket": "states",
            "encrypt": True,
            "key": "shop/shop.tfstate",
            "region": "eu-west-1",
            "use_lockfile": True,
        }
    }


def test_states_of_several_regions_may_be_in_one_bucket() -> None:
    state = S3State(bucket="states", region="us-east-1")

    assert document(state=state)["terraform"]["backend"]["s3"]["region"] == "us-east-1"


def test_local_state_is_where_it_is_said_or_beside_the_app(tmp_path: pathlib.Path) -> None:
    chosen = document(state=LocalState(folder=tmp_path))["terraform"]["backend"]["local"]["path"]
    usual = document()["terraform"]["backend"]["local"]["path"]

    assert chosen == str(tmp_path / "shop.tfstate")
    assert usual == str(pathlib.Path.cwd() / "terraform.shop.tfstate")


def test_an_output_has_exactly_its_name() -> None:
    stack = Stack(cdk.Testing.app(), "shop", region="eu-west-1")
    stack.output("media_bucket", Bucket(stack, "media", name="shop-media").name, "Where photos are")

    output = synth_stacks([stack])["shop"].document["output"]

    assert output["media_bucket"]["description"] == "Where photos are"
    assert output["media_bucket"]["value"].startswith("${aws_s3_bucket.media_")


def test_constructs_know_their_region_however_deep_they_are() -> None:
    stack = Stack(cdk.Testing.app(), "shop", region="eu-west-1")
    Network(cdk.Construct(stack, "team"), "network", flow_logs_off_reason="a test")

    endpoint = synth_stacks([stack])["shop"].one("aws_vpc_endpoint")

    assert endpoint["service_name"] == "com.amazonaws.eu-west-1.s3"


def test_in_a_stack_of_another_making_terraform_finds_the_region_out_once() -> None:
    stack = cdk.TerraformStack(cdk.Testing.app(), "other")
    cdk.aws.provider.AwsProvider(stack, "aws", region="eu-west-1")
    for id in ("one", "two"):
        Network(stack, id, flow_logs_off_reason="a test")

    template = synth_stacks([stack])["other"]

    assert list(template.document["data"]["aws_region"]) == ["aws-region"]
    for endpoint in template.resources("aws_vpc_endpoint").values():
        assert endpoint["service_name"] == "com.amazonaws.${data.aws_region.aws-region.name}.s3"


def test_what_is_no_region_is_refused() -> None:
    with pytest.raises(ConstructError, match="shop: region is 'Ireland'; must be .* choose .* such as eu-west-1"):
        document(region="Ireland")
