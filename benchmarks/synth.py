"""Synthesizes the whole app once and prints the seconds of each part as JSON. Run by `./anb bench synth`.

The parts follow main.py; the caller measures the startup and exit of Python around it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

START = time.perf_counter()
PARTS: dict[str, float] = {}


def end_part(name: str) -> None:
    """Record the time since the previous part ended."""
    PARTS[name] = time.perf_counter() - START - sum(PARTS.values())


def main() -> None:
    """Synthesize the app of ``ANB_ENVIRONMENT`` into ``CDKTF_OUTDIR``."""
    import constructs_lib  # noqa: F401

    end_part("import constructs_lib")
    from stacks.settings.loader import load

    settings = load(os.environ, Path("environments"))
    end_part("settings, checked")
    import jsii  # noqa: F401

    end_part("import jsii")
    from constructs_lib.foundation import cdk

    end_part("Node startup and framework")
    cdk.aws.provider  # noqa: B018
    end_part("the provider")
    from stacks.app import build
    from stacks.release_artifacts import sources

    end_part("import stacks")
    app = cdk.App()
    stacks = build(app, settings, sources())
    end_part("build")
    app.synth()
    end_part("synth")
    files = Path(os.environ["CDKTF_OUTDIR"]).glob("stacks/*/cdk.tf.json")
    resource_maps = [json.loads(file.read_text())["resource"] for file in files]
    assert len(resource_maps) == len(stacks)
    resources = sum(len(named) for by_type in resource_maps for named in by_type.values())
    sys.stdout.write(json.dumps({"parts": PARTS, "resources": resources}))


if __name__ == "__main__":
    main()
