"""What goes into a release: which sources each service runs, and what of its packages is never used."""

from __future__ import annotations

from pathlib import PurePosixPath

SERVICES = {
    "portal": ("shared", "contest", "videos", "migrations", "portal"),
    "worker": ("consumer", "shared", "videos", "worker"),
}
"""The folders of ``services`` that each service runs, besides the modules beside them."""

AWS_SERVICES = {"logs", "s3", "secretsmanager", "sqs"}
"""What the services call through boto3, whose descriptions of 400 others are most of its size."""

LANGUAGES = {"en", "es"}
"""The portal's, of the 1,000 locales that Babel brings."""

_NEVER_RUN = {".pyi", ".pyx", ".pxd", ".pyc", ".c", ".h"}
_NEVER_READ = {"RECORD", "INSTALLER", "REQUESTED", "WHEEL", "direct_url.json", "top_level.txt"}


def is_needed(file: PurePosixPath) -> bool:
    """Whether a service may need a file of its packages at run time.

    Left out are tests, type stubs, the sources of compiled modules, console scripts, headers, what only installers
    read, and the data of AWS services and languages that are not ours. Licenses and metadata stay.

    Args:
        file: its path in the folder that packages are imported from.
    """
    folders, top = file.parts[:-1], file.parts[0]
    if file.suffix in _NEVER_RUN or top in ("bin", "include", "share"):
        return False
    if {"tests", "test", "__pycache__"} & set(folders) or file.parts[:2] in (("sqlalchemy", "testing"),):
        return False
    if top.endswith(".dist-info"):
        return file.name not in _NEVER_READ
    if file.parts[:2] == ("botocore", "data") and len(file.parts) > 3:
        return file.parts[2] in AWS_SERVICES
    if top == "boto3" and len(file.parts) > 2 and file.parts[1] in ("data", "examples"):
        return False
    if file.parts[:2] == ("babel", "locale-data"):
        return file.stem == "root" or file.stem.partition("_")[0] in LANGUAGES
    return True
