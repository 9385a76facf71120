"""Summary of a deployment for the terminal and deployment-info.txt, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from operations.deploy.states import TerraformState

SUMMARY_FILE = "deployment-info.txt"
_MISSING = "N/A"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Summary of a deployment.

    Args:
        environment_name: Prefix of the resource names.
        target: local or aws.
        region: AWS region.
        account: AWS account number.
        database_name, database_user: From the settings.
        outputs: Outputs of all stacks.
        secrets: ARNs of the secrets that the services read, by description.
    """

    environment_name: str
    target: str
    region: str
    account: str
    database_name: str
    database_user: str
    outputs: Mapping[str, str]
    secrets: Mapping[str, str]

    def rows(self) -> dict[str, str]:
        """Labels and values for the terminal."""
        return {
            "Environment": self.environment_name,
            "S3 bucket": self._output("s3_bucket_name"),
            "Application URL": self._output("application_url"),
            "Database endpoint": self._output("db_endpoint"),
            "SQS queue": self._output("sqs_queue_url"),
        }

    def text(self, now: datetime) -> str:
        """Contents of the file.

        Args:
            now: Time of the deployment.
        """
        return "\n".join([*self._lines(now), ""])

    def _output(self, name: str) -> str:
        return str(self.outputs.get(name) or _MISSING)

    def _lines(self, now: datetime) -> Iterator[str]:
        yield "ANB Rising Stars: deployment"
        yield "============================"
        yield f"Date: {now:%Y-%m-%d %H:%M:%S %Z}".rstrip()
        yield f"Environment: {self.environment_name}"
        yield f"Region: {self.region}"
        yield f"AWS account: {self.account}{' (emulator)' if self.target == 'local' else ''}"
        yield ""
        yield "Resources"
        yield f"  S3 bucket: {self._output('s3_bucket_name')}"
        yield f"  Application URL: {self._output('application_url')}"
        yield f"  Database endpoint: {self._output('db_endpoint')}"
        yield f"  Database name: {self.database_name}"
        yield f"  Database user: {self.database_user}"
        yield f"  SQS queue: {self._output('sqs_queue_url')}"
        yield ""
        yield "Secrets (references only; reading them requires permission)"
        for description, arn in self.secrets.items():
            yield f"  {description}: aws secretsmanager get-secret-value --secret-id {arn}"
        yield ""
        yield "Commands"
        yield f"  {'Pending changes':<15} ./anb deploy, and answer n"
        yield f"  {'Health check':<15} curl {self._output('application_url')}/health"
        yield f"  {'Shell':<15} aws ssm start-session --target INSTANCE"
        yield f"  {'All outputs':<15} terraform output, in a stack's folder"


def find_secrets(states: Mapping[str, TerraformState]) -> dict[str, str]:
    """ARNs of the secrets that the services read, by description."""
    arns: dict[str, str] = {}
    for state in states.values():
        for kind, _, attributes in state.resources:
            if kind == "aws_db_instance":
                for secret in attributes["master_user_secret"]:
                    arns["Database password"] = secret["secret_arn"]
            elif kind == "aws_secretsmanager_secret":
                arns[attributes.get("description") or attributes["name"]] = attributes["arn"]
    return arns
