"""An app of one group of workers, with one rollback alarm: ``python rollout_app.py``, with the variables below.

``COLOUR`` is a variable of the program; another value is a new launch template version. ``STATE`` is the folder of the
state, ``SOFTWARE`` that of the software.
"""

from __future__ import annotations

import os
import pathlib
from datetime import timedelta

from constructs_lib import (
    Alarm,
    Bucket,
    Capacity,
    InstanceOptions,
    LocalState,
    Metric,
    Network,
    Queue,
    QueueWorkers,
    Release,
    Stack,
)
from constructs_lib.foundation import cdk

GROUP, ALARM, STACK = "rollouts", "rollouts-jobs-fail", "rollouts"
EMULATED = "the AWS emulator serves plain HTTP"


def build(app: cdk.App) -> None:
    """Add the stack to an app."""
    stack = Stack(app, STACK, region="us-east-1", state=LocalState(folder=os.environ["STATE"]))
    stack.provider.s3_use_path_style = True
    network = Network(stack, "network", name="rollouts", nat="none", flow_logs_off_reason="a test")
    bucket = Bucket(stack, "software", name="rollouts-software-4f2a", plain_http_reason=EMULATED)
    release = Release(stack, "release", bucket=bucket, parts={"shop": pathlib.Path(os.environ["SOFTWARE"])})
    workers = QueueWorkers(
        stack,
        "workers",
        network=network,
        queue=Queue(
            stack,
            "jobs",
            name="rollouts-jobs",
            max_job=timedelta(minutes=1),
            plain_http_reason=EMULATED,
            open_redrive_reason="the AWS emulator has no redrive allow policy",
        ),
        name="rollouts",
        group_name=GROUP,
        release=release,
        command="/usr/bin/python3 -m shop",
        environment={"COLOUR": os.environ["COLOUR"]},
        capacity=Capacity(2, 4),
        instances=InstanceOptions(ami_id="ami-04681a1dbd79675a5", wait_for_capacity=timedelta(0)),
        seconds_per_job=25,
        acceptable_latency=timedelta(minutes=2),
    )
    failures = Metric(namespace="Shop", name="Failures", dimensions={"Of": "jobs"}, statistic="Sum", label="failures")
    workers.roll_back_on(
        Alarm(
            stack,
            "jobs-fail",
            name=ALARM,
            meaning="Jobs fail",
            action="Read the log",
            metric=failures,
            comparison=">",
            threshold=5,
        )
    )


if __name__ == "__main__":
    main = cdk.App()
    build(main)
    main.synth()
