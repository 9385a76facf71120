"""The programs on this machine, by their versions."""

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

PYTHON = ((3, 11), (3, 14))
"""The oldest and the newest Python that the lock file has packages for."""

REGISTRY = "https://registry.terraform.io/.well-known/terraform.json"
_SECONDS = 10


def python(version: tuple[int, int] = sys.version_info[:2]) -> DoctorFinding:
    """The Python that runs the commands."""
    told = ".".join(map(str, version))
    if PYTHON[0] <= version <= PYTHON[1]:
        return ok("Python", told)
    mend = "Install Python 3.11, 3.12, 3.13 or 3.14, remove .venv and run ./anb again"
    return problem("Python", f"{told} is not tried", mend)


def nodes(found: Path | None = None) -> Iterator[DoctorFinding]:
    """The Node that synthesizes, and whether the Terraform CDK's own command runs on the one of the PATH.

    Args:
        found: the one on the PATH, if there is one.
    """
    try:
        own = node.node_folder()
    except UserError as error:
        yield problem("Node", error.message, "Install Node.js 22 with npm")
        return
    yield ok("Node", f"{node.major_version(own / 'node')}, in {own}")
    version = node.major_version(found) if found else None
    if version is None or version in node.SUPPORTED:
        return
    yield warning(
        "cdktf",
        f"cdktf-cli 0.21 fails on Node {version}, which {found} is; ./anb deploy does not use it",
        f"For npx cdktf put the Node of the packages first: PATH={own}:$PATH",
    )


def terraform_program(folder: Path, release: terraform.TerraformRelease) -> DoctorFinding:
    """The Terraform that would be run.

    Args:
        folder: where a fetched one is kept.
        release: what is fetched when the PATH has none that is new enough.
    """
    found = shutil.which("terraform")
    version = terraform.installed_version(Path(found)) if found else ()
    if found and version >= terraform.OLDEST:
        return ok("Terraform", f"{'.'.join(map(str, version))}, {found}")
    kept = folder / release.version / "terraform"
    if kept.exists():
        return ok("Terraform", f"{release.version}, {kept}")
    oldest = ".".join(map(str, terraform.OLDEST))
    told = f"{found} is {'.'.join(map(str, version)) or 'of no version'}" if found else "there is none on the PATH"
    mend = f"Install Terraform {oldest} or newer, or set {terraform.MIRROR_VARIABLE} to a place that has it"
    url = f"{release.base.rstrip('/')}/{release.version}/"
    trouble = unreachable(url)
    if trouble:
        return problem("Terraform", f"{told}, and {url} cannot be reached ({trouble})", mend)
    return ok("Terraform", f"{told}; {release.version} is fetched at first use")


def provider(source: aws_provider.ProviderSource, version: str) -> DoctorFinding:
    """Where the AWS provider comes from, and whether it is there.

    Args:
        source: as it was found.
        version: the one the stacks ask for.
    """
    about = "AWS provider"
    told = f"{version} {source.description}"
    if source.mirror is not None:
        folder = source.mirror / aws_provider.REGISTRY_PATH
        platform = terraform.this_platform()
        packed = folder / f"terraform-provider-aws_{version}_{platform}.zip"
        if (folder / version / platform).is_dir() or packed.is_file():
            return ok(about, told)
        return problem(about, f"{folder} has no {version} for {platform}", "Put it there, or remove the mirror")
    if not source.downloaded:
        # What a configuration of the user's says only Terraform itself can try.
        return ok(about, told)
    trouble = unreachable(REGISTRY)
    if trouble:
        mend = (
            "Open the way to registry.terraform.io, or put the provider into a filesystem mirror: "
            f"~/.terraform.d/plugins/{aws_provider.REGISTRY_PATH}/{version}"
        )
        return problem(about, f"{told}, which cannot be reached ({trouble})", mend)
    return ok(about, told)


def provider_by_terraform(program: Path, version: str, folder: Path) -> DoctorFinding:
    """Let Terraform itself get the provider as the user's configuration says.

    Args:
        program: Terraform.
        version: of the provider.
        folder: where it is tried; kept, so that the next time is quick.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {"aws": {"source": "hashicorp/aws", "version": version}}
    (folder / "main.tf.json").write_text(json.dumps({"terraform": {"required_providers": wanted}}))
    result = subprocess.run(
        [program, "init", "-input=false", "-no-color"],
        cwd=folder,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    configured = os.environ.get("TF_CLI_CONFIG_FILE") or "~/.terraformrc"
    if result.returncode == 0:
        return ok("AWS provider", f"{version} as {configured} says")
    said = " ".join(result.stderr.replace("│", " ").replace("╷", " ").replace("╵", " ").split())
    mend = f"Mend provider_installation in {configured}, or put the provider where it says"
    return problem("AWS provider", f"Terraform does not get {version} as {configured} says: {said[:300]}", mend)


def unreachable(url: str) -> str:
    """Why a URL cannot be reached; empty when it can, whatever it answers."""
    try:
        with urllib.request.urlopen(url, timeout=_SECONDS):
            return ""
    except urllib.error.HTTPError:
        return ""
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error))


def kept_terraform() -> Path:
    """Where a fetched Terraform is kept."""
    return paths.CACHE_DIR / "terraform"
