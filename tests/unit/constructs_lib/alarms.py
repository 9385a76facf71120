"""Helpers of the monitoring tests."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from constructs_lib import AlarmTopic, Monitoring
from constructs_lib.foundation import cdk
from constructs_lib.testing import Template, synth

Alarms = dict[str, dict[str, Any]]
"""Alarms of a monitoring, by name without the monitoring's prefix."""

_NO_NOTIFICATION = ("-stranded", "-rollback-server-errors", "-rollback-unhealthy-hosts")


def template(build: Callable[[cdk.TerraformStack, AlarmTopic], Monitoring]) -> Template:
    """Synthesize a monitoring in a stack with an alarm topic."""
    return synth(lambda stack: build(stack, AlarmTopic(stack, "topic", name="shop-alarms")))


def alarms(template: Template, name: str) -> Alarms:
    """Return a monitoring's alarms; assert that each notifies the topic and has a meaning and an action.

    The alarms that launch the first worker or roll back a release notify no topic and are left out.
    """
    all_alarms = template.resources("aws_cloudwatch_metric_alarm").values()
    found = [alarm for alarm in all_alarms if not alarm["alarm_name"].endswith(_NO_NOTIFICATION)]
    for alarm in found:
        assert alarm["alarm_name"].startswith(f"{name}-")
        assert len(alarm["alarm_actions"]) == len(alarm["ok_actions"]) == 1
        # At least two sentences: the meaning and the action.
        assert re.fullmatch(r"[A-Za-z0-9].+\. [A-Z].+\.", alarm["alarm_description"]), alarm["alarm_description"]
    return {alarm["alarm_name"].removeprefix(f"{name}-"): alarm for alarm in found}
