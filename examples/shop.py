"""A complete app: a web service, a queue, workers that scale with it, PostgreSQL and a bucket, connected by grants."""

from datetime import timedelta
from pathlib import Path

from constructs_lib import (
    AccessLogBucket,
    Bucket,
    InstanceOptions,
    Network,
    PostgresDatabase,
    PublicLoadBalancer,
    Queue,
    QueueWorkers,
    Release,
    S3State,
    Stack,
    WebService,
)
from constructs_lib.foundation import cdk

CERTIFICATE = "arn:aws:acm:eu-west-1:123456789012:certificate/6d3f2a1e"
app = cdk.App()
stack = Stack(app, "shop", region="eu-west-1", tags={"Team": "shop"}, state=S3State(bucket="shop-states"))

network = Network(stack, "network", availability_zones=3, nat="per_zone")
logs = AccessLogBucket(stack, "access-logs")
balancer = PublicLoadBalancer(stack, "balancer", network=network, certificate_arn=CERTIFICATE, access_logs=logs)
database = PostgresDatabase(stack, "orders", network=network)
photos = Bucket(stack, "photos")
photos.allow_uploads_from(["https://shop.example"])
jobs = Queue(stack, "thumbnails", max_job=timedelta(minutes=10))
release = Release(stack, "release", bucket=photos, parts={"shop": Path(__file__).parent / "software"})
variables = {**jobs.environment(), **photos.environment("PHOTOS_"), **database.environment()}

web = WebService(
    stack,
    "web",
    network=network,
    load_balancer=balancer,
    release=release,
    command="/usr/bin/python3 -m shop.web",
    environment=variables,
    capacity=(3, 9),
)
workers = QueueWorkers(
    stack,
    "workers",
    network=network,
    queue=jobs,
    release=release,
    command="/usr/bin/python3 -m shop.worker",
    environment=variables,
    seconds_per_job=25,
    acceptable_latency=timedelta(minutes=2),
    capacity=(0, 20),
    instances=InstanceOptions(instance_type="c7i.large"),
)
jobs.grant_send(web)
for service in (web, workers):
    database.allow_from(service, connections=2)
    photos.grant_read(service)
    photos.grant_write(service, prefix="thumbnails/")

app.synth()
