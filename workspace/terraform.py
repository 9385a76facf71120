"""Terraform: from the PATH if new enough, else a pinned release downloaded for this project."""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from workspace.errors import UserError

VERSION = "1.11.4"
OLDEST = (1, 11)  # write-only arguments keep secrets out of the state from 1.11 on
MIRROR_VARIABLE = "ANB_TERRAFORM_MIRROR"
OFFICIAL = "https://releases.hashicorp.com/terraform"
CHECKSUMS = {
    # terraform_1.11.4_SHA256SUMS of releases.hashicorp.com
    "linux_amd64": "1ce994251c00281d6845f0f268637ba50c0005657eb3cf096b92f753b42ef4dc",
    "linux_arm64": "a43d1d0da9b9bab214a8305a39db0e40869572594ccf50c416a7756499143633",
    "darwin_amd64": "a56d5002b9f7647291faccc3dd1a70350e60fb61e4c45037629508b8fdc2575b",
    "darwin_arm64": "867e0808fa971217043e25b7a792b10720c79b1546f8a68479b74f138be73e18",
}


@dataclass(frozen=True, kw_only=True)
class TerraformRelease:
    """A downloadable release of Terraform.

    Args:
        version: Version, such as "1.11.4".
        checksums: SHA-256 of the zip file by platform, such as "linux_amd64".
        base: Base URL of ``<version>/terraform_<version>_<platform>.zip``.
    """

    version: str
    checksums: dict[str, str]
    base: str

    @classmethod
    def pinned(cls) -> TerraformRelease:
        """Return the release that this project is tested with; ``ANB_TERRAFORM_MIRROR`` overrides the base URL."""
        return cls(version=VERSION, checksums=CHECKSUMS, base=os.environ.get(MIRROR_VARIABLE) or OFFICIAL)


def ensure_terraform(folder: Path, release: TerraformRelease) -> Path:
    """Return the path of a suitable Terraform program; download it if needed.

    Args:
        folder: Where a downloaded program is kept.
        release: Release to download if the PATH has no Terraform that is new enough.

    Raises:
        UserError: Terraform is missing and cannot be downloaded.
    """
    found = shutil.which("terraform")
    if found and installed_version(Path(found)) >= OLDEST:
        return Path(found)
    cached = folder / release.version / "terraform"
    return cached if cached.exists() else fetch(release, cached)


def installed_version(program: Path) -> tuple[int, ...]:
    """Return the version that the program reports; empty if it cannot be parsed."""
    result = subprocess.run(
        [program, "version", "-json"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "CHECKPOINT_DISABLE": "1"},
        check=False,
    )
    try:
        numbers = str(json.loads(result.stdout)["terraform_version"]).partition("-")[0]
        return tuple(int(number) for number in numbers.split("."))
    except (ValueError, KeyError, TypeError):
        return ()


def fetch(release: TerraformRelease, target: Path) -> Path:
    """Download a release, verify its checksum and install its program.

    Raises:
        UserError: The platform has no release, the download failed, or the checksum differs.
    """
    name = this_platform()
    if name not in release.checksums:
        raise UserError(
            f"Terraform is not on the PATH and is not downloaded for {name}, only for {', '.join(release.checksums)}. "
            f"Install Terraform {VERSION} or newer."
        )
    url = f"{release.base.rstrip('/')}/{release.version}/terraform_{release.version}_{name}.zip"
    archive = download(url)
    digest = hashlib.sha256(archive).hexdigest()
    if digest != release.checksums[name]:
        raise UserError(
            f"{url} is not Terraform {release.version}: its SHA-256 is {digest}, not "
            f"{release.checksums[name]}. Nothing was installed. Check {MIRROR_VARIABLE}, or install Terraform yourself."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        # Write to a temporary name: an interrupted write must not look installed.
        partial = target.with_name(f"{target.name}.{os.getpid()}")
        partial.write_bytes(files.read("terraform"))
    partial.chmod(0o755)
    partial.rename(target)
    return target


def download(url: str) -> bytes:
    """Return the body of a URL.

    Raises:
        UserError: The request failed.
    """
    remedy = f"Install Terraform {VERSION} or newer, or set {MIRROR_VARIABLE} to a mirror that has it."
    try:
        with urllib.request.urlopen(url, timeout=60) as response:
            return bytes(response.read())
    except urllib.error.HTTPError as error:
        raise UserError(
            f"Terraform is not on the PATH, and {url} returned {error.code} {error.reason}. {remedy}"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"Terraform is not on the PATH, and {url} cannot be downloaded ({reason}). {remedy}") from None


def this_platform() -> str:
    """Return this machine's platform name in Terraform's releases, such as "linux_amd64"."""
    machine = platform.machine().lower()
    names = {"x86_64": "amd64", "aarch64": "arm64"}
    return f"{platform.system().lower()}_{names.get(machine, machine)}"
