"""The synthesized stacks of the variants of ANB, and of the example that uses every option."""

from __future__ import annotations

import functools
import runpy
from pathlib import Path
from typing import Any

import pytest

from constructs_lib.foundation import template
from stacks.settings.loader import load
from stacks.settings.model import Settings
from workspace import paths

Stacks = dict[str, dict[str, Any]]
"""Parsed ``cdk.tf.json`` of each stack, by the stack's name."""

SERVICES = "autoscaling,logs,secretsmanager,sqs,ssm,ssmmessages"
DOMAIN = {"ANB_DOMAIN_NAME": "anb.example", "ANB_HOSTED_ZONE_ID": "Z0123456789ABCDEFGHIJ"}

VARIANTS: dict[str, dict[str, str]] = {
    "production": {},
    "development": {"ANB_PROFILE": "development", "ANB_ENVIRONMENT_NAME": "anb-development"},
    "no-nat": {"ANB_NAT": "none", "ANB_INTERFACE_ENDPOINTS": SERVICES},
    "lab-profile": {"ANB_EXISTING_INSTANCE_PROFILE": "LabInstanceProfile", "ANB_EXISTING_FUNCTION_ROLE": "LabRole"},
    "domain": DOMAIN,
    "every-setting": {
        **DOMAIN,
        "ANB_ENVIRONMENT_NAME": "anb-staging",
        "ANB_PROFILE": "staging",
        "ANB_NAT": "single",
        "ANB_INTERFACE_ENDPOINTS": SERVICES,
        "ANB_STATE_BACKEND": "s3",
        "ANB_STATE_BUCKET": "anb-staging-states",
        "ANB_MULTI_AZ": "true",
        "ANB_PROTECT_DATA": "true",
        "ANB_DB_INSTANCE_CLASS": "db.t4g.small",
        "ANB_VIDEO_STORAGE_BUCKET_NAME": "anb-staging-clips",
        "ANB_ORIGINALS_DAYS": "90",
        "ANB_PORTAL_ORIGINS": "https://contest.example",
        "ANB_CORS_ORIGINS": "https://front.example",
        "ANB_WAF_REQUESTS_PER_5_MINUTES": "2000",
        "ANB_ALARM_EMAIL": "duty@anb.example",
        "ANB_WORKER_CONCURRENCY": "2",
        "ANB_SESSION_MANAGER_AGENT": f"3.3.3050.0:{'a' * 64}",
    },
}
"""Variables of each variant of ANB that change the settings of ``environments/production.toml``."""

EVERY_OPTION = "every-option"
"""Name of the variant that is the example with every option of every construct."""


@pytest.fixture(scope="session")
def variant_settings() -> dict[str, Settings]:
    """The settings of each variant of ANB."""
    folder = paths.ROOT / "environments"
    return {name: load({"ANB_ENVIRONMENT": "production", **changed}, folder) for name, changed in VARIANTS.items()}


@pytest.fixture(scope="session")
def variant_folders(variant_settings: dict[str, Settings], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The output folder of each variant, such as ``cdktf.out``; synthesized once, not to be changed by tests."""
    from constructs_lib.foundation import cdk
    from stacks.app import build
    from stacks.release_artifacts import sources

    release = tmp_path_factory.mktemp("release")
    (release / "main.py").write_text("print('hello')\n")
    folders = {name: tmp_path_factory.mktemp(name) for name in (*VARIANTS, EVERY_OPTION)}
    for name, settings in variant_settings.items():
        app = cdk.App(outdir=str(folders[name]))
        build(app, settings, sources(release))
        app.synth()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cdk, "App", functools.partial(cdk.App, outdir=str(folders[EVERY_OPTION])))
        runpy.run_path(str(paths.ROOT / "examples/every_option.py"))
    return folders


@pytest.fixture(scope="session")
def variants(variant_folders: dict[str, Path]) -> dict[str, Stacks]:
    """The stacks of each variant, by the variant's and the stack's name."""
    return {name: template.read(folder) for name, folder in variant_folders.items()}
