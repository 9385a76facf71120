"""Commands start without importing the framework, which starts Node and takes seconds."""

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


def test_commands_do_not_import_the_framework_at_startup() -> None:
    loaded = subprocess.run([sys.executable, "-c", LOADED], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == ""
