"""What was deployed, for people: on the screen and in deployment-info.txt, without a secret."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from operations.deploy.states import TerraformState

FILE = "deployment-info.txt"
_MISSING = "N/A"


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What was deployed.

    Args:
        environment_name: prefix of its resources.
        target: local or aws.
        region: of AWS.
        account: its number.
        release: what its instances run, in a line.
        database_name, database_user: from the settings.
        outputs: of all stacks.
        secrets: names of those that the services read, by what they hold.
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
        """What is shown when all is done."""
        return {
            "Environment": self.environment_name,
            "S3 bucket": self._output("s3_bucket_name"),
            "Application URL": self._output("application_url"),
            "Database endpoint": self._output("db_endpoint"),
            "SQS queue": self._output("sqs_queue_url"),
        }

    def text(self, now: datetime) -> str:
        """The file.

        Args:
            now: when it was deployed.
        """
        return "\n".join([*self._lines(now), ""])

    def _output(self, name: str) -> str:
        return str(self.outputs.get(name) or _MISSING)

    def _lines(self, now: datetime) -> Iterator[str]:
        yield "ANB Rising Stars: what is deployed"
        yield "=================================="
        yield f"Date: {now:%Y-%m-%d %H:%M:%S %Z}".rstrip()
        yield f"Environment: {self.environment_name}"
        yield f"Region: {self.region}"
        yield f"AWS account: {self.account}{' (embedded)' if self.target == 'local' else ''}"
        yield ""
        yield "Resources"
        yield f"  S3 bucket: {self._output('s3_bucket_name')}"
        yield f"  Application URL: {self._output('application_url')}"
        yield f"  Database endpoint: {self._output('db_endpoint')}"
        yield f"  Database name: {self.database_name}"
        yield f"  Database user: {self.database_user}"
        yield f"  SQS queue: {self._output('sqs_queue_url')}"
        yield ""
        yield "Secrets (none is in this file; who may, reads them where they are kept)"
        for what, name in self.secrets.items():
            yield f"  {what}: aws secretsmanager get-secret-value --secret-id {name}"
        yield ""
        yield "Commands"
        yield f"  {'What there is':<14} ./anb deploy, and answer n"
        yield f"  {'Health':<14} curl {self._output('application_url')}/health"
        yield f"  {'A shell':<14} aws ssm start-session --target INSTANCE"
        yield f"  {'All outputs':<14} terraform output, in a stack's folder"


def secrets(states: Mapping[str, TerraformState]) -> dict[str, str]:
    """Where the services read their secrets: the ARN, by what it holds."""
    found: dict[str, str] = {}
    for state in states.values():
        for kind, _, attributes in state.resources:
            if kind == "aws_db_instance":
                for each in attributes["master_user_secret"]:
                    found["Database password"] = each["secret_arn"]
            elif kind == "aws_secretsmanager_secret":
                found[attributes.get("description") or attributes["name"]] = attributes["arn"]
    return found
