"""Where Terraform gets the AWS provider from: a mirror on this machine when there is one, else the registry."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

REGISTRY_PATH = "registry.terraform.io/hashicorp/aws"
SEARCHED = Path("/opt")
REGISTRY = "from the registry"


@dataclass(frozen=True)
class ProviderSource:
    """Where the provider comes from.

    Args:
        description: what people are told.
        mirror: folder in Terraform's filesystem-mirror layout, when a configuration of ours has to name it.
        ignore_configuration: the user's TF_CLI_CONFIG_FILE names a file that does not exist.
    """

    description: str
    mirror: Path | None = None
    ignore_configuration: bool = False

    @property
    def downloaded(self) -> bool:
        """Whether Terraform fetches it from the registry."""
        return self.description == REGISTRY


def find_provider(variables: Mapping[str, str], *, home: Path, searched: Path = SEARCHED) -> ProviderSource:
    """Look for the provider where Terraform's own rules and this project's say it may be.

    Args:
        variables: environment variables; TF_CLI_CONFIG_FILE is Terraform's.
        home: the user's home folder.
        searched: folder whose sub-folders may be filesystem mirrors.

    Source: https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
    """
    configured = variables.get("TF_CLI_CONFIG_FILE")
    if configured and Path(configured).is_file():
        return ProviderSource(f"as {configured} says")
    missing = bool(configured)
    if not configured and (home / ".terraformrc").is_file():
        return ProviderSource(f"as {home / '.terraformrc'} says")
    for folder in standard_folders(variables, home):
        if (folder / REGISTRY_PATH).is_dir():
            return ProviderSource(f"from {folder}", ignore_configuration=missing)
    for provider in sorted(searched.glob(f"*/{REGISTRY_PATH}")):
        mirror = provider.parents[2]
        return ProviderSource(f"from the mirror {mirror}", mirror=mirror)
    return ProviderSource(REGISTRY, ignore_configuration=missing)


def standard_folders(variables: Mapping[str, str], home: Path) -> list[Path]:
    """The folders Terraform itself takes for mirrors.

    Source: https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories
    """
    if sys.platform == "darwin":
        library = "Library/Application Support/io.terraform/plugins"
        return [home / ".terraform.d/plugins", home / library, Path("/") / library]
    data_home = Path(variables.get("XDG_DATA_HOME") or home / ".local/share")
    data = [Path(folder) for folder in (variables.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":")]
    return [home / ".terraform.d/plugins", *(folder / "terraform/plugins" for folder in [data_home, *data])]


def provider_variables(source: ProviderSource, folder: Path) -> dict[str, str]:
    """The variables that make Terraform use the source.

    Args:
        source: where the provider comes from.
        folder: gets a configuration file where one is needed.
    """
    if source.mirror is None and not source.ignore_configuration:
        return {}
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "terraform.rc"
    file.write_text(configuration(source.mirror))
    return {"TF_CLI_CONFIG_FILE": str(file)}


def configuration(mirror: Path | None) -> str:
    """Terraform's own configuration: the AWS provider from the mirror, others from the registry."""
    if mirror is None:
        return ""
    path = str(mirror).replace("\\", "\\\\").replace('"', '\\"')
    return (
        "provider_installation {\n"
        f'  filesystem_mirror {{\n    path    = "{path}"\n    include = ["{REGISTRY_PATH}"]\n  }}\n'
        f'  direct {{\n    exclude = ["{REGISTRY_PATH}"]\n  }}\n'
        "}\n"
    )


def from_here() -> ProviderSource:
    """Where the provider comes from for this user on this machine."""
    return find_provider(os.environ, home=Path.home())
