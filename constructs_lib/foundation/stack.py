"""A stack: what is deployed together, in one region, with one state."""

from __future__ import annotations

import dataclasses
import pathlib
from collections.abc import Mapping
from typing import Any

from constructs_lib.foundation import cdk, stack_context
from constructs_lib.foundation.errors import Checks


@dataclasses.dataclass(frozen=True, kw_only=True)
class LocalState:
    """Terraform's state on this machine, for one person.

    Args:
        folder: where it is kept, as ``<stack>.tfstate``; a relative one is seen from where Terraform runs.
    """

    folder: str | pathlib.Path


@dataclasses.dataclass(frozen=True, kw_only=True)
class S3State:
    """Terraform's state in S3, encrypted, locked by S3 itself: no table is needed.

    https://developer.hashicorp.com/terraform/language/backend/s3

    Args:
        bucket: made beforehand, with versions kept.
        prefix: what stands before ``<stack>.tfstate`` in the key, such as ``shop/``.
        region: of the bucket; by default the stack's.
    """

    bucket: str
    prefix: str = ""
    region: str | None = None


class Stack(cdk.TerraformStack):
    """A Terraform stack on AWS: its region, its tags and where its state is.

        app = cdk.App()
        stack = Stack(app, "shop", region="eu-west-1", tags={"Team": "shop"})
        stack.output("media", Bucket(stack, "media").name)
        app.synth()

    Args:
        region: the AWS region.
        tags: of everything in it that can be tagged.
        state: where Terraform keeps its state, ``S3State`` or ``LocalState``; by default in the folder the app is run
            in, as ``terraform.<stack>.tfstate``.
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
        Checks(scope, id).name(
            "region", region, longest=25, owner="region, such as eu-west-1", pattern=r"[a-z]{2}(-[a-z]+)+-\d"
        )
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
            # S3's own locking is newer than the framework's list of options.
            backend.add_override("use_lockfile", True)

    @property
    def account(self) -> str:
        """A reference to the account's number."""
        return stack_context.account(self)

    def output(self, name: str, value: str, description: str | None = None) -> None:
        """An output by exactly this name.

        Args:
            name: as ``terraform output`` shows it.
            value: usually an attribute of a construct.
            description: what it is.
        """
        cdk.TerraformOutput(self, name, value=value, description=description).override_logical_id(name)
