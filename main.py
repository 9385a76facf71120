"""The Terraform CDK app: settings, stacks, synth."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from stacks.release_artifacts import find_software
from stacks.settings.loader import SettingsError, load


def main() -> int:
    """Synthesize the deployment that ``ANB_ENVIRONMENT`` names into ``cdktf.out``."""
    try:
        settings = load(os.environ, Path(__file__).parent / "environments")
        software = find_software(settings)
    except SettingsError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)  # noqa: T201
        return 1
    # These imports start Node, so check the settings first.
    from constructs_lib.foundation import cdk, template, waivers
    from constructs_lib.governance import cost, iam_report
    from stacks.app import build
    from stacks.observability import CUSTOM_METRICS

    app = cdk.App()
    build(app, settings, software)
    app.synth()
    folder = Path(app.outdir)
    waivers.write(folder)
    iam_report.write(folder)
    costs = cost.render_table(template.read(folder), custom_metrics=CUSTOM_METRICS)
    for text in (str(software), settings.effective_profile.differences(), costs):
        if text:
            print(text, file=sys.stderr)  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
