"""The outside of a worker in the tests: uploads, the queue, the bucket and the database."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import av
import psutil
from sqlalchemy import Engine, text

from services.environment import WorkerEnvironment
from services.shared import storage
from services.shared.queue import VideoQueue
from services.videos import records
from services.videos.receipts import DatedReceipt, FileDigest, find_receipt
from workspace.paths import ROOT


@dataclass
class World:
    """The outside of a worker: players upload, the queue carries, the bucket and the database are looked at."""

    engine: Engine
    store: storage.MediaStore
    sqs: Any
    s3: Any
    bucket: str
    queue_url: str
    uploads: list[UUID] = field(default_factory=list)

    def upload(self, path: Path, *, video_id: UUID | None = None) -> UUID:
        """Upload a file as the portal does: object, row, message."""
        video_id = video_id or uuid4()
        self.store.store_file(storage.original_key(video_id), path, "video/mp4")
        self.add_row(video_id)
        self.ask_for(video_id)
        return video_id

    def add_row(self, video_id: UUID) -> None:
        with self.engine.begin() as connection:
            user_id = connection.execute(
                text(
                    "INSERT INTO users (first_name, last_name, email, password_hash, city, country) "
                    "VALUES ('Ana', 'Ruiz', :email, 'x', 'Cali', 'Colombia') RETURNING id"
                ),
                {"email": f"{video_id}@example.com"},
            ).scalar_one()
            records.add_video(
                connection,
                video_id=video_id,
                user_id=user_id,
                title="A clip",
                original_filename="clip.mp4",
                original_url=storage.original_key(video_id),
                is_public=True,
            )
        self.uploads.append(video_id)

    def entitle(self, video_id: UUID, title: str) -> None:
        """Give a video's row a title and a file name, as its owner does."""
        with self.engine.begin() as connection:
            statement = text("UPDATE videos SET title = :title, original_filename = :title WHERE id = :id")
            connection.execute(statement, {"title": title, "id": video_id})

    def ask_for(self, video_id: UUID) -> None:
        VideoQueue(self.sqs, self.queue_url).send(video_id)

    def video(self, video_id: UUID) -> records.Video:
        with self.engine.begin() as connection:
            found = records.find_video(connection, video_id)
        assert found is not None
        return found

    def attempts(self, video_id: UUID) -> int:
        with self.engine.begin() as connection:
            statement = text("SELECT attempt FROM videos WHERE id = :id")
            return int(connection.execute(statement, {"id": video_id}).scalar_one())

    def detail(self, video_id: UUID) -> str | None:
        """What the operator reads about a video's work."""
        with self.engine.begin() as connection:
            statement = text("SELECT error_message FROM task_results WHERE video_id = :id")
            return connection.execute(statement, {"id": video_id}).scalar_one()  # type: ignore[no-any-return]

    def delete(self, video_id: UUID) -> None:
        """Delete a video's row, as the portal does for its owner."""
        with self.engine.begin() as connection:
            owner = self.video(video_id).user_id
            assert records.delete_video(connection, video_id, owner) is records.Deletion.DELETED
        self.uploads.remove(video_id)

    def objects(self, prefix: str = "processed/") -> list[str]:
        found = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return sorted(item["Key"] for item in found)

    def fetch(self, key: str, folder: Path) -> Path:
        path = folder / key.replace("/", "_")
        self.store.fetch_file(key, path)
        return path

    def waiting(self, queue_url: str | None = None) -> tuple[int, int]:
        """Messages of a queue: visible and in flight."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=queue_url or self.queue_url, AttributeNames=names)
        visible, hidden = (int(answer["Attributes"][name]) for name in names)
        return visible, hidden

    @property
    def dead_queue_url(self) -> str:
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["RedrivePolicy"])
        arn = json.loads(answer["Attributes"]["RedrivePolicy"])["deadLetterTargetArn"]
        return str(self.sqs.get_queue_url(QueueName=arn.rpartition(":")[2])["QueueUrl"])

    def allow_receives(self, count: int) -> None:
        """Let a message be received so often before it is dead."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["RedrivePolicy"])
        policy = {**json.loads(answer["Attributes"]["RedrivePolicy"]), "maxReceiveCount": str(count)}
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"RedrivePolicy": json.dumps(policy)})

    def receipt(self, video_id: UUID) -> DatedReceipt:
        with self.engine.begin() as connection:
            found = find_receipt(connection, video_id)
        assert found is not None
        return found

    def check_receipt(self, video: records.Video) -> None:
        """What a video's receipt says was stored lies in the bucket, byte for byte."""
        dated = self.receipt(video.id)
        assert dated.attempt == self.attempts(video.id)
        assert video.processed_url and video.poster_url and video.preview_url
        stored = {"video": video.processed_url, "poster": video.poster_url, "preview": video.preview_url}
        for name, key in stored.items():
            content = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            assert dated.receipt.files[name] == FileDigest(len(content), hashlib.sha256(content).hexdigest())

    def check_settled(self) -> None:
        """The invariant: every upload is processed or failed with its receipt, a processed one has its three objects.

        No object is there for nothing, and each is the one that the receipt tells of.
        """
        expected = []
        for video_id in self.uploads:
            video = self.video(video_id)
            assert video.status in ("processed", "failed"), f"{video_id} is {video.status}"
            assert self.receipt(video_id)
            if video.status == "processed":
                assert video.processed_url and video.poster_url and video.preview_url
                expected += [video.processed_url, video.poster_url, video.preview_url]
                self.check_receipt(video)
                self._check_probed(video.processed_url)
        assert self.objects() == sorted(expected)
        assert self.waiting() == (0, 0)
        assert self.waiting(self.dead_queue_url) == (0, 0)

    def _check_probed(self, key: str) -> None:
        with tempfile.TemporaryDirectory() as folder, av.open(str(self.fetch(key, Path(folder)))) as container:
            assert [stream.type for stream in container.streams] == ["video"]
            picture = container.streams.video[0].codec_context
            assert (picture.width, picture.height) == (1280, 720)
            assert container.duration is not None and 0 < container.duration / av.time_base <= 35


def until(happened: Callable[[], bool], *, seconds: float = 240) -> None:
    """Wait for something that must happen; the time is a safety net only."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


class WorkerProcess:
    """``python -m services.worker`` with an environment and a folder for temporary files of its own."""

    def __init__(
        self,
        environment: WorkerEnvironment,
        folder: Path,
        variables: Mapping[str, str],
        before: Sequence[str],
        program: Sequence[str],
    ) -> None:
        self.folder = folder
        self.log = folder.with_name(f"worker-{uuid4()}.log")
        folder.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*before, sys.executable, *program],
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    **environment.as_variables(),
                    "TMPDIR": str(folder),
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def terminate(self, *, times: int = 1) -> int:
        """Ask it to end, as systemd does; its exit code."""
        for _ in range(times):
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(600)

    def kill(self) -> None:
        """End it without a word, as a power cut does."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Stop it in the middle of whatever it does, its encoders with it."""
        for process in [psutil.Process(self.process.pid), *self.encoders()]:
            process.suspend()

    def thaw(self) -> None:
        """Let it go on."""
        for process in [psutil.Process(self.process.pid), *self.encoders()]:
            process.resume()

    def said(self, event: str) -> list[dict[str, Any]]:
        """Its log lines about one kind of event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def leftovers(self) -> list[Path]:
        """What it left in its folder for temporary files."""
        return list(self.folder.iterdir())

    def encoders(self) -> list[psutil.Process]:
        """The ffmpeg programs that run in its folder, whoever their parent is by now."""
        found = []
        for process in psutil.process_iter(["cwd", "name"]):
            with contextlib.suppress(psutil.Error):
                if str(process.cwd()).startswith(str(self.folder)):
                    found.append(process)
        return found


class HookedStore(storage.MediaStore):
    """A bucket in which something happens between the last object's storing and the commit."""

    when_stored: Callable[[], None]

    def store_file(self, key: str, path: Path, content_type: str) -> None:
        super().store_file(key, path, content_type)
        if key.endswith(".preview.mp4"):
            self.when_stored()
