"""The software of an instance: archives in a versioned bucket, each with the hash of its content."""

from __future__ import annotations

import atexit
import dataclasses
import hashlib
import json
import pathlib
import shutil
import tempfile
from collections.abc import Mapping

from constructs_lib.compute import archive
from constructs_lib.compute.user_data import ReleasePart
from constructs_lib.foundation import cdk
from constructs_lib.foundation.errors import Checks
from constructs_lib.foundation.grants import RoleOwner
from constructs_lib.storage.bucket import Bucket

PREFIX = "releases/"
MANIFEST = "release.json"


class Release(cdk.Construct):
    """Software that Terraform uploads in parts and an instance unpacks into one folder.

    An unchanged part is not uploaded again. A changed part becomes a new version of the object under the same key, so
    older versions stay available to instances and launch templates that name them, as long as the bucket keeps them.
    ``release.json``, beside the parts, records what was deployed in its versions.

    The same files always give the same hash and user data; a changed byte gives another hash and so a rolling
    replacement of the instances.

    Args:
        bucket: bucket to upload to, under ``releases/<id>/``.
        parts: parts by name (letters, digits, ``-`` and ``_``): a folder, packed at synth and unpacked to the part's
            name; or an existing ``.tar.gz``, unpacked as it is. Python packages in the release's folder and in its
            ``packages`` can be imported.
        about: information such as version and commit, stored in ``release.json``.

    Raises:
        ConstructError: a part is neither a folder with files nor a ``.tar.gz``, or its name is invalid.
    """

    def __init__(
        self,
        scope: cdk.Construct,
        id: str,
        *,
        bucket: Bucket,
        parts: Mapping[str, pathlib.Path],
        about: Mapping[str, str] | None = None,
    ) -> None:
        checks = Checks(scope, id)
        checks.name("id", id, longest=64, owner="release", pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*")
        if not parts:
            raise checks.error("parts", dict(parts), allowed="at least one part", fix="name the folder to run")
        for name, source in parts.items():
            checks.name("parts", name, longest=64, owner="part", pattern=r"[A-Za-z0-9][A-Za-z0-9_-]*")
            if source.is_dir():
                usable = any(archive.list_files(source))
            else:
                usable = source.is_file() and source.name.endswith(archive.SUFFIX)
            if not usable:
                raise checks.error(
                    f"parts[{name}]",
                    str(source),
                    allowed=f"a folder with files or a {archive.SUFFIX} file",
                    fix="pass the folder to pack or an archive",
                )
        packed = {name: _pack_part(checks, name, source) for name, source in sorted(parts.items())}
        super().__init__(scope, id)
        self.bucket = bucket
        self._folder = f"{PREFIX}{id}/"
        self.parts: tuple[ReleasePart, ...] = tuple(
            self._upload(name, file, sha256) for name, (file, sha256) in packed.items()
        )
        self.sha256 = hashlib.sha256("".join(part.sha256 for part in self.parts).encode()).hexdigest()
        """Hash of all parts; the id of the release."""
        manifest_parts = {name: dataclasses.asdict(part) for name, part in zip(packed, self.parts, strict=True)}
        cdk.aws.s3_object.S3Object(
            self,
            MANIFEST,
            bucket=bucket.name,
            key=f"{self._folder}{MANIFEST}",
            content=json.dumps({"sha256": self.sha256, "about": dict(about or {}), "parts": manifest_parts}, indent=2),
            content_type="application/json",
            depends_on=[bucket.versioned],
        )

    def _upload(self, name: str, file: pathlib.Path, sha256: str) -> ReleasePart:
        part = cdk.Construct(self, name)
        asset = cdk.TerraformAsset(part, "archive", path=str(file), type=cdk.AssetType.FILE, asset_hash=sha256)
        key = f"{self._folder}{name}{archive.SUFFIX}"
        uploaded = cdk.aws.s3_object.S3Object(
            part,
            "object",
            bucket=self.bucket.name,
            key=key,
            source=asset.path,
            source_hash=sha256,
            content_type="application/gzip",
            metadata={"sha256": sha256},
            depends_on=[self.bucket.versioned],
        )
        return ReleasePart(key, uploaded.version_id, sha256)

    def grant_read(self, owner: RoleOwner) -> None:
        """Allow a service to read this release and its older versions."""
        self.bucket.grant_read(owner, prefix=self._folder, old_versions=True)


def _pack_part(checks: Checks, name: str, source: pathlib.Path) -> tuple[pathlib.Path, str]:
    """Return a part's archive and the hash of its content."""
    if source.is_dir():
        workspace = pathlib.Path(tempfile.mkdtemp(prefix="release-"))
        atexit.register(shutil.rmtree, workspace, ignore_errors=True)
        file = workspace / f"{name}{archive.SUFFIX}"
        return file, archive.pack({name: source}, file)
    try:
        return source, archive.content_sha256(source)
    except ValueError as error:
        raise checks.error(
            f"parts[{name}]", str(source), allowed=f"a readable {archive.SUFFIX} file", fix=f"rebuild it: {error}"
        ) from None
