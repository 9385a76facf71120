"""The base class of ANB's stacks."""

from __future__ import annotations

from constructs_lib import LocalState, S3State, SecurityAspect, Stack
from constructs_lib.foundation import cdk
from stacks.release_artifacts import PROJECT
from stacks.settings.model import Settings

EMULATED_HTTP = "the AWS emulator serves plain HTTP on loopback, and enforces the policy"
"""Reason for allowing plain HTTP on the emulator."""


class AnbStack(Stack):
    """A stack with ANB's region, tags and state.

    Args:
        settings: settings of the deployment.
    """

    def __init__(self, scope: cdk.Construct, id: str, settings: Settings) -> None:
        self.settings = settings
        self.prefix = settings.environment_name
        super().__init__(scope, id, region=settings.aws_region, tags=self.common_tags, state=_state(settings))
        cdk.Aspects.of(self).add(SecurityAspect())
        self.plain_http_reason = EMULATED_HTTP if settings.embedded else None
        if settings.embedded:
            self.provider.s3_use_path_style = True

    @property
    def common_tags(self) -> dict[str, str]:
        """Tags of every resource."""
        return {"Environment": self.prefix, "Project": "ANB-Rising-Stars", "ManagedBy": "Terraform"}


def _state(settings: Settings) -> LocalState | S3State:
    prefix = settings.environment_name
    if settings.state_backend == "s3":
        return S3State(bucket=settings.state_bucket, prefix=f"{prefix}/")
    return LocalState(folder=PROJECT / settings.state_directory / prefix)
