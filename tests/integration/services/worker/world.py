"""The environment of a worker under test: uploads, queue, bucket, database and worker processes."""

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
class WorkerWorld:
    """Uploads videos, and reads queue, bucket and database."""

    engine: Engine
    store: storage.MediaStore
    sqs: Any
    s3: Any
    bucket: str
    queue_url: str
    uploads: list[UUID] = field(default_factory=list)

    def upload(self, path: Path, *, video_id: UUID | None = None) -> UUID:
        """Upload a file as the portal does: store the object, insert the row, send the message."""
        video_id = video_id or uuid4()
        self.store.store_file(storage.original_key(video_id), path, "video/mp4")
        self.add_row(video_id)
        self.send_message(video_id)
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

    def set_title(self, video_id: UUID, title: str) -> None:
        """Set the title and file name of a video."""
        with self.engine.begin() as connection:
            statement = text("UPDATE videos SET title = :title, original_filename = :title WHERE id = :id")
            connection.execute(statement, {"title": title, "id": video_id})

    def send_message(self, video_id: UUID) -> None:
        VideoQueue(self.sqs, self.queue_url).send(video_id)

    def video(self, video_id: UUID) -> records.Video:
        with self.engine.begin() as connection:
            video = records.find_video(connection, video_id)
        assert video is not None
        return video

    def attempts(self, video_id: UUID) -> int:
        with self.engine.begin() as connection:
            statement = text("SELECT attempt FROM videos WHERE id = :id")
            return int(connection.execute(statement, {"id": video_id}).scalar_one())

    def detail(self, video_id: UUID) -> str | None:
        """Return the error message of a video's task, for operators."""
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
        contents = self.s3.list_objects_v2(Bucket=self.bucket, Prefix=prefix).get("Contents", [])
        return sorted(item["Key"] for item in contents)

    def fetch(self, key: str, folder: Path) -> Path:
        path = folder / key.replace("/", "_")
        self.store.fetch_file(key, path)
        return path

    def message_counts(self, queue_url: str | None = None) -> tuple[int, int]:
        """Return the number of visible and in-flight messages of a queue."""
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
        """Set the maximum receive count of the redrive policy."""
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url, AttributeNames=["RedrivePolicy"])
        policy = {**json.loads(answer["Attributes"]["RedrivePolicy"]), "maxReceiveCount": str(count)}
        self.sqs.set_queue_attributes(QueueUrl=self.queue_url, Attributes={"RedrivePolicy": json.dumps(policy)})

    def receipt(self, video_id: UUID) -> DatedReceipt:
        with self.engine.begin() as connection:
            receipt = find_receipt(connection, video_id)
        assert receipt is not None
        return receipt

    def check_receipt(self, video: records.Video) -> None:
        """Assert that the bucket holds exactly the files listed in a video's receipt."""
        dated = self.receipt(video.id)
        assert dated.attempt == self.attempts(video.id)
        assert video.processed_url and video.poster_url and video.preview_url
        stored = {"video": video.processed_url, "poster": video.poster_url, "preview": video.preview_url}
        for name, key in stored.items():
            content = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
            assert dated.receipt.files[name] == FileDigest(len(content), hashlib.sha256(content).hexdigest())

    def check_settled(self) -> None:
        """Assert the invariant: every upload is processed or failed and has a receipt; no messages are left.

        The bucket holds exactly the three objects of each processed video, as listed in its receipt.
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
                self._check_playable(video.processed_url)
        assert self.objects() == sorted(expected)
        assert self.message_counts() == (0, 0)
        assert self.message_counts(self.dead_queue_url) == (0, 0)

    def _check_playable(self, key: str) -> None:
        with tempfile.TemporaryDirectory() as folder, av.open(str(self.fetch(key, Path(folder)))) as container:
            assert [stream.type for stream in container.streams] == ["video"]
            codec = container.streams.video[0].codec_context
            assert (codec.width, codec.height) == (1280, 720)
            assert container.duration is not None and 0 < container.duration / av.time_base <= 35


def wait_until(condition: Callable[[], bool], *, seconds: float = 240) -> None:
    """Poll until a condition holds; the timeout is only a safety net."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.05)


class WorkerProcess:
    """A ``python -m services.worker`` process with its own environment and temporary folder."""

    def __init__(
        self,
        environment: WorkerEnvironment,
        folder: Path,
        variables: Mapping[str, str],
        prefix: Sequence[str],
        program: Sequence[str],
    ) -> None:
        self.folder = folder
        self.log = folder.with_name(f"worker-{uuid4()}.log")
        folder.mkdir(exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*prefix, sys.executable, *program],
                env={
                    **os.environ,
                    "PYTHONPATH": str(ROOT),
                    **environment.as_variables(),
                    "TMPDIR": str(folder),
                    # In the user agent, so that its calls are found in the record.
                    "AWS_SDK_UA_APP_ID": "worker",
                    **variables,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def terminate(self, *, times: int = 1) -> int:
        """Send SIGTERM, as systemd does, and return the exit code."""
        for _ in range(times):
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(600)

    def kill(self) -> None:
        """Send SIGKILL and wait for the end."""
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        """Suspend the worker and its encoders."""
        for process in [psutil.Process(self.process.pid), *self.encoders()]:
            process.suspend()

    def resume(self) -> None:
        """Resume the worker and its encoders."""
        for process in [psutil.Process(self.process.pid), *self.encoders()]:
            process.resume()

    def log_lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == event]

    def leftovers(self) -> list[Path]:
        """Return the content of the temporary folder."""
        return list(self.folder.iterdir())

    def encoders(self) -> list[psutil.Process]:
        """Return the processes running in the temporary folder, orphans included."""
        encoders = []
        for process in psutil.process_iter(["cwd", "name"]):
            with contextlib.suppress(psutil.Error):
                if str(process.cwd()).startswith(str(self.folder)):
                    encoders.append(process)
        return encoders


class HookedStore(storage.MediaStore):
    """A bucket that calls ``when_stored`` between the last upload and the commit."""

    when_stored: Callable[[], None]

    def store_file(self, key: str, path: Path, content_type: str) -> None:
        super().store_file(key, path, content_type)
        if key.endswith(".preview.mp4"):
            self.when_stored()
