"""Serve the portal with this process's environment: ``python -m services.portal``."""

from __future__ import annotations

import os
import sys

from services.environment import EnvironmentProblem, PortalEnvironment
from services.portal.accounts.signing_keys import WeakKey, check_key
from services.portal.server.gunicorn_server import PortalServer
from services.shared.aws import aws_client
from services.shared.secrets import SecretStore
from services.shared.telemetry import configure_logging


def main() -> int:
    """Serve until the process is asked to stop; return the exit code."""
    try:
        environment = PortalEnvironment.from_variables(os.environ)
    except EnvironmentProblem as problem:
        print(problem, file=sys.stderr)  # noqa: T201
        return 1
    configure_logging("portal", log_group=environment.log_group, region=environment.aws_region)
    try:
        check_key(SecretStore(aws_client("secretsmanager", environment.aws_region)), environment.token_secret_arn)
    except WeakKey as weak:
        print(weak, file=sys.stderr)  # noqa: T201
        return 1
    PortalServer(environment).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
