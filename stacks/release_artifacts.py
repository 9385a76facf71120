"""The software of a deployment: a release that was built, or the sources alone where nothing runs them."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Mapping

from stacks.settings.loader import SettingProblem, SettingsError
from stacks.settings.model import Settings

PROJECT = pathlib.Path(__file__).resolve().parent.parent
BUILT = ".anb/release/x86_64"
ARCHITECTURE = "x86_64"
"""Of every instance type and of the image that the settings allow."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Software:
    """What each service's instances run.

    Args:
        portal, worker: the parts of the release, by name.
        about: its version and commit.
    """

    portal: Mapping[str, pathlib.Path]
    worker: Mapping[str, pathlib.Path]
    about: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def __str__(self) -> str:
        return f"Release {self.about['version']} of commit {self.about['commit']}" if self.about else "Sources alone"


def sources(folder: pathlib.Path = PROJECT / "services") -> Software:
    """The sources without their packages: enough for a synth and for instances that are only pretended."""
    return Software(portal={"services": folder}, worker={"services": folder})


def directory(settings: Settings) -> pathlib.Path | None:
    """The folder a deployment with these settings takes its release from; None where it takes the sources alone."""
    if settings.embedded and not settings.release_directory:
        return None
    return PROJECT / (settings.release_directory or BUILT)


def find(settings: Settings) -> Software:
    """What a deployment with these settings puts into its bucket.

    Raises:
        SettingsError: the release is not built, or for other instances.
    """
    folder = directory(settings)
    if folder is None:
        return sources()
    try:
        built = json.loads((folder / "release.json").read_text())
    except FileNotFoundError:
        raise SettingsError([_problem(str(folder), "it holds no release.json: the release is not built")]) from None
    if built["architecture"] != ARCHITECTURE:
        raise SettingsError([_problem(str(folder), f"it was built for {built['architecture']}")])
    parts = {
        service: {name: folder / part["file"] for name, part in named.items()}
        for service, named in built["parts"].items()
    }
    about = {key: built[key] for key in ("version", "commit", "architecture")}
    return Software(portal=parts["portal"], worker=parts["worker"], about=about)


def _problem(folder: str, wrong: str) -> SettingProblem:
    return SettingProblem(
        "release_directory",
        folder,
        allowed=f"are folders with a release for {ARCHITECTURE}, and {wrong}",
        fix="run ./anb release",
    )
