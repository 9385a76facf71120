"""The example that uses every option, deployed as its README says: by Terraform alone, its state in S3."""

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
from workspace import aws_provider, paths
from workspace.cdktf import Tools

EXAMPLE = paths.ROOT / "examples/every_option.py"
REGION = "eu-west-1"

# The emulator's buckets are folders of its address, not names before it.
_PATH_STYLE = {"provider": {"aws": [{"s3_use_path_style": True}]}}
_BACKEND = ("-backend-config=use_path_style=true", "-backend-config=skip_requesting_account_id=true")


class EveryOption:
    """The app as it was written, and what of it the emulator can hold, deployed there.

    Args:
        folder: gets all files; ``moto.log`` in it is the emulator's.
        port: where the emulator listens.
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
        self.whole = folder / "cdktf.out/stacks/every-option"
        self.document: dict[str, Any] = json.loads((self.whole / "cdk.tf.json").read_text())
        self.held = folder / "held"
        shutil.copytree(self.whole, self.held)
        (self.held / "cdk.tf.json").write_text(json.dumps(emulator_gaps.without(self.document), indent=2))
        (self.held / "emulator_override.tf.json").write_text(json.dumps(_PATH_STYLE))

    @property
    def backend(self) -> dict[str, Any]:
        """Where the app keeps its state."""
        found: dict[str, Any] = self.document["terraform"]["backend"]["s3"]
        return found

    @property
    def lock(self) -> dict[str, str]:
        """The object that is there while Terraform holds the state."""
        return {"Bucket": self.backend["bucket"], "Key": f"{self.backend['key']}.tflock"}

    def validate(self) -> dict[str, Any]:
        """What Terraform and the provider say of the app as it was written."""
        self._run([self._terraform, "init", "-input=false", "-backend=false"], self.whole)
        said: dict[str, Any] = json.loads(self._run([self._terraform, "validate", "-json"], self.whole))
        return said

    def apply(self) -> None:
        """Make the bucket for the state as people do, beforehand and with versions; then deploy."""
        buckets, name = self.client("s3"), self.backend["bucket"]
        buckets.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        buckets.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        self.terraform("init", "-input=false", *_BACKEND)
        self.terraform("apply", "-input=false", "-auto-approve", "-no-color")

    def plan(self) -> dict[str, Any]:
        """What Terraform would do now."""
        self.terraform("plan", "-input=false", "-no-color", "-out=second.plan")
        shown: dict[str, Any] = json.loads(self.terraform("show", "-json", "second.plan"))
        return shown

    def destroy(self) -> None:
        """Take everything down."""
        self.terraform("destroy", "-input=false", "-auto-approve", "-no-color")

    def state(self) -> dict[str, Any]:
        """Terraform's state, as the bucket has it."""
        kept = self.client("s3").get_object(Bucket=self.backend["bucket"], Key=self.backend["key"])
        read: dict[str, Any] = json.loads(kept["Body"].read())
        return read

    def objects(self) -> list[str]:
        """The keys in the bucket of the state."""
        listed = self.client("s3").list_objects_v2(Bucket=self.backend["bucket"]).get("Contents", [])
        return [each["Key"] for each in listed]

    def terraform(self, *arguments: str) -> str:
        """Run Terraform on what the emulator holds."""
        return self._run([self._terraform, *arguments], self.held)

    def client(self, service: str) -> Any:
        """A boto3 client of the emulator, in the app's region."""
        return aws.client(service, self._port, region=REGION)

    def _run(self, command: list[str | Path], folder: Path) -> str:
        return run(command, folder=folder, environment=self._environment, emulator_log=self.emulator_log)


@dataclasses.dataclass(frozen=True)
class Deployed:
    """The example with every option as it stands, and what Terraform would change right after."""

    app: EveryOption
    second_plan: dict[str, Any]
