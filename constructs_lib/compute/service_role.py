"""The IAM role of a service's instances, and its permissions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from constructs_lib.foundation import cdk, names, policy
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.policy import Statement
from constructs_lib.network.interface_endpoints import endpoint_of
from constructs_lib.network.network import Network

# AmazonSSMManagedInstanceCore would also allow reading every parameter of the account. These actions take
# no resource, or that of an instance, whose id does not exist before its role.
# https://docs.aws.amazon.com/systems-manager/latest/userguide/getting-started-create-iam-instance-profile.html
_SESSION_MANAGER = (
    "ssm:UpdateInstanceInformation",
    "ssmmessages:CreateControlChannel",
    "ssmmessages:CreateDataChannel",
    "ssmmessages:OpenControlChannel",
    "ssmmessages:OpenDataChannel",
)


class ServiceRole(cdk.Construct):
    """An instance role with only the granted permissions.

        role = ServiceRole(self, "batch")
        bucket.grant_read(role, prefix="reports/")

    Args:
        name: prefix of the names of the role and the profile, at most 37 characters; by default derived from the
            construct's path.
        existing_profile: name of an instance profile to use instead, for accounts that cannot create roles (AWS
            Academy labs). Then no role is created, and a note at synth lists what the profile must allow.
        network: network of the instances; synth warns about a granted service that is not reachable from it.
        session_manager: whether Session Manager may open a shell on the instances. Default: false.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        name: str | None = None,
        existing_profile: str | None = None,
        network: Network | None = None,
        session_manager: bool = False,
    ) -> None:
        name = names.role(Checks(scope, id), name)
        super().__init__(scope, id)
        self.statements: list[Statement] = []
        """The granted statements."""
        self.arn: str | None = None
        """ARN of the role; None with an existing profile."""
        self._policy: Any = None
        self._role: Any = None
        self._network = network
        self._unreachable: set[str] = set()
        if existing_profile is not None:
            self.profile_name = existing_profile
            return
        create_first = cdk.TerraformResourceLifecycle(create_before_destroy=True)
        role = cdk.aws.iam_role.IamRole(
            self,
            "role",
            name_prefix=f"{name}-",
            description=f"Instances of {name}",
            assume_role_policy=policy.trust("ec2.amazonaws.com"),
            lifecycle=create_first,
        )
        profile = cdk.aws.iam_instance_profile.IamInstanceProfile(
            self, "profile", name_prefix=f"{name}-", role=role.name, lifecycle=create_first
        )
        self._role = role
        self.arn = role.arn
        self.profile_name = str(profile.name)
        if session_manager:
            self.allow("SessionManager", _SESSION_MANAGER, ["*"])

    @property
    def role(self) -> ServiceRole:
        """The role itself, so that grants accept it."""
        return self

    def allow(
        self,
        sid: str,
        actions: Sequence[str],
        resources: Sequence[str],
        condition: Mapping[str, Mapping[str, object]] | None = None,
    ) -> None:
        """Add a statement to the role's policy. The grants of other constructs call this."""
        self.statements.append(Statement(sid, actions, resources, condition))
        self._warn_of_unreachable_services(actions)
        if self._role is None:
            cdk.Annotations.of(self).add_info(
                f"the instance profile {self.profile_name} must allow {', '.join(sorted(actions))}"
            )
            return
        document = policy.document([statement.as_dict() for statement in self.statements])
        if self._policy is None:
            self._policy = cdk.aws.iam_role_policy.IamRolePolicy(
                self, "policy", name_prefix="granted-", role=self._role.name, policy=document
            )
        else:
            self._policy.policy = document

    def _warn_of_unreachable_services(self, actions: Sequence[str]) -> None:
        for action in actions:
            service = endpoint_of(action)
            if self._network is None or self._network.reaches(service) or service in self._unreachable:
                continue
            self._unreachable.add(service)
            cdk.Annotations.of(self).add_warning(
                f"may {action} but cannot reach {service}: its network has no NAT. "
                f"Add {service!r} to the network's interface_endpoints"
            )
