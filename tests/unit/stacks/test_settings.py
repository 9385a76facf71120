"""Settings come from a file and variables; every problem is reported at once."""

from __future__ import annotations

import pathlib

import pydantic
import pytest

from constructs_lib.governance.profiles import PRODUCTION
from stacks.settings.loader import SettingsError, load
from stacks.settings.model import BY_PROFILE, REMOVED_SETTINGS, Settings

ENVIRONMENTS = pathlib.Path(__file__).resolve().parents[3] / "environments"

ORIGINAL_INPUTS = [
    "aws_region",
    "environment_name",
    "key_pair_name",
    "db_instance_class",
    "db_name",
    "db_username",
    "db_password",
    "allocated_storage",
    "backup_retention_period",
    "multi_az",
    "jwt_secret",
    "deployment_package_s3_key",
    "api_instance_type",
    "api_min_size",
    "api_max_size",
    "api_desired_capacity",
    "cpu_target_value",
    "worker_instance_type",
    "worker_min_size",
    "worker_max_size",
    "worker_desired_capacity",
    "worker_concurrency",
    "target_queue_depth",
    "message_retention_period",
    "visibility_timeout",
    "max_receive_count",
    "vpc_cidr",
    "public_subnet_1_cidr",
    "public_subnet_2_cidr",
    "private_subnet_1_cidr",
    "private_subnet_2_cidr",
    "video_storage_bucket_name",
    "create_s3_bucket",
]


def load_settings(folder: pathlib.Path, text: str = "", **variables: str) -> Settings:
    (folder / "production.toml").write_text(text)
    return load(variables, folder)


def load_problems(folder: pathlib.Path, text: str = "", **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        load_settings(folder, text, **variables)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("environment", ["production", "local"])
def test_environments_of_the_project_are_valid(environment: str) -> None:
    settings = load({"ANB_ENVIRONMENT": environment}, ENVIRONMENTS)

    assert settings.environment_name == f"anb-{environment}"
    assert settings.embedded == (environment == "local")


def test_every_first_version_setting_exists_or_has_a_replacement() -> None:
    assert len(ORIGINAL_INPUTS) == 33
    assert [
        name for name in ORIGINAL_INPUTS if name not in Settings.model_fields and name not in REMOVED_SETTINGS
    ] == []


def test_every_setting_has_a_description() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_variable_overrides_file_and_file_overrides_default(tmp_path: pathlib.Path) -> None:
    settings = load_settings(tmp_path, "api_max_size = 5\nworker_max_size = 5", ANB_WORKER_MAX_SIZE="6")

    assert (settings.api_max_size, settings.worker_max_size, settings.cpu_target_value) == (5, 6, 70)


def test_variables_are_parsed_to_the_type_of_the_setting(tmp_path: pathlib.Path) -> None:
    settings = load_settings(
        tmp_path,
        ANB_MULTI_AZ="true",
        ANB_LOG_RETENTION_DAYS="7",
        ANB_PORTAL_ORIGINS="https://a.example, https://b.example",
    )

    assert settings.multi_az is True
    assert settings.log_retention_days == 7
    assert settings.portal_origins == ["https://a.example", "https://b.example"]


def test_unrelated_variables_are_ignored(tmp_path: pathlib.Path) -> None:
    assert load_settings(tmp_path, ANB_TERRAFORM_MIRROR="http://mirror", ANB_HOME="/x", PATH="/bin") == Settings()


def test_settings_are_immutable(tmp_path: pathlib.Path) -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        load_settings(tmp_path).multi_az = True  # type: ignore[misc]


def test_all_problems_are_reported_at_once(tmp_path: pathlib.Path) -> None:
    messages = load_problems(
        tmp_path,
        'db_instance_class = "db.r9.huge"\napi_min_size = 4\nvpc_cdir = "10.0.0.0/16"\njwt_secret = "x"',
        ANB_CPU_TARGET_VALUE="high",
    )

    assert messages == [
        (
            "db_instance_class in production.toml is 'db.r9.huge'; must be one of db.t3.micro, db.t3.small, "
            "db.t4g.micro, db.t4g.small. Fix: change db_instance_class (instance class of the database; "
            "AWS's free plan allows micro only)."
        ),
        (
            "ANB_CPU_TARGET_VALUE is 'high'; must be a whole number from 40 to 90. Fix: change cpu_target_value "
            "(target of the portal's average CPU, in percent)."
        ),
        (
            "vpc_cdir in production.toml is '10.0.0.0/16'; must be a setting listed in docs/settings.md. Fix: if you "
            "meant vpc_cidr, rename it."
        ),
        (
            "jwt_secret in production.toml is '***'; must be left out, because the setting was removed. Fix: remove "
            "it; the deployment generates the secret in Secrets Manager."
        ),
        (
            "api_min_size in production.toml is 4; must be at most api_max_size (3). Fix: lower api_min_size or raise "
            "api_max_size."
        ),
    ]


def test_misspelled_variable_is_rejected_with_the_nearest_name(tmp_path: pathlib.Path) -> None:
    assert load_problems(tmp_path, ANB_VPC_CDIR="10.0.0.0/16") == [
        (
            "ANB_VPC_CDIR is '10.0.0.0/16'; must be a setting listed in docs/settings.md. Fix: if you meant vpc_cidr, "
            "rename it."
        )
    ]


def test_unknown_environment_lists_the_existing_ones(tmp_path: pathlib.Path) -> None:
    (message,) = load_problems(tmp_path, ANB_ENVIRONMENT="staging")

    assert message == "ANB_ENVIRONMENT is 'staging'; must be one of production. Fix: choose one, or write staging.toml."


def test_invalid_toml_is_reported_with_its_position(tmp_path: pathlib.Path) -> None:
    (message,) = load_problems(tmp_path, "api_min_size = = 2")

    assert message.startswith("production.toml is 'Invalid value (at line 1, column 16)'; must be valid TOML.")


@pytest.mark.parametrize(
    "name", ["ANB", "anb_prod", "-anb", "anb-", "anb--prod", "9anb", "a-name-of-twenty-nine-letters"]
)
def test_environment_name_that_aws_would_reject_is_rejected(tmp_path: pathlib.Path, name: str) -> None:
    (message,) = load_problems(tmp_path, f'environment_name = "{name}"')

    assert message.startswith(f"environment_name in production.toml is '{name}'; must be text matching ")
    assert "at most 28 characters" in message


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ('multi_az = "sometimes"', "must be true or false"),
        ('portal_origins = ["*"]', "must be a list of origins such as https://anb.example"),
        ('portal_origins = ["https://Anb.example"]', "must be a list of origins such as https://anb.example"),
        ('cors_origins = ["*"]', "must be a list of origins such as https://anb.example"),
        ('cors_origins = ["http://front.example"]', "must be a list of origins such as https://anb.example"),
        ('cors_origins = ["https://front.example/"]', "must be a list of origins such as https://anb.example"),
        (
            'interface_endpoints = ["s3"]',
            "must be a list of autoscaling, logs, secretsmanager, sqs, ssm, ssmmessages",
        ),
        ('state_directory = ""', "must be text that is not empty"),
        ('alarm_email = "operator"', "must be text matching "),
        ('ami_id = "debian"', "must be text matching "),
        ("log_retention_days = 8", "must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365"),
    ],
)
def test_problem_names_the_allowed_values(tmp_path: pathlib.Path, text: str, allowed: str) -> None:
    (message,) = load_problems(tmp_path, text)

    assert allowed in message


@pytest.mark.parametrize("name", ["db_password", "jwt_secret"])
def test_secret_set_by_mistake_is_not_printed(tmp_path: pathlib.Path, name: str) -> None:
    (message,) = load_problems(tmp_path, f'{name} = "hunter2"')

    assert "hunter2" not in message
    assert "the setting was removed" in message


def test_profile_sets_defaults_that_a_setting_overrides(tmp_path: pathlib.Path) -> None:
    settings = load_settings(tmp_path, 'profile = "staging"\nlog_retention_days = 14')

    assert (settings.nat, settings.multi_az, settings.backup_retention_period) == ("single", False, 7)
    assert (settings.protect_data, settings.log_retention_days) == (True, 14)


def test_production_is_the_default_profile(tmp_path: pathlib.Path) -> None:
    settings = load_settings(tmp_path)

    assert settings.effective_profile == PRODUCTION
    assert (settings.nat, settings.multi_az, settings.log_retention_days) == ("per_zone", True, 365)


def test_waiver_reason_names_the_weakening_setting(tmp_path: pathlib.Path) -> None:
    profile = load_settings(tmp_path, "multi_az = false").effective_profile

    assert profile.weaker() == ["multi_az"]
    assert profile.waiver_reason("multi_az") == "production: the setting multi_az says so"


def test_override_as_strong_as_production_needs_no_reason(tmp_path: pathlib.Path) -> None:
    profile = load_settings(tmp_path, 'profile = "staging"', ANB_MULTI_AZ="true").effective_profile

    assert "multi_az" not in profile.weaker()
    assert profile.waiver_reason("multi_az") is None


def test_defaults_match_the_production_profile() -> None:
    for setting, choice in BY_PROFILE.items():
        assert Settings.model_fields[setting].default == getattr(PRODUCTION, choice)


def test_unknown_profile_is_reported_once(tmp_path: pathlib.Path) -> None:
    (problem,) = load_problems(tmp_path, 'profile = "cheap"')

    assert problem.startswith("profile in production.toml is 'cheap'; must be one of development, staging, production.")
