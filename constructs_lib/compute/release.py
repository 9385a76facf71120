"""The software an instance runs: archives in a versioned bucket, each with the hash of what is in it."""

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
    """Software uploaded by Terraform in parts, all unpacked into one folder of the instance.

    A part that did not change is not uploaded again. What did change becomes a new version of the object under its
    old key, so the versions before stay for instances and launch templates that name them, as long as the bucket
    keeps old versions. Beside the parts lies ``release.json``, whose versions are the history of what was deployed.

    The same files make the same hash and so the same user-data, whoever packs them and when; another byte makes
    another one and so a rolling replacement of the instances.

    Args:
        bucket: where it is put, under ``releases/<id>/``.
        parts: by name, of letters, digits, ``-`` and ``_``: a folder, packed at synth, which lies under the part's
            name in the release; or a ``.tar.gz`` built before, unpacked as it is. Python packages in the release's
            folder and in its ``packages`` can be imported.
        about: what people want to know of it, such as version and commit; kept in ``release.json``.

    Raises:
        ConstructError: for a part that is no folder with files and no ``.tar.gz``, or has no usable name.
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
                usable = any(archive.files(source))
            else:
                usable = source.is_file() and source.name.endswith(archive.SUFFIX)
            if not usable:
                raise checks.error(
                    f"parts[{name}]",
                    str(source),
                    allowed=f"a folder with files or a {archive.SUFFIX} file",
                    fix="pass the folder to pack or an archive",
                )
        packed = {name: _packed(checks, name, source) for name, source in sorted(parts.items())}
        super().__init__(scope, id)
        self.bucket = bucket
        self._folder = f"{PREFIX}{id}/"
        self.parts: tuple[ReleasePart, ...] = tuple(
            self._upload(name, file, sha256) for name, (file, sha256) in packed.items()
        )
        #: Names the release as a whole.
        self.sha256 = hashlib.sha256("".join(part.sha256 for part in self.parts).encode()).hexdigest()
        listed = {name: dataclasses.asdict(part) for name, part in zip(packed, self.parts, strict=True)}
        cdk.aws.s3_object.S3Object(
            self,
            MANIFEST,
            bucket=bucket.name,
            key=f"{self._folder}{MANIFEST}",
            content=json.dumps({"sha256": self.sha256, "about": dict(about or {}), "parts": listed}, indent=2),
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
        """Let a service's instances fetch this release and those before it."""
        self.bucket.grant_read(owner, prefix=self._folder, old_versions=True)


def _packed(checks: Checks, name: str, source: pathlib.Path) -> tuple[pathlib.Path, str]:
    """A part's archive and the hash of its content."""
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
