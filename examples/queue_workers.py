"""Workers that process the jobs of a queue and scale from zero to twenty instances."""

from datetime import timedelta
from pathlib import Path

from constructs_lib import Bucket, Network, Queue, QueueWorkers, Release, Stack
from constructs_lib.foundation import cdk

app = cdk.App()
stack = Stack(app, "workers", region="eu-west-1")

network = Network(stack, "network")
software = Bucket(stack, "software")
release = Release(stack, "release", bucket=software, parts={"shop": Path(__file__).parent / "software"})
photos = Bucket(stack, "photos")
jobs = Queue(stack, "thumbnails", max_job=timedelta(minutes=10))

workers = QueueWorkers(
    stack,
    "workers",
    network=network,
    queue=jobs,
    release=release,
    command="/usr/bin/python3 -m shop.worker",
    environment={**jobs.environment(), **photos.environment("PHOTOS_")},
    seconds_per_job=25,
    acceptable_latency=timedelta(minutes=2),
    capacity=(0, 20),
)
photos.grant_read(workers, prefix="originals/")
photos.grant_write(workers, prefix="thumbnails/")

app.synth()
