"""A pytest plugin: synthesize stacks in tests and assert on the output.

    template = synth(lambda stack: Bucket(stack, "media", name="media"))
    template.has("aws_s3_bucket_public_access_block", block_public_acls=True)

``synth`` is a fixture and a function. pytest loads the plugin of an installed library automatically; otherwise use
``-p constructs_lib.testing``. Unlike the framework's ``Testing.synth``, ``synth`` does the same as an app: it runs
validations, prepares cross-stack outputs and fails on error annotations. Loading the plugin does not start Node.
"""

from __future__ import annotations

import difflib
import json
import pathlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from constructs_lib.foundation import template

if TYPE_CHECKING:
    from constructs_lib.foundation import cdk

Build = Callable[["cdk.TerraformStack"], object]
LEVELS = {"@cdktf/info": "info", "@cdktf/warn": "warning", "@cdktf/error": "error"}


@dataclass(frozen=True)
class Annotation:
    """An annotation of a construct, shown at synth.

    Args:
        path: path of the construct.
        level: ``info``, ``warning`` or ``error``.
        message: text of the annotation.
    """

    path: str
    level: str
    message: str


class Template:
    """A synthesized stack.

    Args:
        document: parsed ``cdk.tf.json``.
        stack: source of the annotations; none if the template was read from a file.
    """

    def __init__(self, document: dict[str, Any], stack: cdk.TerraformStack | None = None) -> None:
        self.document = document
        self._stack = stack

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the resources of a type, by logical id."""
        resources: dict[str, dict[str, Any]] = self.document.get("resource", {}).get(kind, {})
        return resources

    def one(self, kind: str) -> dict[str, Any]:
        """Return the only resource of a type.

        Raises:
            AssertionError: if there are none or several.
        """
        resources = self.resources(kind)
        assert len(resources) == 1, f"expected one {kind}, found {sorted(resources) or 'none'}"
        return next(iter(resources.values()))

    def matching(self, kind: str, **properties: object) -> list[dict[str, Any]]:
        """Return the resources of a type with these properties."""
        return [
            resource
            for resource in self.resources(kind).values()
            if all(resource.get(key) == value for key, value in properties.items())
        ]

    def has(self, kind: str, **properties: object) -> dict[str, Any]:
        """Return the first resource of a type with these properties.

        Raises:
            AssertionError: if there is none; the message shows the differences of the closest one.
        """
        matches = self.matching(kind, **properties)
        if not matches:
            raise AssertionError(self._explain_mismatch(kind, properties))
        return matches[0]

    def _explain_mismatch(self, kind: str, properties: dict[str, object]) -> str:
        candidates = self.resources(kind)
        if not candidates:
            return f"the stack has no {kind}; it has {', '.join(sorted(self.document.get('resource', {})))}"

        def differences(name: str) -> list[str]:
            return [key for key, value in properties.items() if candidates[name].get(key) != value]

        name = min(candidates, key=lambda candidate: (len(differences(candidate)), candidate))
        lines = [
            f"  {key}: expected {properties[key]!r}, found {candidates[name].get(key)!r}" for key in differences(name)
        ]
        return "\n".join([f"none of {len(candidates)} {kind} has these properties; the closest is {name}:", *lines])

    def annotations(self) -> list[Annotation]:
        """Return the annotations in tree order; not available for templates read from a file."""
        assert self._stack is not None, "a template read from a file has no annotations"
        return annotations_of(self._stack)

    def outputs(self) -> dict[str, Any]:
        """Return the outputs by name, without generated cross-stack outputs."""
        outputs: dict[str, dict[str, Any]] = self.document.get("output", {})
        return {name: output["value"] for name, output in outputs.items() if not name.startswith("cross-stack-output-")}

    def policy(self, kind: str) -> list[dict[str, Any]]:
        """Return the policy statements of all resources of a type.

        Raises:
            AssertionError: if there are none.
        """
        resources = self.resources(kind)
        assert resources, f"expected {kind}, found none"
        return [statement for each in resources.values() for statement in json.loads(each["policy"])["Statement"]]

    def user_data(self) -> str:
        """Return the only user data script as the instance receives it, with unresolved references."""
        scripts = [text for name, text in self.document.get("locals", {}).items() if "user-data" in name]
        assert len(scripts) == 1, f"expected one user-data script, found {len(scripts)}"
        return str(scripts[0]).replace("$${", "${").replace("%%{", "%{")

    def readable(self) -> dict[str, Any]:
        """Return a readable form of the document, for snapshots.

        JSON in strings is parsed and scripts are split into lines; versions, hashes and the framework's metadata are
        removed.
        """
        document: dict[str, Any] = _expand(self.document)
        for provider in document.get("terraform", {}).get("required_providers", {}).values():
            provider.pop("version", None)
            # cdktf writes "aws", cdktn writes "hashicorp/aws"; both are the same provider.
            provider["source"] = provider["source"].removeprefix("hashicorp/")
        return document


def annotations_of(construct: cdk.Construct, level: str | None = None) -> list[Annotation]:
    """Return the annotations of a construct and of the constructs in it, in tree order.

    Args:
        construct: root of the tree.
        level: ``info``, ``warning`` or ``error``; all by default.
    """
    annotations = [
        Annotation(node.node.path, LEVELS[entry.type], entry.data)
        for node in construct.node.find_all()
        for entry in node.node.metadata
        if entry.type in LEVELS
    ]
    return [annotation for annotation in annotations if level in (None, annotation.level)]


def synth(build: Build) -> Template:
    """Synthesize constructs in a new stack named ``test``.

    Args:
        build: creates the constructs in the stack it receives.

    Raises:
        RuntimeError: if a validation fails or a construct has an error annotation.
    """
    return synth_app(test=build)["test"]


def synth_app(folder: pathlib.Path | None = None, /, **builds: Build) -> dict[str, Template]:
    """Synthesize an app of several stacks, which may refer to each other.

    Args:
        folder: output folder; by default a temporary folder.
        builds: functions that create the constructs of each stack, by the stack's name, in this order.

    Raises:
        RuntimeError: if a validation fails or a construct has an error annotation.
    """
    from constructs_lib import LocalState, Stack
    from constructs_lib.foundation import cdk

    app = cdk.Testing.app(outdir=str(folder)) if folder else cdk.Testing.app()
    stacks: list[cdk.TerraformStack] = []
    for name, build in builds.items():
        # The default state would be an absolute path of this machine.
        stacks.append(Stack(app, name, region="us-east-1", state=LocalState(folder=".")))
        build(stacks[-1])
    return synth_stacks(stacks)


@pytest.fixture(name="synth", scope="session")
def _synth() -> Callable[[Build], Template]:
    """Provide the function ``synth``."""
    return synth


def assert_same_twice(build: Build) -> None:
    """Synthesize twice and compare; a difference would change the deployed stack without a change of code.

    Args:
        build: creates the constructs in the stack it receives.

    Raises:
        AssertionError: if the outputs differ; the message is the diff.
    """
    first, second = (json.dumps(synth(build).document, indent=2).splitlines() for _ in range(2))
    changed = list(difflib.unified_diff(first, second, "first synth", "second synth", lineterm=""))
    assert not changed, "\n".join(["two synths of the same constructs differ", *changed])


def synth_stacks(stacks: list[cdk.TerraformStack]) -> dict[str, Template]:
    """Synthesize the app of these stacks to its output folder and read the stacks, by id.

    Raises:
        RuntimeError: if a validation fails or a construct has an error annotation.
    """
    app: Any = stacks[0].node.root
    app.synth()
    written = template.read(pathlib.Path(app.outdir))
    return {stack.node.id: Template(written[stack.node.id], stack) for stack in stacks}


def read_templates(folder: pathlib.Path) -> dict[str, Template]:
    """Read the stacks of an output folder such as ``cdktf.out``, by name.

    Raises:
        FileNotFoundError: if the folder has no synthesized stacks.
    """
    return {name: Template(document) for name, document in template.read(folder).items()}


def _expand(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item) for key, item in value.items() if key != "//"}
    if isinstance(value, list):
        return [_expand(item) for item in value]
    if isinstance(value, str) and re.match(r"\s*[\[{]\s*\"", value):
        return _expand(json.loads(value))
    if isinstance(value, str):
        value = re.sub(r"\b[0-9a-f]{64}\b", "<sha256>", value)
        return value.splitlines() if "\n" in value else value
    return value
