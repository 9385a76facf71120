"""The software of a deployment: a built release, or the source code where no instance runs it."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping

from stacks.settings.loader import SettingProblem, SettingsError
from stacks.settings.model import Settings

PROJECT = pathlib.Path(__file__).resolve().parent.parent
DEFAULT_FOLDER = ".anb/release/x86_64"
ARCHITECTURE = "x86_64"
"""Architecture of every instance type and image that the settings allow."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Software:
    """The release of each service.

    Args:
        portal, worker: the parts of the service's release, by name.
        about: version and commit.
    """

    portal: Mapping[str, pathlib.Path]
    worker: Mapping[str, pathlib.Path]
    about: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return (
            f"Release {self.about['version']} of commit {self.about['commit']}"
            if self.about
            else "Source code without packages"
        )


def sources(folder: pathlib.Path = PROJECT / "services") -> Software:
    """Return the source code without packages: enough for a synth and for instances that the emulator only records."""
    return Software(portal={"services": folder}, worker={"services": folder})


def directory(settings: Settings) -> pathlib.Path | None:
    """Return the folder of the release for these settings; None if they use the source code without packages."""
    if settings.embedded and not settings.release_directory:
        return None
    return PROJECT / (settings.release_directory or DEFAULT_FOLDER)


def find_software(settings: Settings) -> Software:
    """Find the software to deploy with these settings.

    Raises:
        SettingsError: the release is not built, or is built for another architecture.
    """
    folder = directory(settings)
    if folder is None:
        return sources()
    try:
        built = json.loads((folder / "release.json").read_text())
    except FileNotFoundError:
        raise SettingsError([_problem(str(folder), "it has no release.json: the release is not built")]) from None
    if built["architecture"] != ARCHITECTURE:
        raise SettingsError([_problem(str(folder), f"it was built for {built['architecture']}")])
    parts = {
        service: {name: folder / part["file"] for name, part in named.items()}
        for service, named in built["parts"].items()
    }
    about = {key: built[key] for key in ("version", "commit", "architecture")}
    return Software(portal=parts["portal"], worker=parts["worker"], about=about)


def _problem(folder: str, detail: str) -> SettingProblem:
    return SettingProblem(
        "release_directory",
        folder,
        allowed=f"a folder with a release for {ARCHITECTURE}",
        detail=detail,
        fix="run ./anb release",
    )
