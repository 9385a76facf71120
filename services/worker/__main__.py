"""The worker's program: ``python -m services.worker``, with the variables of services/environment.py."""

from __future__ import annotations

import math
import os
import signal
import sys

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy.exc import SQLAlchemyError

from services.consumer import Consumer, ConsumerOptions
from services.environment import WORKER_CONNECTIONS_PER_JOB, EnvironmentProblem, WorkerEnvironment
from services.shared.aws import aws_client
from services.shared.database import DatabaseConnector, open_engine
from services.shared.emf_metrics import EmfMetrics
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
from services.worker.reporter import Reporter
from services.worker.sandbox import kernel_refusal
from services.worker.shutdown import Stopping
from services.worker.toolchain import Ffmpeg, find_curtain, find_ffmpeg, find_watermark
from services.worker.workspace import Workspace

LONGEST_BACKOFF_VISIBILITIES = 7.5
"""The longest wait between two tries of a video, in visibility timeouts; the sweeper's patience is longer."""

_LONGEST_PAUSE_SECONDS = 10.0
log = get_logger(__name__)


def main() -> int:
    """Work until SIGTERM or SIGINT; returns the exit code."""
    try:
        environment = WorkerEnvironment.from_variables(os.environ)
        options = consumer_options(environment)
        ffmpeg, watermark, curtain = find_ffmpeg(os.environ), find_watermark(), find_curtain()
        refusal = kernel_refusal()
        if refusal and environment.require_isolation:
            raise StartupError(
                f"programs that read videos cannot be cut off from the network: {refusal}. Allow the worker user and "
                "network namespaces (RestrictNamespaces=, user.max_user_namespaces), or set REQUIRE_ISOLATION=False"
            )
    except (EnvironmentProblem, StartupError, ValueError) as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    configure_logging("worker", log_group=environment.log_group, region=environment.aws_region)
    manager = ServiceManager.from_variables(os.environ)
    workspace = Workspace()
    try:
        recipe = EncodeSettings(
            ffmpeg=ffmpeg.path,
            watermark=watermark,
            curtain=curtain,
            max_seconds=environment.max_clip_seconds,
            threads=threads_for(environment.worker_concurrency),
        )
        if refusal:
            log.warning("programs that read videos keep the network: the kernel does not let it be taken", why=refusal)
        bench = build(environment, options, recipe, workspace, ffmpeg.version, offline=refusal is None)
        sqs = aws_client("sqs", environment.aws_region, read_timeout=options.poll_seconds + 10)
        consumer = Consumer(
            sqs,
            options,
            VideoHandler(bench),
            on_receiving=manager.ready,
            on_heartbeat_failure=lambda: bench.measures.count("HeartbeatsFailed"),
        )
        stopping = Stopping()

        def stop(*_: object) -> None:
            consumer.stop()
            if not stopping.told:
                stopping.tell()
                manager.stopping()

        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, stop)
        _announce(environment, ffmpeg)
        with Reporter(bench.measures, VideoQueue(sqs, environment.queue_url)):
            if wait_for_services(bench, stopping):
                consumer.run()
    finally:
        workspace.close()
    log.info("worker stopped")
    return 0


def build(
    environment: WorkerEnvironment,
    options: ConsumerOptions,
    recipe: EncodeSettings,
    workspace: Workspace,
    ffmpeg: str,
    *,
    offline: bool,
) -> WorkerContext:
    """What a worker's jobs work with."""
    region = environment.aws_region
    connector = DatabaseConnector(environment, SecretStore(aws_client("secretsmanager", region)))
    return WorkerContext(
        engine=open_engine(connector, pool_size=WORKER_CONNECTIONS_PER_JOB * environment.worker_concurrency),
        store=MediaStore(aws_client("s3", region), environment.media_bucket),
        workspace=workspace,
        recipe=recipe,
        lease_seconds=math.floor(environment.visibility_seconds - options.heartbeat_seconds),
        max_seconds=environment.max_job_seconds,
        enforce_rules=environment.enforce_clip_rules,
        offline=offline,
        measures=EmfMetrics(environment.environment_name, "worker"),
        release=read_release().version,
        ffmpeg=ffmpeg,
    )


def wait_for_services(bench: WorkerContext, stopping: Stopping) -> bool:
    """Wait until the database and the bucket answer, for a video taken before would be received in vain.

    Args:
        bench: what reaches them.
        stopping: whether the worker was told to stop.

    Returns:
        Whether they answer; False where the worker was told to stop first.
    """
    pause = 0.2
    while not stopping.told:
        try:
            with bench.engine.connect() as connection:
                connection.exec_driver_sql("SELECT 1")
            bench.store.size(f"{UPLOADS}health")
            return True
        except (BotoCoreError, ClientError, SQLAlchemyError) as error:
            log.warning("a service the worker needs does not answer", error=str(error))
            stopping.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
    return False


def consumer_options(environment: WorkerEnvironment) -> ConsumerOptions:
    """How the worker's queue is consumed.

    Raises:
        ValueError: the environment's numbers do not go together.
    """
    return ConsumerOptions(
        queue_url=environment.queue_url,
        concurrency=environment.worker_concurrency,
        visibility_seconds=environment.visibility_seconds,
        # The job ends itself first; this is for one that hangs.
        max_message_seconds=environment.max_job_seconds + environment.visibility_seconds,
        # The rest is for a poll that is under way, for jobs to give up, and for closing.
        poll_seconds=2,
        release_seconds=5,
        grace_seconds=environment.stop_seconds - 10,
        # With the usual two minutes of visibility: 30 s, 60 s, and so on up to 15 min.
        backoff_seconds=environment.visibility_seconds / 4,
        max_backoff_seconds=LONGEST_BACKOFF_VISIBILITIES * environment.visibility_seconds,
    )


def threads_for(concurrency: int) -> int:
    """Threads of an encode: x264's own rule of 3 for 2 cores, shared by the concurrent jobs."""
    return max(1, math.ceil(1.5 * (os.cpu_count() or 1) / concurrency))


def _announce(environment: WorkerEnvironment, ffmpeg: Ffmpeg) -> None:
    log.info(
        "worker started",
        release=environment.release,
        queue=environment.queue_url,
        slots=environment.worker_concurrency,
        ffmpeg=ffmpeg.version,
    )


if __name__ == "__main__":
    sys.exit(main())
