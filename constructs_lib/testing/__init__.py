"""A pytest plugin: synthesize in a test, and ask what came out.

    template = synth(lambda stack: Bucket(stack, "media", name="media"))
    template.has("aws_s3_bucket_public_access_block", block_public_acls=True)

``synth`` is a fixture and a function. Where the library is installed, pytest finds the plugin by itself; elsewhere
name it: ``-p constructs_lib.testing``.
``synth`` does what the app's own program does: it runs the validations, prepares cross-stack outputs, and stops where a
construct says that something is wrong. The framework's ``Testing.synth`` does none of it.
Loading the plugin starts no Node.
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
    """What a construct says to the person who synthesizes.

    Args:
        path: of the construct.
        level: ``info``, ``warning`` or ``error``.
        message: its words.
    """

    path: str
    level: str
    message: str


class Template:
    """What a stack became.

    Args:
        document: the parsed ``cdk.tf.json``.
        stack: where it came from, for its annotations.
    """

    def __init__(self, document: dict[str, Any], stack: cdk.TerraformStack | None = None) -> None:
        self.document = document
        self._stack = stack

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resources of a type, by logical id."""
        found: dict[str, dict[str, Any]] = self.document.get("resource", {}).get(kind, {})
        return found

    def one(self, kind: str) -> dict[str, Any]:
        """The only resource of a type.

        Raises:
            AssertionError: when there are none or several.
        """
        found = self.resources(kind)
        assert len(found) == 1, f"expected one {kind}, found {sorted(found) or 'none'}"
        return next(iter(found.values()))

    def matching(self, kind: str, **properties: object) -> list[dict[str, Any]]:
        """The resources of a type that have these properties."""
        wanted = properties.items()
        return [each for each in self.resources(kind).values() if all(each.get(key) == value for key, value in wanted)]

    def has(self, kind: str, **properties: object) -> dict[str, Any]:
        """A resource of a type that has these properties.

        Raises:
            AssertionError: there is none; the text shows how the nearest one differs.
        """
        found = self.matching(kind, **properties)
        if not found:
            raise AssertionError(self._nearest(kind, properties))
        return found[0]

    def _nearest(self, kind: str, properties: dict[str, object]) -> str:
        candidates = self.resources(kind)
        if not candidates:
            return f"there is no {kind}; the stack has {', '.join(sorted(self.document.get('resource', {})))}"

        def differing(name: str) -> list[str]:
            return [key for key, value in properties.items() if candidates[name].get(key) != value]

        name = min(candidates, key=lambda each: (len(differing(each)), each))
        lines = [
            f"  {key}: expected {properties[key]!r}, found {candidates[name].get(key)!r}" for key in differing(name)
        ]
        return "\n".join([f"none of {len(candidates)} {kind} has these properties; nearest is {name}:", *lines])

    def annotations(self) -> list[Annotation]:
        """What its constructs say, in the order of the tree. Only for what ``synth`` and ``synth_stacks`` made."""
        assert self._stack is not None, "a template read from a file has no annotations"
        return annotations_of(self._stack)

    def outputs(self) -> dict[str, Any]:
        """The outputs a person asked for, by name, without those that only carry a reference to another stack."""
        given: dict[str, dict[str, Any]] = self.document.get("output", {})
        return {name: output["value"] for name, output in given.items() if not name.startswith("cross-stack-output-")}

    def policy(self, kind: str) -> list[dict[str, Any]]:
        """The statements of the only resource of a type that has a policy document."""
        statements: list[dict[str, Any]] = json.loads(self.one(kind)["policy"])["Statement"]
        return statements

    def user_data(self) -> str:
        """The only user-data script, as an instance gets it but for its references."""
        scripts = [text for name, text in self.document.get("locals", {}).items() if "user-data" in name]
        assert len(scripts) == 1, f"expected one user-data script, found {len(scripts)}"
        return str(scripts[0]).replace("$${", "${").replace("%%{", "%{")

    def readable(self) -> dict[str, Any]:
        """The document for people and snapshots.

        Documents in strings are expanded, scripts are split in lines; versions, hashes and the framework's notes are
        left out.
        """
        shown: dict[str, Any] = _expand(self.document)
        for provider in shown.get("terraform", {}).get("required_providers", {}).values():
            provider.pop("version", None)
            # cdktf writes "aws" and cdktn "hashicorp/aws"; Terraform reads both as the same provider.
            provider["source"] = provider["source"].removeprefix("hashicorp/")
        return shown


def annotations_of(construct: cdk.Construct, level: str | None = None) -> list[Annotation]:
    """What a construct and those in it say, in the order of the tree.

    Args:
        construct: the top of the tree.
        level: ``info``, ``warning`` or ``error``; all by default.
    """
    said = [
        Annotation(each.node.path, LEVELS[entry.type], entry.data)
        for each in construct.node.find_all()
        for entry in each.node.metadata
        if entry.type in LEVELS
    ]
    return [each for each in said if level in (None, each.level)]


def synth(build: Build) -> Template:
    """Synthesize constructs in a stack of their own, named ``test``.

    Args:
        build: makes them in the stack it is given.

    Raises:
        RuntimeError: when a validation fails, or a construct says that something is wrong.
    """
    return synth_app(test=build)["test"]


def synth_app(folder: pathlib.Path | None = None, /, **builds: Build) -> dict[str, Template]:
    """Synthesize an app of several stacks, which may need each other.

    Args:
        folder: where the files are written; by default where the system keeps what is temporary.
        builds: makes the constructs of each stack, by the stack's name, in this order.

    Raises:
        RuntimeError: when a validation fails, or a construct says that something is wrong.
    """
    from constructs_lib import LocalState, Stack
    from constructs_lib.foundation import cdk

    app = cdk.Testing.app(outdir=str(folder)) if folder else cdk.Testing.app()
    stacks: list[cdk.TerraformStack] = []
    for name, build in builds.items():
        # By default the state would be a path of this machine.
        stacks.append(Stack(app, name, region="us-east-1", state=LocalState(folder=".")))
        build(stacks[-1])
    return synth_stacks(stacks)


@pytest.fixture(name="synth", scope="session")
def _synth() -> Callable[[Build], Template]:
    """The function ``synth``."""
    return synth


def assert_same_twice(build: Build) -> None:
    """Synthesize twice: what changes from one to the next would change the deployed system for no reason.

    Args:
        build: makes the constructs in the stack it is given.

    Raises:
        AssertionError: the outputs differ; the text is their difference.
    """
    first, second = (json.dumps(synth(build).document, indent=2).splitlines() for _ in range(2))
    changed = list(difflib.unified_diff(first, second, "first synth", "second synth", lineterm=""))
    assert not changed, "\n".join(["two synths of the same constructs differ", *changed])


def synth_stacks(stacks: list[cdk.TerraformStack]) -> dict[str, Template]:
    """Synthesize the app of these stacks to its folder, as its program does, and read them, by id.

    Raises:
        RuntimeError: when a validation fails, or a construct says that something is wrong.
    """
    app: Any = stacks[0].node.root
    app.synth()
    written = template.read(pathlib.Path(app.outdir))
    return {stack.node.id: Template(written[stack.node.id], stack) for stack in stacks}


def read_templates(folder: pathlib.Path) -> dict[str, Template]:
    """The stacks of an output folder such as ``cdktf.out``, by name.

    Raises:
        FileNotFoundError: nothing was synthesized there.
    """
    return {name: Template(document) for name, document in template.read(folder).items()}


def _expand(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _expand(each) for key, each in value.items() if key != "//"}
    if isinstance(value, list):
        return [_expand(each) for each in value]
    if isinstance(value, str) and re.match(r"\s*[\[{]\s*\"", value):
        return _expand(json.loads(value))
    if isinstance(value, str):
        value = re.sub(r"\b[0-9a-f]{64}\b", "<sha256>", value)
        return value.splitlines() if "\n" in value else value
    return value
