"""The identity of a service's instances, and what it has been granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from constructs_lib.foundation import cdk, names, policy
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.policy import Statement
from constructs_lib.network.interface_endpoints import endpoint_of
from constructs_lib.network.network import Network

# AmazonSSMManagedInstanceCore would also let it read every parameter of the account. These take no resource.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
_SESSION_MANAGER = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


class ServiceRole(cdk.Construct):
    """An instance role that may do nothing but what the grants say, and be reached by Session Manager.

        role = ServiceRole(self, "batch")
        bucket.grant_read(role, prefix="reports/")

    Args:
        name: prefix of the role's and the profile's name, at most 37 characters; by default it follows from
            the construct's path.
        existing_profile: name of an instance profile to use instead, for accounts where roles can't be made (AWS
            Academy labs). Then nothing is made, and a note at synth says what that profile must allow.
        network: where the instances are; a service they are granted and cannot reach from there warns at synth.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str | None = None,
        existing_profile: str | None = None,
        network: Network | None = None,
    ) -> None:
        name = names.role(Checks(scope, id), name)
        super().__init__(scope, id)
        self.statements: list[Statement] = []
        """What has been granted so far."""
        self._policy: Any = None
        self._role: Any = None
        self._network = network
        self._out_of_reach: set[str] = set()
        if existing_profile is not None:
            self.profile_name = existing_profile
            return
        keep_order = cdk.TerraformResourceLifecycle(create_before_destroy=True)
        role = cdk.aws.iam_role.IamRole(
            self,
            "role",
            name_prefix=f"{name}-",
            description=f"Instances of {name}",
            assume_role_policy=policy.trust("ec2.amazonaws.com"),
            lifecycle=keep_order,
        )
        profile = cdk.aws.iam_instance_profile.IamInstanceProfile(
            self, "profile", name_prefix=f"{name}-", role=role.name, lifecycle=keep_order
        )
        self._role = role
        self.profile_name = str(profile.name)
        self.allow("SessionManager", _SESSION_MANAGER, ["*"])

    @property
    def role(self) -> ServiceRole:
        """Itself, so that grants can be made to it."""
        return self

    def allow(
        self,
        sid: str,
        actions: Sequence[str],
        resources: Sequence[str],
        condition: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """Add a statement to the role's policy. The grants of the other constructs call it."""
        self.statements.append(Statement(sid, actions, resources, condition))
        self._warn_of_what_is_out_of_reach(actions)
        if self._role is None:
            cdk.Annotations.of(self).add_info(
                f"the instance profile {self.profile_name} must allow {', '.join(sorted(actions))}"
            )
            return
        written = policy.document([statement.as_dict() for statement in self.statements])
        if self._policy is None:
            self._policy = cdk.aws.iam_role_policy.IamRolePolicy(
                self, "policy", name_prefix="granted-", role=self._role.name, policy=written
            )
        else:
            self._policy.policy = written

    def _warn_of_what_is_out_of_reach(self, actions: Sequence[str]) -> None:
        for action in actions:
            service = endpoint_of(action)
            if self._network is None or self._network.reaches(service) or service in self._out_of_reach:
                continue
            self._out_of_reach.add(service)
            cdk.Annotations.of(self).add_warning(
                f"may {action} but cannot reach {service}: its network has no NAT. "
                f"Add {service!r} to the network's interface_endpoints"
            )
