"""The object store: where videos lie, and links to them that browsers can use."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import UUID

from boto3.s3.transfer import TransferConfig
from botocore.exceptions import ClientError

UPLOADS = "uploads/"
PROCESSED = "processed/"
_LINK_SECONDS = 3600
_LINK_REUSE_SECONDS = 300
_LINKS_KEPT = 10_000
# One part at a time: with boto3's ten side by side, every upload would hold 80 MB.
_ONE_PART = TransferConfig(multipart_threshold=8 * 2**20, multipart_chunksize=8 * 2**20, use_threads=False)


def original_key(video_id: UUID) -> str:
    """Where the player's file lies. The file's own name is text in the database, never a key."""
    return f"{UPLOADS}{video_id}.mp4"


def results_prefix(video_id: UUID) -> str:
    """Below it lies whatever attempts at a video have stored."""
    return f"{PROCESSED}{video_id}/"


def processed_key(video_id: UUID, attempt: int) -> str:
    """Where an attempt writes its video; a zombie's attempt can never overwrite the winner's."""
    return f"{results_prefix(video_id)}{attempt}.mp4"


def poster_key(video_id: UUID, attempt: int) -> str:
    """Where an attempt writes the video's poster."""
    return f"{results_prefix(video_id)}{attempt}.jpg"


def preview_key(video_id: UUID, attempt: int) -> str:
    """Where an attempt writes the video's preview."""
    return f"{PROCESSED}{video_id}/{attempt}.preview.mp4"


@dataclass(frozen=True)
class UploadPart:
    """A part of an object that is being sent, as S3 has it."""

    size: int
    etag: str


class MediaStore:
    """The bucket of the videos.

    Args:
        client: an S3 client.
        bucket: the bucket's name.
    """

    def __init__(self, client: Any, bucket: str) -> None:
        self._client = client
        self._bucket = bucket
        self._links: dict[tuple[str, int], str] = {}
        self._lock = threading.Lock()

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins that browsers fetch from and upload to, for a content security policy."""
        endpoint: str = self._client.meta.endpoint_url
        if not endpoint.endswith(".amazonaws.com"):
            return (endpoint,)
        # S3 signs for the regional name or the global one, depending on the region.
        return (endpoint.replace("https://", f"https://{self._bucket}."), f"https://{self._bucket}.s3.amazonaws.com")

    def store(self, key: str, content: IO[bytes], content_type: str) -> None:
        """Stream an open file into the bucket, in parts, with flat memory."""
        self._client.upload_fileobj(
            content, self._bucket, key, ExtraArgs={"ContentType": content_type}, Config=_ONE_PART
        )

    def store_file(self, key: str, path: Path, content_type: str) -> None:
        """Put a file of this machine into the bucket."""
        self._client.upload_file(str(path), self._bucket, key, ExtraArgs={"ContentType": content_type})

    def fetch_file(self, key: str, path: Path) -> None:
        """Write an object to a file of this machine.

        Raises:
            FileNotFoundError: there is no such object.
        """
        try:
            self._client.download_file(self._bucket, key, str(path))
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                raise FileNotFoundError(key) from error
            raise

    def size(self, key: str) -> int | None:
        """Bytes of an object, or None where there is none."""
        try:
            return int(self._client.head_object(Bucket=self._bucket, Key=key)["ContentLength"])
        except ClientError as error:
            if error.response["Error"]["Code"] in ("404", "NoSuchKey"):
                return None
            raise

    def first_bytes(self, key: str, count: int) -> bytes:
        """The beginning of an object, to see what it is without fetching it whole."""
        answer = self._client.get_object(Bucket=self._bucket, Key=key, Range=f"bytes=0-{count - 1}")
        return bytes(answer["Body"].read())

    def delete(self, *keys: str) -> None:
        """Remove objects; those that are not there are no fault."""
        for key in keys:
            self._client.delete_object(Bucket=self._bucket, Key=key)

    def delete_all(self, prefix: str) -> None:
        """Remove every object whose key begins so."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix)
        self.delete(*(found["Key"] for page in pages for found in page.get("Contents", [])))

    def link(self, key: str) -> str:
        """A link to an object that works for an hour.

        The same link is given for five minutes, so that browsers may cache what it leads to.
        """
        period = int(time.time() // _LINK_REUSE_SECONDS)
        with self._lock:
            link = self._links.get((key, period))
            if link is None:
                if len(self._links) >= _LINKS_KEPT:
                    self._links.clear()
                link = self._client.generate_presigned_url(
                    "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=_LINK_SECONDS
                )
                self._links[key, period] = link
            return link

    def start_multipart_upload(self, key: str, content_type: str) -> str:
        """Begin an object that is sent in parts; returns S3's id of the upload."""
        begun = self._client.create_multipart_upload(Bucket=self._bucket, Key=key, ContentType=content_type)
        return str(begun["UploadId"])

    def part_upload_link(self, key: str, upload_id: str, number: int, *, size: int, seconds: int) -> str:
        """A link to which a browser puts one part.

        Args:
            number: of the part, from 1.
            size: bytes; the signature holds for exactly so many.
            seconds: how long the link works.
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
        """The parts that have arrived, by number; None where S3 knows no such upload any more."""
        pages = self._client.get_paginator("list_parts").paginate(Bucket=self._bucket, Key=key, UploadId=upload_id)
        try:
            found = [part for page in pages for part in page.get("Parts", [])]
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchUpload":
                return None
            raise
        return {part["PartNumber"]: UploadPart(part["Size"], part["ETag"]) for part in found}

    def finish_multipart_upload(self, key: str, upload_id: str, parts: Mapping[int, UploadPart]) -> None:
        """Make one object of parts; an upload that S3 does not know any more is no fault."""
        joined = [{"PartNumber": number, "ETag": part.etag} for number, part in sorted(parts.items())]
        self._end_upload("complete_multipart_upload", key, upload_id, MultipartUpload={"Parts": joined})

    def abort_multipart_upload(self, key: str, upload_id: str) -> None:
        """Give an upload in parts up; one that S3 does not know any more is no fault."""
        self._end_upload("abort_multipart_upload", key, upload_id)

    def _end_upload(self, call: str, key: str, upload_id: str, **arguments: object) -> None:
        try:
            getattr(self._client, call)(Bucket=self._bucket, Key=key, UploadId=upload_id, **arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchUpload":
                raise
