"""Checks of Python, Node, Terraform and the AWS provider on this machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from operations.doctor.findings import DoctorFinding, ok, problem, warning
from workspace import aws_provider, node, paths, terraform
from workspace.errors import UserError

PYTHON_VERSIONS = ((3, 11), (3, 14))
"""Oldest and newest Python that the lock file supports."""

REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
_TIMEOUT_SECONDS = 10


def check_python(version: tuple[int, int] = sys.version_info[:2]) -> DoctorFinding:
    """Check the version of the Python that runs the commands."""
    text = ".".join(map(str, version))
    if PYTHON_VERSIONS[0] <= version <= PYTHON_VERSIONS[1]:
        return ok("Python", text)
    fix = "Install Python 3.11, 3.12, 3.13 or 3.14, remove .venv and run ./anb again"
    return problem("Python", f"{text} is not supported", fix)


def check_node(node_on_path: Path | None = None) -> Iterator[DoctorFinding]:
    """Check the Node for the synthesis, and whether cdktf-cli runs on the Node on the PATH.

    Args:
        node_on_path: The Node on the PATH, if there is one.
    """
    try:
        folder = node.node_folder()
    except UserError as error:
        yield problem("Node", error.message, "Install Node.js 22 with npm")
        return
    yield ok("Node", f"{node.major_version(folder / 'node')}, in {folder}")
    version = node.major_version(node_on_path) if node_on_path else None
    if version is None or version in node.SUPPORTED:
        return
    yield warning(
        "cdktf",
        f"cdktf-cli 0.21 fails on Node {version} ({node_on_path}); ./anb deploy does not use cdktf-cli",
        f"For npx cdktf put the Node of the packages first: PATH={folder}:$PATH",
    )


def check_terraform(folder: Path, release: terraform.TerraformRelease) -> DoctorFinding:
    """Check which Terraform will be used.

    Args:
        folder: Folder of downloaded releases.
        release: Release to download when the PATH has no sufficient one.
    """
    program = shutil.which("terraform")
    version = terraform.installed_version(Path(program)) if program else ()
    if program and version >= terraform.OLDEST:
        return ok("Terraform", f"{'.'.join(map(str, version))}, {program}")
    downloaded = folder / release.version / "terraform"
    if downloaded.exists():
        return ok("Terraform", f"{release.version}, {downloaded}")
    oldest = ".".join(map(str, terraform.OLDEST))
    version_text = ".".join(map(str, version)) or "of unknown version"
    installed = f"{program} is {version_text}" if program else "not on the PATH"
    fix = f"Install Terraform {oldest} or newer, or set {terraform.MIRROR_VARIABLE} to a mirror"
    url = f"{release.base.rstrip('/')}/{release.version}/"
    error = connection_error(url)
    if error:
        return problem("Terraform", f"{installed}, and {url} cannot be reached ({error})", fix)
    return ok("Terraform", f"{installed}; {release.version} will be downloaded at first use")


def check_provider(source: aws_provider.ProviderSource, version: str) -> DoctorFinding:
    """Check that the AWS provider is available from its source.

    Args:
        source: Source of the provider.
        version: Version that the stacks require.
    """
    subject = "AWS provider"
    message = f"{version} {source.description}"
    if source.mirror is not None:
        folder = source.mirror / aws_provider.REGISTRY_PATH
        platform = terraform.this_platform()
        packed = folder / f"terraform-provider-aws_{version}_{platform}.zip"
        if (folder / version / platform).is_dir() or packed.is_file():
            return ok(subject, message)
        return problem(subject, f"{folder} has no {version} for {platform}", "Add it, or remove the mirror")
    if not source.downloaded:
        # Only Terraform itself can evaluate the user's configuration.
        return ok(subject, message)
    error = connection_error(REGISTRY)
    if error:
        fix = (
            "Allow access to registry.terraform.io, or put the provider into a filesystem mirror: "
            f"~/.terraform.d/plugins/{aws_provider.REGISTRY_PATH}/{version}"
        )
        return problem(subject, f"{message}, which cannot be reached ({error})", fix)
    return ok(subject, message)


def check_configured_provider(program: Path, version: str, folder: Path) -> DoctorFinding:
    """Check, by running Terraform, that the user's Terraform configuration provides the AWS provider.

    Args:
        program: Path of Terraform.
        version: Version of the provider.
        folder: Working directory, kept so that the next check is fast.
    """
    folder.mkdir(parents=True, exist_ok=True)
    required = {"aws": {"source": "hashicorp/aws", "version": version}}
    (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": required}}))
    result = subprocess.run(
        [program, "init", "-input=false", "-no-color"],
        cwd=folder,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    configuration = os.environ.get("TF_CLI_CONFIG_FILE") or "~/.terraformrc"
    if result.returncode == 0:
        return ok("AWS provider", f"{version}, configured in {configuration}")
    error = " ".join(result.stderr.replace("│", " ").replace("╷", " ").replace("╵", " ").split())
    message = f"Terraform cannot get {version} with the configuration in {configuration}: {error[:300]}"
    fix = f"Correct provider_installation in {configuration}, or put the provider into the configured location"
    return problem("AWS provider", message, fix)


def connection_error(url: str) -> str:
    """The error of a connection to a URL; empty if the server answers, with any status."""
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT_SECONDS):
            return ""
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def terraform_cache() -> Path:
    """Folder of downloaded Terraform releases."""
    return paths.CACHE_DIR / "terraform"
