"""What the tests of the monitorings share."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from constructs_lib import AlarmTopic, Monitoring
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth

Alarms = dict[str, dict[str, Any]]
"""The alarms of a monitoring, by what comes after its name."""

_TELLS_NOBODY = ("-stranded", "-rollback-server-errors", "-rollback-unhealthy-hosts")


def template(build: Callable[[cdk.TerraformStack, AlarmTopic], Monitoring]) -> Template:
    """What a monitoring became in a stack with a topic."""
    return synth(lambda stack: build(stack, AlarmTopic(stack, "topic", name="shop-alarms")))


def alarms(template: Template, name: str) -> Alarms:
    """The alarms whose names begin with this, each told to the topic, with a meaning and something to do.

    Those that launch the first worker and that take a release back tell nobody, and are no alarms of a monitoring.
    """
    everything = template.resources("aws_cloudwatch_metric_alarm").values()
    made = [alarm for alarm in everything if not alarm["alarm_name"].endswith(_TELLS_NOBODY)]
    for alarm in made:
        assert alarm["alarm_name"].startswith(f"{name}-")
        assert len(alarm["alarm_actions"]) == len(alarm["ok_actions"]) == 1
        # Two sentences at least: what it means, and what to do.
        assert re.fullmatch(r"[A-Za-z0-9].+\. [A-Z].+\.", alarm["alarm_description"]), alarm["alarm_description"]
    return {alarm["alarm_name"].removeprefix(f"{name}-"): alarm for alarm in made}
