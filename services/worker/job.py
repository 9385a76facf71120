"""One video's way: claimed, fetched, probed, transcoded, stored, finished."""

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
from services.worker.probe import probe
from services.worker.receipt import ReceiptBuilder
from services.worker.rules import check_rules
from services.worker.transcode import transcode
from services.worker.workspace import Workspace

log = get_logger(__name__)
# By then a message has waited for longer than a lease, so another's claim that still holds is alive; this message would
# only go on to the dead letters. Should it be the claim's own, whose heartbeats failed, the sweep finds the video.
_RECEIVES_WHILE_HELD = 4


@dataclass(frozen=True, kw_only=True)
class WorkerContext:
    """What every job of a worker works with.

    Args:
        engine: the database.
        store: the bucket.
        workspace: where jobs have their folders.
        recipe: how videos are made.
        lease_seconds: how long a claim lasts without a renewal. Shorter than the message's
            visibility, so that a dead worker's video is free when its message comes back.
        max_seconds: longest time one video may take.
        enforce_rules: whether clips are held to the contest's rules.
        offline: whether the programs that read videos are cut off from the network.
        measures: where jobs are counted.
        release: version of the project that the worker runs.
        ffmpeg: what the recipe's program says it is.
    """

    engine: Engine
    store: storage.MediaStore
    workspace: Workspace
    recipe: EncodeSettings
    lease_seconds: int
    max_seconds: int
    enforce_rules: bool
    offline: bool
    measures: EmfMetrics
    release: str
    ffmpeg: str


def process(bench: WorkerContext, video_id: UUID, interrupted: threading.Event, *, receives: int = 1) -> Verdict:
    """Process a video, whatever has happened to it before.

    Args:
        bench: what to work with.
        video_id: which video.
        interrupted: set when the work must be given up.
        receives: how often the message that asks for it was received.
    """
    try:
        with bench.engine.begin() as connection:
            claim = claims.claim(connection, video_id, lease_seconds=bench.lease_seconds)
    except SQLAlchemyError as error:
        log.warning("video could not be claimed", error=str(error))
        return Verdict.RETRY
    if isinstance(claim, claims.Refusal):
        log.info("video not claimed", why=claim.value)
        waits = claim is claims.Refusal.BUSY and receives < _RECEIVES_WHILE_HELD
        return Verdict.RETRY if waits else Verdict.DELETE
    log.info("video claimed", attempt=claim.attempt)
    return Job(bench, claim, interrupted).run()


class Job:
    """One attempt at a video.

    Args:
        bench: what to work with.
        claim: the right to process the video.
        interrupted: set when the work must be given up.
    """

    def __init__(self, bench: WorkerContext, claim: claims.Claim, interrupted: threading.Event) -> None:
        self._bench = bench
        self._claim = claim
        self._interrupted = interrupted
        self._started = time.monotonic()
        self._processed, self._poster, self._preview = _keys(claim, claim.attempt)
        self._draft = ReceiptBuilder(release=bench.release, ffmpeg=bench.ffmpeg)

    def run(self) -> Verdict:
        """Do the work and settle the claim; what the message's fate is."""
        try:
            with Lease(self._bench.engine, self._claim, seconds=self._bench.lease_seconds) as lease:
                try:
                    self._make(lease)
                except JobCancelled:
                    return self._lost() if lease.lost else self._give_back("the worker was stopped", Verdict.RELEASE)
                except InvalidMedia as problem:
                    return self._fail(problem)
                return self._finish()
        except (TransientError, OSError, BotoCoreError, ClientError, SQLAlchemyError) as error:
            log.warning("video not processed this time", error=str(error))
            return self._give_back(f"{type(error).__name__}: {error}", Verdict.RETRY)
        except Exception as error:
            self._give_back(f"{type(error).__name__}: {error}", Verdict.RETRY)
            raise

    def _make(self, lease: Lease) -> None:
        store, key = self._bench.store, self._claim.original_key

        def cancelled() -> bool:
            return self._interrupted.is_set() or lease.lost

        size = store.size(key)
        if size is None:
            raise InvalidMedia(FailureReason.FILE_MISSING, f"there is no {key}")
        with self._bench.workspace.job(original_bytes=size) as folder:
            try:
                store.fetch_file(key, folder / media.ORIGINAL)
            except FileNotFoundError:
                raise InvalidMedia(FailureReason.FILE_MISSING, f"there is no {key}") from None
            self._draft.fetched(folder / media.ORIGINAL)
            check_container(folder / media.ORIGINAL)
            check_index(folder / media.ORIGINAL)
            picture = probe(folder, offline=self._bench.offline, draft=self._draft)
            if self._bench.enforce_rules:
                check_rules(picture)
            left = self._bench.max_seconds - (time.monotonic() - self._started)
            transcode(
                folder,
                self._bench.recipe,
                picture,
                seconds=left,
                offline=self._bench.offline,
                report=lease.report,
                cancelled=cancelled,
                draft=self._draft,
            )
            if cancelled():
                raise JobCancelled
            self._draft.made("video", folder / media.PROCESSED)
            self._draft.made("poster", folder / media.POSTER)
            self._draft.made("preview", folder / media.PREVIEW)
            store.store_file(self._processed, folder / media.PROCESSED, "video/mp4")
            store.store_file(self._poster, folder / media.POSTER, "image/jpeg")
            store.store_file(self._preview, folder / media.PREVIEW, "video/mp4")

    def _finish(self) -> Verdict:
        receipt = self._draft.receipt()
        for attempt in self._persistently():
            with attempt, self._bench.engine.begin() as connection:
                published = claims.finish(
                    connection,
                    self._claim,
                    processed_key=self._processed,
                    poster_key=self._poster,
                    preview_key=self._preview,
                )
                if published:
                    store_receipt(connection, self._claim.video_id, receipt)
        if not published:
            return self._lost()
        self._remove(range(1, self._claim.attempt))
        seconds = time.monotonic() - self._started
        self._bench.measures.count("JobsProcessed")
        self._bench.measures.sample("JobSeconds", seconds)
        if receipt.encoder:
            # The rest is fetching, looking, storing and waiting for the database.
            self._bench.measures.sample("JobEncoding", 100 * receipt.encoder.wall_seconds / seconds, "Percent")
        log.info("video processed", seconds=round(seconds, 3))
        return Verdict.DELETE

    def _fail(self, problem: InvalidMedia) -> Verdict:
        receipt = self._draft.receipt()
        for attempt in self._persistently():
            with attempt, self._bench.engine.begin() as connection:
                failed = claims.fail(connection, self._claim, reason=problem.reason, detail=problem.detail)
                if failed:
                    store_receipt(connection, self._claim.video_id, receipt)
        if not failed:
            return self._lost()
        self._remove(range(1, self._claim.attempt))
        self._bench.measures.count("JobsFailed")
        log.info("video failed", reason=problem.reason, detail=problem.detail)
        return Verdict.DELETE

    def _give_back(self, detail: str, verdict: Verdict) -> Verdict:
        """Let another attempt have the video at once; without the database, when the lease runs out."""
        try:
            with self._bench.engine.begin() as connection:
                released = claims.release(connection, self._claim, detail=detail)
            if not released:
                return self._lost()
            # Only now is it certain that the video does not point to what this attempt stored.
            self._remove([self._claim.attempt])
        except SQLAlchemyError as error:
            log.warning("claim could not be released", error=str(error))
        self._bench.measures.count("JobsGivenBack")
        log.info("video given back", why=detail)
        return verdict

    def _lost(self) -> Verdict:
        """The claim is no longer ours: remove what we stored, unless the video points to it.

        It does when our own commit was done but its answer was lost.
        """
        with self._bench.engine.begin() as connection:
            video = records.find_video(connection, self._claim.video_id)
        if video is not None and video.processed_url == self._processed:
            return Verdict.DELETE
        self._bench.measures.count("JobsLost")
        log.info("claim lost", gone=video is None)
        if video is None:
            self._remove(range(1, self._claim.attempt + 1))
            return Verdict.DELETE
        self._remove([self._claim.attempt])
        return Verdict.DELETE if video.status in ("processed", "failed") else Verdict.ABANDON

    def _remove(self, attempts: Iterable[int]) -> None:
        """Remove what attempts stored for nothing; those that died could not do it themselves."""
        try:
            for attempt in attempts:
                self._bench.store.delete(*_keys(self._claim, attempt))
        except (BotoCoreError, ClientError) as error:
            log.warning("objects left behind", error=str(error))

    def _persistently(self) -> Retrying:
        """Try again while the database is away, for as long as nobody else may take the video."""
        return Retrying(
            retry=retry_if_exception_type(SQLAlchemyError),
            stop=stop_after_delay(self._bench.lease_seconds),
            wait=wait_random_exponential(multiplier=0.2, max=3),
            reraise=True,
        )


def _keys(claim: claims.Claim, attempt: int) -> tuple[str, str, str]:
    return (
        storage.processed_key(claim.video_id, attempt),
        storage.poster_key(claim.video_id, attempt),
        storage.preview_key(claim.video_id, attempt),
    )
