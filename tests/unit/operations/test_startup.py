"""The commands begin without the framework, whose import starts Node and takes longer than most of them."""

from __future__ import annotations

import subprocess
import sys

from workspace import paths

LOADED = """
import sys
from operations.__main__ import anb
assert all(command.name == name for name, command in anb.commands.items())
print(*{"jsii", "constructs", "cdktf", "cdktf_cdktf_provider_aws"} & sys.modules.keys())
"""


def test_no_command_loads_the_framework_before_it_is_needed() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
