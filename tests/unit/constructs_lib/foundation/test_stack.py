"""Stack: region, tags and state backend."""

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


def test_provider_has_region_and_tags() -> None:
    assert document(tags={"Team": "shop"})["provider"]["aws"] == [
        {"default_tags": [{"tags": {"Team": "shop"}}], "region": "eu-west-1"}
    ]
    assert document()["provider"]["aws"] == [{"region": "eu-west-1"}]


def test_s3_state_is_encrypted_and_locked() -> None:
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


def test_s3_state_in_another_region() -> None:
    state = S3State(bucket="states", region="us-east-1")

    assert document(state=state)["terraform"]["backend"]["s3"]["region"] == "us-east-1"


def test_local_state_folder(tmp_path: pathlib.Path) -> None:
    chosen = document(state=LocalState(folder=tmp_path))["terraform"]["backend"]["local"]["path"]
    default = document()["terraform"]["backend"]["local"]["path"]

    assert chosen == str(tmp_path / "shop.tfstate")
    assert default == str(pathlib.Path.cwd() / "terraform.shop.tfstate")


def test_output_has_exactly_its_name() -> None:
    stack = Stack(cdk.Testing.app(), "shop", region="eu-west-1")
    stack.output("media_bucket", Bucket(stack, "media", name="shop-media").name, "Where photos are")

    output = synth_stacks([stack])["shop"].document["output"]

    assert output["media_bucket"]["description"] == "Where photos are"
    assert output["media_bucket"]["value"].startswith("${aws_s3_bucket.media_")


def test_nested_construct_finds_its_region() -> None:
    stack = Stack(cdk.Testing.app(), "shop", region="eu-west-1")
    Network(cdk.Construct(stack, "team"), "network", flow_logs_off_reason="a test")

    endpoint = synth_stacks([stack])["shop"].one("aws_vpc_endpoint")

    assert endpoint["service_name"] == "com.amazonaws.eu-west-1.s3"


def test_plain_terraform_stack_has_one_region_data_source() -> None:
    stack = cdk.TerraformStack(cdk.Testing.app(), "other")
    cdk.aws.provider.AwsProvider(stack, "aws", region="eu-west-1")
    for id in ("one", "two"):
        Network(stack, id, flow_logs_off_reason="a test")

    template = synth_stacks([stack])["other"]

    assert list(template.document["data"]["aws_region"]) == ["aws-region"]
    for endpoint in template.resources("aws_vpc_endpoint").values():
        assert endpoint["service_name"] == "com.amazonaws.${data.aws_region.aws-region.name}.s3"


def test_invalid_region_is_an_error() -> None:
    with pytest.raises(ConstructError, match="shop: region is 'Ireland'; must be .* choose .* such as eu-west-1"):
        document(region="Ireland")
