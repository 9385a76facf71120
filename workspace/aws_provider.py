"""Locate the Terraform AWS provider: a mirror on this machine if there is one, else the registry."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REGISTRY_PATH = "registry.terraform.io/hashicorp/aws"
SEARCH_ROOT = Path("/opt")
REGISTRY = "from the registry"


@dataclass(frozen=True)
class ProviderSource:
    """Where the provider comes from.

    Args:
        description: Text shown to the user.
        mirror: Folder in Terraform's filesystem-mirror layout. Set only if a generated configuration must name it.
        ignore_configuration: Whether the user's TF_CLI_CONFIG_FILE names a missing file.
    """

    description: str
    mirror: Path | None = None
    ignore_configuration: bool = False

    @property
    def downloaded(self) -> bool:
        """Whether Terraform downloads it from the registry."""
        return self.description == REGISTRY


def find_provider(variables: Mapping[str, str], *, home: Path, search_root: Path = SEARCH_ROOT) -> ProviderSource:
    """Find the provider by Terraform's own rules, then in mirrors below the search root.

    Args:
        variables: Environment variables; Terraform reads TF_CLI_CONFIG_FILE.
        home: The user's home folder.
        search_root: Folder whose sub-folders may be filesystem mirrors.

    Source: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
    """
    configured = variables.get("TF_CLI_CONFIG_FILE")
    if configured and Path(configured).is_file():
        return ProviderSource(f"as configured in {configured}")
    missing = bool(configured)
    if not configured and (home / ".terraformrc").is_file():
        return ProviderSource(f"as configured in {home / '.terraformrc'}")
    for folder in standard_folders(variables, home):
        if (folder / REGISTRY_PATH).is_dir():
            return ProviderSource(f"from {folder}", ignore_configuration=missing)
    for provider in sorted(search_root.glob(f"*/{REGISTRY_PATH}")):
        mirror = provider.parents[2]
        return ProviderSource(f"from the mirror {mirror}", mirror=mirror)
    return ProviderSource(REGISTRY, ignore_configuration=missing)


def standard_folders(variables: Mapping[str, str], home: Path) -> list[Path]:
    """List the folders that Terraform uses as implied local mirrors.

    Source: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    if sys.platform == "darwin":
        library = "Library/Application Support/io.terraform/plugins"
        return [home / ".terraform.d/plugins", home / library, Path("/") / library]
    data_home = Path(variables.get("XDG_DATA_HOME") or home / ".local/share")
    data = [Path(folder) for folder in (variables.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")]
    return [home / ".terraform.d/plugins", *(folder / "terraform/plugins" for folder in [data_home, *data])]


def provider_variables(source: ProviderSource, folder: Path) -> dict[str, str]:
    """Return the environment variables that make Terraform use the source.

    Args:
        source: Where the provider comes from.
        folder: Where a Terraform configuration file is written if one is needed.
    """
    if source.mirror is None and not source.ignore_configuration:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "terraform.rc"
    file.write_text(render_configuration(source.mirror))
    return {"TF_CLI_CONFIG_FILE": str(file)}


def render_configuration(mirror: Path | None) -> str:
    """Render Terraform's CLI configuration: the AWS provider from the mirror, others from the registry."""
    if mirror is None:
        return ""
    path = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{path}"\n    include = ["{REGISTRY_PATH}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{REGISTRY_PATH}"]\n  }}\n'
        "}\n"
    )


def detect_provider() -> ProviderSource:
    """Find the provider for this user on this machine."""
    return find_provider(os.environ, home=Path.home())
