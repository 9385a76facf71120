"""One synth of the whole app, part by part: prints the seconds of each as JSON. Run by `./anb bench synth`.

The parts follow main.py; the rest of the process, Python's own start and end, is what the caller measures around it.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

START = time.perf_counter()
PARTS: dict[str, float] = {}


def part(name: str) -> None:
    """End a part: everything since the last one ended is its."""
    PARTS[name] = time.perf_counter() - START - sum(PARTS.values())


def main() -> None:
    """Synthesize the app of ``ANB_ENVIRONMENT`` into ``CDKTF_OUTDIR``."""
    import constructs_lib  # noqa: F401

    part("import constructs_lib")
    from stacks.settings.loader import load

    settings = load(os.environ, Path("environments"))
    part("settings, checked")
    import jsii  # noqa: F401

    part("import jsii")
    from constructs_lib.foundation import cdk

    part("Node's start and the framework")
    cdk.aws.provider  # noqa: B018
    part("the provider")
    from stacks.app import build
    from stacks.release_artifacts import sources

    part("import stacks")
    app = cdk.App()
    stacks = build(app, settings, sources())
    part("build")
    app.synth()
    part("synth")
    files = Path(os.environ["CDKTF_OUTDIR"]).glob("stacks/*/cdk.tf.json")
    written = [json.loads(file.read_text())["resource"] for file in files]
    assert len(written) == len(stacks)
    resources = sum(len(named) for kinds in written for named in kinds.values())
    sys.stdout.write(json.dumps({"parts": PARTS, "resources": resources}))


if __name__ == "__main__":
    main()
