"""The media bucket: keys of its objects, and presigned links for browsers."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit
from uuid import UUID

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

UPLOADS = "uploads/"
PROCESSED = "processed/"
_LINK_SECONDS = 3600
_LINK_REUSE_SECONDS = 300
_MAX_CACHED_LINKS = 10_000
# One part at a time: with boto3's default of ten, each upload would need 80 MB of memory.
_ONE_PART = TransferConfig(multipart_threshold=8 * 2**20, multipart_chunksize=8 * 2**20, use_threads=False)


def original_key(video_id: UUID) -> str:
    """Return the key of the player's file. The file's own name is stored in the database, never in a key."""
    return f"{UPLOADS}{video_id}.mp4"


def results_prefix(video_id: UUID) -> str:
    """Return the prefix of all objects that attempts at a video have stored."""
    return f"{PROCESSED}{video_id}/"


def processed_key(video_id: UUID, attempt: int) -> str:
    """Return the key of an attempt's video. An outdated attempt cannot overwrite the valid one."""
    return f"{results_prefix(video_id)}{attempt}.mp4"


def poster_key(video_id: UUID, attempt: int) -> str:
    """Return the key of an attempt's poster."""
    return f"{results_prefix(video_id)}{attempt}.jpg"


def preview_key(video_id: UUID, attempt: int) -> str:
    """Return the key of an attempt's preview."""
    return f"{PROCESSED}{video_id}/{attempt}.preview.mp4"


@dataclass(frozen=True)
class UploadPart:
    """Part of a multipart upload that S3 has received."""

    size: int
    etag: str


class MediaStore:
    """The media bucket.

    Args:
        client: S3 client.
        bucket: Name of the bucket.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._links: dict[tuple[str, int], str] = {}
        self._lock = threading.Lock()

    @property
    def origin(self) -> str:
        """Origin of the links, for a content security policy."""
        parts = urlsplit(self._client.generate_presigned_url("head_bucket", Params={"Bucket": self._bucket}))
        return f"{parts.scheme}://{parts.netloc}"

    def store(self, key: str, content: IO[bytes], content_type: str) -> None:
        """Stream an open file into the bucket, in parts, with constant memory."""
        self._client.upload_fileobj(
            content, self._bucket, key, ExtraArgs={"ContentType": content_type}, Config=_ONE_PART
        )

    def store_file(self, key: str, path: Path, content_type: str) -> None:
        """Upload a local file."""
        self._client.upload_file(str(path), self._bucket, key, ExtraArgs={"ContentType": content_type})

    def fetch_file(self, key: str, path: Path) -> None:
        """Download an object to a local file.

        Raises:
            FileNotFoundError: There is no such object.
        """
        try:
            self._client.download_file(self._bucket, key, str(path))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                raise FileNotFoundError(key) from error
            raise

    def size(self, key: str) -> int | None:
        """Return the size of an object in bytes, or None if there is none."""
        try:
            return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise

    def first_bytes(self, key: str, count: int) -> bytes:
        """Read the first bytes of an object."""
        answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=0-{count - 1}")
        return bytes(answer["Body"].read())

    def delete(self, *keys: str) -> None:
        """Delete objects. Missing objects are ignored."""
        for key in keys:
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def delete_all(self, prefix: str) -> None:
        """Delete all objects with a key prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        self.delete(*(entry["Key"] for page in pages for entry in page.get("Contents", [])))

    def link(self, key: str) -> str:
        """Return a presigned link to an object, valid for an hour at most.

        It ends earlier with the credentials that sign it, those of the instance's role, which live up to six hours.
        boto3 renews them 15 minutes before they end. The link stays the same for five minutes, so that browsers can
        cache the object. So pages must expect a link to end ten minutes after they received it.
        https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-presigned-url.html#PresignedUrl-Expiration
        """
        period = int(time.time() // _LINK_REUSE_SECONDS)
        with self._lock:
            link = self._links.get((key, period))
            if link is None:
                if len(self._links) >= _MAX_CACHED_LINKS:
                    self._links.clear()
                link = self._client.generate_presigned_url(
                    "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=_LINK_SECONDS
                )
                self._links[key, period] = link
            return link

    def start_multipart_upload(self, key: str, content_type: str) -> str:
        """Start a multipart upload; return its id."""
        upload = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=content_type)
        return str(upload["UploadId"])

    def part_upload_link(self, key: str, upload_id: str, number: int, *, size: int, seconds: int) -> str:
        """Return a presigned link to which a browser uploads one part.

        Args:
            key: Key of the object.
            upload_id: Id of the multipart upload.
            number: Number of the part, from 1.
            size: Size of the part in bytes; the signature allows no other.
            seconds: Maximum validity of the link, in seconds; it ends earlier with the credentials, as in ``link``.
        """
        link: str = self._client.generate_presigned_url(
            "upload_part",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "UploadId": upload_id,
                "PartNumber": number,
                "ContentLength": size,
            },
            ExpiresIn=seconds,
        )
        return link

    def parts(self, key: str, upload_id: str) -> dict[int, UploadPart] | None:
        """Return the received parts by number, or None if S3 has no such upload."""
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload_id)
        try:
            parts = [part for page in pages for part in page.get("Parts", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                return None
            raise
        return {part["PartNumber"]: UploadPart(part["Size"], part["ETag"]) for part in parts}

    def finish_multipart_upload(self, key: str, upload_id: str, parts: Mapping[int, UploadPart]) -> None:
        """Complete a multipart upload. A missing upload is ignored."""
        entries = [{"PartNumber": number, "ETag": part.etag} for number, part in sorted(parts.items())]
        self._end_upload("complete_multipart_upload", key, upload_id, MultipartUpload={"Parts": entries})

    def abort_multipart_upload(self, key: str, upload_id: str) -> None:
        """Abort a multipart upload. A missing upload is ignored."""
        self._end_upload("abort_multipart_upload", key, upload_id)

    def _end_upload(self, call: str, key: str, upload_id: str, **arguments: object) -> None:
        try:
            getattr(self._client, call)(Bucket=self._bucket, Key=key, UploadId=upload_id, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
