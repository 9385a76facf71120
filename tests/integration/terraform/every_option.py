"""The example that uses every option, deployed as its README says: with Terraform only, its state in S3."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import emulator_gaps
from programs import run

from emulator import aws
from emulator.api_calls import ApiCall, read_calls
from workspace import aws_provider, paths
from workspace.cdktf import Tools

EXAMPLE = paths.ROOT / "examples/every_option.py"
REGION = "eu-west-1"

# The emulator's buckets are paths of its URL, not host names.
_PATH_STYLE = {"provider": {"aws": [{"s3_use_path_style": True}]}}
_BACKEND = ("-backend-config=use_path_style=true", "-backend-config=skip_requesting_account_id=true")


UPDATES: dict[str, dict[str, object]] = {
    "aws_autoscaling_group": {"max_size": 12},
    "aws_cloudwatch_log_group": {"retention_in_days": 180},
    "aws_cloudwatch_metric_alarm": {"evaluation_periods": 4},
    "aws_db_instance": {"backup_retention_period": 30},
    "aws_launch_template": {"instance_type": "t3.medium"},
    "aws_lb": {"idle_timeout": 90},
    "aws_lb_target_group": {"deregistration_delay": "45"},
    "aws_s3_bucket_versioning": {"versioning_configuration": {"status": "Suspended"}},
    "aws_sns_topic": {"display_name": "Alarms"},
    "aws_sqs_queue": {"message_retention_seconds": 300_000},
    "aws_wafv2_web_acl": {"description": "Rules of the shop"},
}
"""Properties that a second deployment changes, by type."""


class EveryOption:
    """The synthesized app, and its part that the emulator supports, to be deployed there.

    Args:
        folder: folder for all files; also contains the emulator's ``moto.log`` and ``calls.jsonl``.
        port: port of the emulator.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.emulator_log = folder / "moto.log"
        self._folder, self._port = folder, port
        tools = Tools.ensure()
        self._terraform = tools.terraform / "terraform"
        self._environment = {
            **aws.without_aws(os.environ),
            **aws_provider.provider_variables(tools.provider, paths.CACHE_DIR / "terraform"),
            **aws.client_variables(port, region=REGION),
            "PYTHONPATH": str(paths.ROOT),
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
        }
        self._run([sys.executable, EXAMPLE], folder)
        self.original = folder / "cdktf.out/stacks/every-option"
        self.document: dict[str, Any] = json.loads((self.original / "cdk.tf.json").read_text())
        self.supported = folder / "supported"
        shutil.copytree(self.original, self.supported)
        (self.supported / "cdk.tf.json").write_text(json.dumps(emulator_gaps.without_gaps(self.document), indent=2))
        (self.supported / "emulator_override.tf.json").write_text(json.dumps(_PATH_STYLE))

    @property
    def backend(self) -> dict[str, Any]:
        """The app's state backend."""
        backend: dict[str, Any] = self.document["terraform"]["backend"]["s3"]
        return backend

    @property
    def lock(self) -> dict[str, str]:
        """Bucket and key of the lock that Terraform holds during a run."""
        return {"Bucket": self.backend["bucket"], "Key": f"{self.backend['key']}.tflock"}

    def validate(self) -> dict[str, Any]:
        """Return Terraform's validation of the original app."""
        self._run([self._terraform, "init", "-input=false", "-backend=false"], self.original)
        report: dict[str, Any] = json.loads(self._run([self._terraform, "validate", "-json"], self.original))
        return report

    def apply(self) -> None:
        """Create the state bucket with versioning, then deploy."""
        buckets, name = self.client("s3"), self.backend["bucket"]
        buckets.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        buckets.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.terraform("init", "-input=false", *_BACKEND)
        self.terraform("apply", "-input=false", "-auto-approve", "-no-color")

    def plan(self) -> dict[str, Any]:
        """Return what Terraform would change now."""
        self.terraform("plan", "-input=false", "-no-color", "-out=second.plan")
        plan: dict[str, Any] = json.loads(self.terraform("show", "-json", "second.plan"))
        return plan

    def destroy(self) -> None:
        """Destroy all resources."""
        self.terraform("destroy", "-input=false", "-auto-approve", "-no-color")

    def update(self) -> None:
        """Change the tags of all resources and `UPDATES`, and deploy."""
        file = self.supported / "cdk.tf.json"
        document = json.loads(file.read_text())
        document["provider"]["aws"][0]["default_tags"][0]["tags"]["Team"] = "checkout"
        for kind, changes in UPDATES.items():
            for properties in document["resource"][kind].values():
                properties.update(changes)
        file.write_text(json.dumps(document))
        self.terraform("apply", "-input=false", "-auto-approve", "-no-color")

    def calls(self) -> list[ApiCall]:
        """Return the calls of Terraform that have reached the emulator, in their order."""
        return list(read_calls(self.emulator_log.with_name("calls.jsonl"), agent="Terraform"))

    def state(self) -> dict[str, Any]:
        """Read Terraform's state from the bucket."""
        stored = self.client("s3").get_object(Bucket=self.backend["bucket"], Key=self.backend["key"])
        state: dict[str, Any] = json.loads(stored["Body"].read())
        return state

    def objects(self) -> list[str]:
        """List the keys in the state bucket."""
        listed = self.client("s3").list_objects_v2(Bucket=self.backend["bucket"]).get("Contents", [])
        return [item["Key"] for item in listed]

    def terraform(self, *arguments: str) -> str:
        """Run Terraform on the supported part of the app."""
        return self._run([self._terraform, *arguments], self.supported)

    def client(self, service: str) -> Any:
        """Create a boto3 client of the emulator in the app's region."""
        return aws.client(service, self._port, region=REGION)

    def _run(self, command: list[str | Path], folder: Path) -> str:
        return run(command, folder=folder, environment=self._environment, emulator_log=self.emulator_log)


@dataclasses.dataclass(frozen=True)
class Deployed:
    """The deployed example with every option, and the plan right after the apply."""

    app: EveryOption
    second_plan: dict[str, Any]
