"""Entry point of the worker: ``python -m services.worker``, configured by the variables of services/environment.py."""

from __future__ import annotations

import math
import os
import queue
import signal
import sys
import threading

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from services.consumer import Consumer, ConsumerOptions
from services.environment import WORKER_CONNECTIONS_PER_JOB, EnvironmentProblem, WorkerEnvironment
from services.shared.aws import AWS_ERRORS, aws_client
from services.shared.database import DatabaseConnector, open_engine
from services.shared.emf_metrics import FLUSH_INTERVAL_SECONDS, EmfMetrics
from services.shared.queue import VideoQueue
from services.shared.release import read_release
from services.shared.secrets import SecretStore
from services.shared.service_manager import ServiceManager
from services.shared.storage import UPLOADS, MediaStore
from services.shared.telemetry import configure_logging, get_logger
from services.worker.errors import StartupError
from services.worker.handler import VideoHandler
from services.worker.job import WorkerContext
from services.worker.pipeline import EncodeSettings
from services.worker.sandbox import isolation_error
from services.worker.toolchain import Ffmpeg, find_bumper, find_ffmpeg, find_watermark
from services.worker.workspace import Workspace

LONGEST_BACKOFF_VISIBILITIES = 7.5
"""Maximum retry delay of a message, in visibility timeouts; shorter than the sweep's threshold for stale videos."""

_MAX_PAUSE_SECONDS = 10.0
log = get_logger(__name__)


class ShutdownRequest:
    """A shutdown flag that a signal handler may set at any moment, even while it is being set.

    `threading.Event` can deadlock here: a signal during ``set`` or ``wait`` would wait for a lock that its own thread
    holds. `queue.SimpleQueue.put` is reentrant.
    Source: https://docs.python.org/3/library/queue.html#queue.SimpleQueue.put
    """

    def __init__(self) -> None:
        self._requests: queue.SimpleQueue[None] = queue.SimpleQueue()

    def request(self) -> None:
        """Request the shutdown."""
        self._requests.put(None)

    @property
    def requested(self) -> bool:
        """Whether the shutdown was requested."""
        return not self._requests.empty()

    def wait(self, seconds: float) -> None:
        """Wait for a request, for at most ``seconds``."""
        try:
            self._requests.get(timeout=seconds)
        except queue.Empty:
            return
        self._requests.put(None)


class MetricsReporter:
    """Context manager with a thread that writes the metrics once a minute, and once more at the end.

    Args:
        metrics: metrics of the worker.
        video_queue: queue whose length is reported.
    """

    def __init__(self, metrics: EmfMetrics, video_queue: VideoQueue) -> None:
        self._metrics = metrics
        self._video_queue = video_queue
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reporter", daemon=True)

    def __enter__(self) -> MetricsReporter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._metrics.flush()

    def _run(self) -> None:
        while not self._ended.wait(FLUSH_INTERVAL_SECONDS):
            self.report()

    def report(self) -> None:
        """Read the length of the queue and write the metrics."""
        try:
            waiting = self._video_queue.waiting()
            self._metrics.gauge("QueueWaiting", waiting)
            # Backlog in seconds of work for one slot; unknown before the first video.
            if (seconds := self._metrics.average("JobSeconds")) is not None:
                self._metrics.gauge("WorkWaiting", round(waiting * seconds, 3), "Seconds")
        except AWS_ERRORS as error:
            log.warning("the queue's length cannot be asked for", error=str(error))
        self._metrics.flush()


def main() -> int:
    """Run until SIGTERM or SIGINT; return the exit code."""
    try:
        environment = WorkerEnvironment.from_variables(os.environ)
        options = consumer_options(environment)
        ffmpeg, watermark, bumper = find_ffmpeg(os.environ), find_watermark(), find_bumper()
        sandbox_error = isolation_error()
        if sandbox_error and environment.require_isolation:
            raise StartupError(
                f"programs that read videos cannot be cut off from the network: {sandbox_error}. Fix: allow the worker "
                "user and network namespaces (RestrictNamespaces=, user.max_user_namespaces), "
                "or set REQUIRE_ISOLATION=False."
            )
    except (EnvironmentProblem, StartupError, ValueError) as error:
        print(error, file=sys.stderr)  # noqa: T201
        return 1
    configure_logging("worker", log_group=environment.log_group, region=environment.aws_region)
    manager = ServiceManager.from_variables(os.environ)
    workspace = Workspace()
    try:
        encode_settings = EncodeSettings(
            ffmpeg=ffmpeg.path,
            watermark=watermark,
            bumper=bumper,
            max_seconds=environment.max_clip_seconds,
            threads=threads_for(environment.worker_concurrency),
        )
        if sandbox_error:
            log.warning(
                "programs that read videos keep the network: the kernel does not let it be taken", why=sandbox_error
            )
        context = create_context(
            environment, options, encode_settings, workspace, ffmpeg.version, offline=sandbox_error is None
        )
        sqs = aws_client("sqs", environment.aws_region, read_timeout=options.poll_seconds + 10)
        consumer = Consumer(
            sqs,
            options,
            VideoHandler(context),
            on_receiving=manager.ready,
            on_heartbeat_failure=lambda: context.metrics.count("HeartbeatsFailed"),
        )
        shutdown = ShutdownRequest()

        def stop(*_: object) -> None:
            consumer.stop()
            if not shutdown.requested:
                shutdown.request()
                manager.stopping()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        _log_start(environment, ffmpeg)
        with MetricsReporter(context.metrics, VideoQueue(sqs, environment.queue_url)):
            if wait_for_services(context, shutdown):
                consumer.run()
    finally:
        workspace.close()
    log.info("worker stopped")
    return 0


def create_context(
    environment: WorkerEnvironment,
    options: ConsumerOptions,
    encode_settings: EncodeSettings,
    workspace: Workspace,
    ffmpeg: str,
    *,
    offline: bool,
) -> WorkerContext:
    """Create the dependencies of the worker's jobs."""
    region = environment.aws_region
    connector = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", region)))
    return WorkerContext(
        engine=open_engine(connector, pool_size=WORKER_CONNECTIONS_PER_JOB * environment.worker_concurrency),
        store=MediaStore(aws_client("s3", region), environment.media_bucket),
        workspace=workspace,
        encode_settings=encode_settings,
        lease_seconds=math.floor(environment.visibility_seconds - options.heartbeat_seconds),
        max_seconds=environment.max_job_seconds,
        enforce_rules=environment.enforce_clip_rules,
        offline=offline,
        metrics=EmfMetrics(environment.environment_name, "worker"),
        release=read_release().version,
        ffmpeg=ffmpeg,
    )


def wait_for_services(context: WorkerContext, shutdown: ShutdownRequest) -> bool:
    """Wait until the database and the bucket respond, so that no message is received in vain.

    Args:
        context: holds the database engine and the bucket.
        shutdown: ends the wait when requested.

    Returns:
        True once both respond; False if shutdown was requested first.
    """
    pause = 0.2
    while not shutdown.requested:
        try:
            with context.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
            context.store.size(f"{UPLOADS}health")
            return True
        except (BotoCoreError, ClientError, SQLAlchemyError) as error:
            log.warning("a service the worker needs does not answer", error=str(error))
            shutdown.wait(pause)
            pause = min(2 * pause, _MAX_PAUSE_SECONDS)
    return False


def consumer_options(environment: WorkerEnvironment) -> ConsumerOptions:
    """Derive the consumer's options from the environment.

    Raises:
        ValueError: the environment's values contradict each other.
    """
    return ConsumerOptions(
        queue_url=environment.queue_url,
        concurrency=environment.worker_concurrency,
        visibility_seconds=environment.visibility_seconds,
        # A backstop for a hung job; jobs enforce max_job_seconds themselves.
        max_message_seconds=environment.max_job_seconds + environment.visibility_seconds,
        # The remaining seconds cover a running poll, the release of jobs, and cleanup.
        poll_seconds=2,
        release_seconds=5,
        grace_seconds=environment.stop_seconds - 10,
        # With the usual visibility timeout of two minutes: 30 s, 60 s, and so on up to 15 min.
        backoff_seconds=environment.visibility_seconds / 4,
        max_backoff_seconds=LONGEST_BACKOFF_VISIBILITIES * environment.visibility_seconds,
    )


def threads_for(concurrency: int) -> int:
    """Return the threads per encode: x264's default of 1.5 per core, divided among the concurrent jobs."""
    return max(1, math.ceil(1.5 * (os.cpu_count() or 1) / concurrency))


def _log_start(environment: WorkerEnvironment, ffmpeg: Ffmpeg) -> None:
    log.info(
        "worker started",
        release=environment.release,
        queue=environment.queue_url,
        slots=environment.worker_concurrency,
        ffmpeg=ffmpeg.version,
    )


if __name__ == "__main__":
    sys.exit(main())
