"""Contents of a release: the source folders of each service, and the package files to leave out."""

from __future__ import annotations

from pathlib import PurePosixPath

SERVICES = {
    "portal": ("shared", "contest", "videos", "migrations", "portal"),
    "worker": ("consumer", "shared", "videos", "worker"),
}
"""Folders of ``services`` by service; top-level modules belong to all services."""

AWS_SERVICES = {"logs", "s3", "secretsmanager", "sqs"}
"""AWS services that are called through boto3; the descriptions of 400 others are most of its size."""

LANGUAGES = {"en", "es"}
"""Languages of the portal, out of Babel's 1,000 locales."""

_UNUSED_SUFFIXES = {".pyi", ".pyx", ".pxd", ".pyc", ".c", ".h"}
_UNUSED_METADATA = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "top_level.txt"}


def is_needed(file: PurePosixPath) -> bool:
    """Whether a service may need a package's file at run time.

    Tests, type stubs, sources of compiled modules, console scripts, headers, files for installers, and data of unused
    AWS services and languages are left out. Licenses and metadata stay.

    Args:
        file: Path below the folder of installed packages.
    """
    folders, top = file.parts[:-1], file.parts[0]
    if file.suffix in _UNUSED_SUFFIXES or top in ("bin", "include", "share"):
        return False
    if {"tests", "test", "__pycache__"} & set(folders) or file.parts[:2] in (("sqlalchemy", "testing"),):
        return False
    if top.endswith(".dist-info"):
        return file.name not in _UNUSED_METADATA
    if file.parts[:2] == ("botocore", "data") and len(file.parts) > 3:
        return file.parts[2] in AWS_SERVICES
    if top == "boto3" and len(file.parts) > 2 and file.parts[1] in ("data", "examples"):
        return False
    if file.parts[:2] == ("babel", "locale-data"):
        return file.stem == "root" or file.stem.partition("_")[0] in LANGUAGES
    return True
