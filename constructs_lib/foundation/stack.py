"""Stacks: resources that are deployed together, in one region, with one state."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from constructs_lib.foundation import cdk, offers, stack_context
from constructs_lib.foundation.errors import Checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalState:
    """Terraform state on this machine, for one user.

    Args:
        folder: folder of ``<stack>.tfstate``; a relative path starts at Terraform's working folder.
    """

    folder: str | pathlib.Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class S3State:
    """Terraform state in S3, encrypted and locked by S3 itself, without a DynamoDB table.

    https://developer.hashicorp.com/terraform/language/backend/s3

    Args:
        bucket: name of an existing bucket, which should be versioned.
        prefix: prefix of the key ``<stack>.tfstate``, such as ``shop/``; none by default.
        region: region of the bucket; by default the stack's.
    """

    bucket: str
    prefix: str = ""
    region: str | None = None


class Stack(cdk.TerraformStack):
    """A Terraform stack on AWS, with its region, tags and state backend.

        app = cdk.App()
        stack = Stack(app, "shop", region="eu-west-1", tags={"Team": "shop"})
        stack.output("media", Bucket(stack, "media").name)
        app.synth()

    Args:
        region: AWS region of the partition ``aws``.
        tags: tags of every resource that supports tags.
        state: where Terraform keeps the state, ``S3State`` or ``LocalState``; by default the file
            ``terraform.<stack>.tfstate`` in the working folder.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        region: str,
        tags: Mapping[str, str] | None = None,
        state: LocalState | S3State | None = None,
    ) -> None:
        checks = Checks(scope, id)
        offers.check_region(checks, region)
        checks.name("region", region, longest=25, owner="region, such as eu-west-1", pattern=r"[a-z]{2}(-[a-z]+)+-\d")
        super().__init__(scope, id)
        self.region = region
        stack_context.set_region(self, region)
        self.provider: Any = cdk.aws.provider.AwsProvider(
            self, "aws", region=region, default_tags=[{"tags": dict(tags)}] if tags else None
        )
        if isinstance(state, LocalState):
            cdk.LocalBackend(self, path=f"{pathlib.PurePath(state.folder) / id}.tfstate")
        elif state is not None:
            backend = cdk.S3Backend(
                self,
                bucket=state.bucket,
                key=f"{state.prefix}{id}.tfstate",
                region=state.region or region,
                encrypt=True,
            )
            # The framework's options do not include S3's own locking.
            backend.add_override("use_lockfile", True)

    @property
    def account(self) -> str:
        """A reference to the account's number."""
        return stack_context.account(self)

    def output(self, name: str, value: str, description: str | None = None) -> None:
        """Add a Terraform output with exactly this name.

        Args:
            name: name in ``terraform output``.
            value: value, usually an attribute of a construct.
            description: description of the output.
        """
        cdk.TerraformOutput(self, name, value=value, description=description).override_logical_id(name)
