"""Processes one video: claim, fetch, probe, transcode, store, finish."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from services.consumer import Verdict
from services.shared import storage
from services.shared.emf_metrics import EmfMetrics
from services.shared.telemetry import get_logger
from services.videos import claims, records
from services.videos.failures import FailureReason
from services.videos.receipts import store_receipt
from services.worker import media
from services.worker.errors import InvalidMedia, JobCancelled, TransientError
from services.worker.lease import Lease
from services.worker.mp4_boxes import check_container
from services.worker.mp4_index_guard import check_index
from services.worker.pipeline import EncodeSettings
from services.worker.probe import check_contest_rules, probe
from services.worker.receipt import ReceiptBuilder
from services.worker.transcode import transcode
from services.worker.workspace import Workspace

log = get_logger(__name__)
# After this many receives a message has waited longer than a lease, so a claim that still holds is alive: delete this
# message before it becomes a dead letter. If it was the claim's own message, whose heartbeats failed, the sweep of
# stale videos covers the case.
_MAX_RECEIVES_WHILE_HELD = 4


@dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """Dependencies and settings that all jobs of a worker share.

    Args:
        engine: database engine.
        store: media bucket.
        workspace: provider of job folders.
        encode_settings: settings of the ffmpeg command.
        lease_seconds: lifetime of a claim without renewal, in seconds. Shorter than the visibility timeout of the
            message, so that a dead worker's claim has expired when its message returns.
        max_seconds: time limit of a job, in seconds.
        enforce_rules: whether to check the contest's rules for clips.
        offline: whether programs that read videos run without network access.
        metrics: metrics of the worker.
        release: version of the running release.
        ffmpeg: version line of ffmpeg.
    """

    engine: Engine
    store: storage.MediaStore
    workspace: Workspace
    encode_settings: EncodeSettings
    lease_seconds: int
    max_seconds: int
    enforce_rules: bool
    offline: bool
    metrics: EmfMetrics
    release: str
    ffmpeg: str


def process(context: WorkerContext, video_id: UUID, interrupted: threading.Event, *, receives: int = 1) -> Verdict:
    """Claim and process a video; safe to call again for the same video.

    Args:
        context: shared dependencies of the jobs.
        video_id: id of the video.
        interrupted: set to cancel the job.
        receives: receive count of the message.
    """
    try:
        with context.engine.begin() as connection:
            claim = claims.claim(connection, video_id, lease_seconds=context.lease_seconds)
    except SQLAlchemyError as error:
        log.warning("video could not be claimed", error=str(error))
        return Verdict.RETRY
    if isinstance(claim, claims.Refusal):
        log.info("video not claimed", why=claim.value)
        retry = claim is claims.Refusal.BUSY and receives < _MAX_RECEIVES_WHILE_HELD
        return Verdict.RETRY if retry else Verdict.DELETE
    log.info("video claimed", attempt=claim.attempt)
    return Job(context, claim, interrupted).run()


class Job:
    """One attempt to process a video.

    Args:
        context: shared dependencies of the jobs.
        claim: claim on the video.
        interrupted: set to cancel the job.
    """

    def __init__(self, context: WorkerContext, claim: claims.Claim, interrupted: threading.Event) -> None:
        self._context = context
        self._claim = claim
        self._interrupted = interrupted
        self._started = time.monotonic()
        self._video_key, self._poster_key, self._preview_key = _object_keys(claim, claim.attempt)
        self._builder = ReceiptBuilder(release=context.release, ffmpeg=context.ffmpeg)

    def run(self) -> Verdict:
        """Process the video and settle the claim; return what to do with the message."""
        try:
            with Lease(self._context.engine, self._claim, seconds=self._context.lease_seconds) as lease:
                try:
                    self._produce(lease)
                except JobCancelled:
                    return (
                        self._handle_lost_claim()
                        if lease.lost
                        else self._release("the worker was stopped", Verdict.RELEASE)
                    )
                except InvalidMedia as invalid:
                    return self._fail(invalid)
                return self._finish()
        except (TransientError, OSError, BotoCoreError, ClientError, SQLAlchemyError) as error:
            log.warning("video not processed this time", error=str(error))
            return self._release(f"{type(error).__name__}: {error}", Verdict.RETRY)
        except Exception as error:
            self._release(f"{type(error).__name__}: {error}", Verdict.RETRY)
            raise

    def _produce(self, lease: Lease) -> None:
        store, key = self._context.store, self._claim.original_key

        def cancelled() -> bool:
            return self._interrupted.is_set() or lease.lost

        size = store.size(key)
        if size is None:
            raise InvalidMedia(FailureReason.FILE_MISSING, f"there is no {key}")
        with self._context.workspace.job(original_bytes=size) as folder:
            try:
                store.fetch_file(key, folder / media.ORIGINAL)
            except FileNotFoundError:
                raise InvalidMedia(FailureReason.FILE_MISSING, f"there is no {key}") from None
            self._builder.add_original(folder / media.ORIGINAL)
            check_container(folder / media.ORIGINAL)
            check_index(folder / media.ORIGINAL)
            video_stream = probe(folder, offline=self._context.offline, builder=self._builder)
            if self._context.enforce_rules:
                check_contest_rules(video_stream)
            remaining = self._context.max_seconds - (time.monotonic() - self._started)
            transcode(
                folder,
                self._context.encode_settings,
                video_stream,
                seconds=remaining,
                offline=self._context.offline,
                report=lease.report,
                cancelled=cancelled,
                builder=self._builder,
            )
            if cancelled():
                raise JobCancelled
            self._builder.add_output("video", folder / media.PROCESSED)
            self._builder.add_output("poster", folder / media.POSTER)
            self._builder.add_output("preview", folder / media.PREVIEW)
            store.store_file(self._video_key, folder / media.PROCESSED, "video/mp4")
            store.store_file(self._poster_key, folder / media.POSTER, "image/jpeg")
            store.store_file(self._preview_key, folder / media.PREVIEW, "video/mp4")

    def _finish(self) -> Verdict:
        receipt = self._builder.build()
        for attempt in self._database_retries():
            with attempt, self._context.engine.begin() as connection:
                published = claims.finish(
                    connection,
                    self._claim,
                    processed_key=self._video_key,
                    poster_key=self._poster_key,
                    preview_key=self._preview_key,
                )
                if published:
                    store_receipt(connection, self._claim.video_id, receipt)
        if not published:
            return self._handle_lost_claim()
        self._delete_objects(range(1, self._claim.attempt))
        seconds = time.monotonic() - self._started
        self._context.metrics.count("JobsProcessed")
        self._context.metrics.sample("JobSeconds", seconds)
        if receipt.encoder:
            # The rest of the job is transfers, checks and the database.
            self._context.metrics.sample("JobEncoding", 100 * receipt.encoder.wall_seconds / seconds, "Percent")
        log.info("video processed", seconds=round(seconds, 3))
        return Verdict.DELETE

    def _fail(self, error: InvalidMedia) -> Verdict:
        receipt = self._builder.build()
        for attempt in self._database_retries():
            with attempt, self._context.engine.begin() as connection:
                failed = claims.fail(connection, self._claim, reason=error.reason, detail=error.detail)
                if failed:
                    store_receipt(connection, self._claim.video_id, receipt)
        if not failed:
            return self._handle_lost_claim()
        self._delete_objects(range(1, self._claim.attempt))
        self._context.metrics.count("JobsFailed")
        log.info("video failed", reason=error.reason, detail=error.detail)
        return Verdict.DELETE

    def _release(self, detail: str, verdict: Verdict) -> Verdict:
        """Release the claim for another attempt; if the database fails, the lease expires instead."""
        try:
            with self._context.engine.begin() as connection:
                released = claims.release(connection, self._claim, detail=detail)
            if not released:
                return self._handle_lost_claim()
            # Only after the release is it certain that the video does not reference this attempt's objects.
            self._delete_objects([self._claim.attempt])
        except SQLAlchemyError as error:
            log.warning("claim could not be released", error=str(error))
        self._context.metrics.count("JobsGivenBack")
        log.info("video given back", why=detail)
        return verdict

    def _handle_lost_claim(self) -> Verdict:
        """Delete this attempt's objects, unless the video references them.

        It does if this attempt's own commit succeeded but the reply was lost.
        """
        with self._context.engine.begin() as connection:
            video = records.find_video(connection, self._claim.video_id)
        if video is not None and video.processed_url == self._video_key:
            return Verdict.DELETE
        self._context.metrics.count("JobsLost")
        log.info("claim lost", gone=video is None)
        if video is None:
            self._delete_objects(range(1, self._claim.attempt + 1))
            return Verdict.DELETE
        self._delete_objects([self._claim.attempt])
        return Verdict.DELETE if video.status in ("processed", "failed") else Verdict.ABANDON

    def _delete_objects(self, attempts: Iterable[int]) -> None:
        """Delete the objects of attempts that did not finish; dead workers could not do it themselves."""
        try:
            for attempt in attempts:
                self._context.store.delete(*_object_keys(self._claim, attempt))
        except (BotoCoreError, ClientError) as error:
            log.warning("objects left behind", error=str(error))

    def _database_retries(self) -> Retrying:
        """Retry database errors until the lease expires."""
        return Retrying(
            retry=retry_if_exception_type(SQLAlchemyError),
            stop=stop_after_delay(self._context.lease_seconds),
            wait=wait_random_exponential(multiplier=0.2, max=3),
            reraise=True,
        )


def _object_keys(claim: claims.Claim, attempt: int) -> tuple[str, str, str]:
    return (
        storage.processed_key(claim.video_id, attempt),
        storage.poster_key(claim.video_id, attempt),
        storage.preview_key(claim.video_id, attempt),
    )
