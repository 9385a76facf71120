"""Generated secrets."""

from __future__ import annotations

from constructs_lib.foundation import cdk, names
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.grants import RoleOwner
from constructs_lib.foundation.waivers import waive


class GeneratedSecret(cdk.Construct):
    """A random secret in Secrets Manager whose value is never in a plan or a state.

    Terraform reads random text from Secrets Manager (an ephemeral resource, discarded after the run) and passes it to
    a write-only argument. Requires Terraform 1.11.
    https://developer.hashicorp.com/terraform/language/manage-sensitive-data/write-only

    Args:
        description: purpose of the secret.
        name: prefix of the secret's name; by default derived from the construct's path.
        length: number of characters, 32 to 512.
        version: version of the value; raise it by one to generate a new value.
        recovery_days: days for which a deleted secret can be restored, 7 to 30.
        unprotected_reason: reason why a secret is deleted immediately, without recovery.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        description: str,
        name: str | None = None,
        length: int = 64,
        version: int = 1,
        recovery_days: int = 7,
        unprotected_reason: str | None = None,
    ) -> None:
        checks = Checks(scope, id)
        name = names.secret(checks, name)
        checks.between("length", length, 32, 512, fix="use 64, the usual choice")
        fix = "use 7 or more, or give the reason for immediate deletion in unprotected_reason"
        checks.between("recovery_days", recovery_days, 7, 30, fix=fix)
        super().__init__(scope, id)
        # The framework has no class for ephemeral resources.
        source = f"{cdk.TerraformStack.of(self).node.id}-{id}".replace("-", "_")
        cdk.TerraformStack.of(self).add_override(
            f"ephemeral.aws_secretsmanager_random_password.{source}",
            {"password_length": length, "exclude_punctuation": True},
        )
        secret = cdk.aws.secretsmanager_secret.SecretsmanagerSecret(
            self,
            "secret",
            name_prefix=f"{name}-",
            description=description,
            recovery_window_in_days=recovery_days if unprotected_reason is None else 0,
        )
        if unprotected_reason is not None:
            waive(self, "is gone at once when deleted", reason=unprotected_reason)
        cdk.aws.secretsmanager_secret_version.SecretsmanagerSecretVersion(
            self,
            "value",
            secret_id=secret.id,
            secret_string_wo=f"${{ephemeral.aws_secretsmanager_random_password.{source}.random_password}}",
            secret_string_wo_version=version,
        )
        self.arn: str = secret.arn

    def grant_read(self, owner: RoleOwner) -> None:
        """Allow a service to read the value."""
        sid = "Read" + self.node.id.title().replace("-", "")
        owner.role.allow(sid, ["secretsmanager:GetSecretValue"], [self.arn])
