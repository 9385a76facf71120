"""Settings: read from file and variables, checked once, everything wrong reported at once."""

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


def read(folder: pathlib.Path, text: str = "", **variables: str) -> Settings:
    (folder / "production.toml").write_text(text)
    return load(variables, folder)


def problems(folder: pathlib.Path, text: str = "", **variables: str) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        read(folder, text, **variables)
    return [str(problem).replace(f"{folder}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("environment", ["production", "local"])
def test_the_environments_that_come_with_the_project_are_right(environment: str) -> None:
    settings = load({"ANB_ENVIRONMENT": environment}, ENVIRONMENTS)

    assert settings.environment_name == f"anb-{environment}"
    assert settings.embedded == (environment == "local")


def test_every_input_of_the_first_version_has_a_successor() -> None:
    assert len(ORIGINAL_INPUTS) == 33
    assert [
        name for name in ORIGINAL_INPUTS if name not in Settings.model_fields and name not in REMOVED_SETTINGS
    ] == []


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_a_variable_overrides_the_file_and_the_file_the_default(tmp_path: pathlib.Path) -> None:
    settings = read(tmp_path, "api_max_size = 5\nworker_max_size = 5", ANB_WORKER_MAX_SIZE="6")

    assert (settings.api_max_size, settings.worker_max_size, settings.cpu_target_value) == (5, 6, 70)


def test_text_of_variables_becomes_what_the_setting_is(tmp_path: pathlib.Path) -> None:
    settings = read(
        tmp_path,
        ANB_MULTI_AZ="true",
        ANB_LOG_RETENTION_DAYS="7",
        ANB_PORTAL_ORIGINS="https://a.example, https://b.example",
    )

    assert settings.multi_az is True
    assert settings.log_retention_days == 7
    assert settings.portal_origins == ["https://a.example", "https://b.example"]


def test_variables_of_other_parts_of_the_project_are_left_alone(tmp_path: pathlib.Path) -> None:
    assert read(tmp_path, ANB_TERRAFORM_MIRROR="http://mirror", ANB_HOME="/x", PATH="/bin") == Settings()


def test_settings_cannot_be_changed_afterwards(tmp_path: pathlib.Path) -> None:
    with pytest.raises(pydantic.ValidationError, match="frozen"):
        read(tmp_path).multi_az = True  # type: ignore[misc]


def test_everything_wrong_is_said_at_once_with_where_value_allowed_and_fix(tmp_path: pathlib.Path) -> None:
    said = problems(
        tmp_path,
        'db_instance_class = "db.r9.huge"\napi_min_size = 4\nvpc_cdir = "10.0.0.0/16"\njwt_secret = "x"',
        ANB_CPU_TARGET_VALUE="high",
    )

    assert said == [
        (
            "db_instance_class in production.toml is 'db.r9.huge'; allowed are db.t3.micro, db.t3.small, "
            "db.t4g.micro, db.t4g.small. To mend it: db_instance_class is size of the database (Input should be "
            "'db.t3.micro', 'db.t3.small', 'db.t4g.micro' or 'db.t4g.small')"
        ),
        (
            "ANB_CPU_TARGET_VALUE is 'high'; allowed are whole numbers from 40 to 90. To mend it: cpu_target_value "
            "is average CPU the portal is kept at, in percent (Input should be a valid integer, unable to parse "
            "string as an integer)"
        ),
        (
            "vpc_cdir in production.toml is '10.0.0.0/16'; allowed are the settings of stacks/settings/model.py. To "
            "mend it: did you mean vpc_cidr?"
        ),
        (
            "jwt_secret in production.toml is '***'; allowed is nothing, the setting is gone. To mend it: remove it: "
            "a secret is generated in Secrets Manager when the portal is deployed"
        ),
        (
            "api_min_size in production.toml is 4; allowed are values up to api_max_size (3). To mend it: lower "
            "api_min_size or raise api_max_size"
        ),
    ]


def test_a_misspelt_variable_is_refused_with_the_nearest_name(tmp_path: pathlib.Path) -> None:
    assert problems(tmp_path, ANB_VPC_CDIR="10.0.0.0/16") == [
        (
            "ANB_VPC_CDIR is '10.0.0.0/16'; allowed are the settings of stacks/settings/model.py. To mend it: did you "
            "mean vpc_cidr?"
        )
    ]


def test_an_environment_that_is_not_there_is_refused_with_those_that_are(tmp_path: pathlib.Path) -> None:
    (said,) = problems(tmp_path, ANB_ENVIRONMENT="staging")

    assert said == "ANB_ENVIRONMENT is 'staging'; allowed are production. To mend it: choose one, or write staging.toml"


def test_a_file_that_is_no_toml_says_where(tmp_path: pathlib.Path) -> None:
    (said,) = problems(tmp_path, "api_min_size = = 2")

    assert said.startswith("production.toml is 'Invalid value (at line 1, column 16)'; allowed is valid TOML.")


@pytest.mark.parametrize(
    "name", ["ANB", "anb_prod", "-anb", "anb-", "anb--prod", "9anb", "a-name-of-twenty-nine-letters"]
)
def test_a_name_that_aws_would_refuse_is_refused_here(tmp_path: pathlib.Path, name: str) -> None:
    (said,) = problems(tmp_path, f'environment_name = "{name}"')

    assert said.startswith(f"environment_name in production.toml is '{name}'; allowed is text matching ")
    assert "at most 28 characters" in said


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ('multi_az = "sometimes"', "allowed are true and false"),
        ('portal_origins = ["*"]', "allowed are origins such as https://anb.example"),
        ('cors_origins = ["*"]', "allowed are origins such as https://anb.example"),
        ('cors_origins = ["http://front.example"]', "allowed are origins such as https://anb.example"),
        ('cors_origins = ["https://front.example/"]', "allowed are origins such as https://anb.example"),
        (
            'interface_endpoints = ["s3"]',
            "allowed are lists of autoscaling, logs, secretsmanager, sqs, ssm, ssmmessages",
        ),
        ('alarm_email = "nobody"', "allowed is text matching "),
        ('ami_id = "debian"', "allowed is text matching "),
        ("log_retention_days = 8", "allowed are 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365"),
    ],
)
def test_what_is_allowed_is_named(tmp_path: pathlib.Path, text: str, allowed: str) -> None:
    (said,) = problems(tmp_path, text)

    assert allowed in said


@pytest.mark.parametrize("name", ["db_password", "jwt_secret"])
def test_a_secret_given_by_mistake_is_not_repeated(tmp_path: pathlib.Path, name: str) -> None:
    (said,) = problems(tmp_path, f'{name} = "hunter2"')

    assert "hunter2" not in said
    assert "the setting is gone" in said


def test_the_profile_gives_what_no_other_setting_does(tmp_path: pathlib.Path) -> None:
    settings = read(tmp_path, 'profile = "staging"\nlog_retention_days = 14')

    assert (settings.nat, settings.multi_az, settings.backup_retention_period) == ("single", False, 7)
    assert (settings.protect_data, settings.log_retention_days) == (True, 14)


def test_production_is_the_profile_unless_another_is_chosen(tmp_path: pathlib.Path) -> None:
    settings = read(tmp_path)

    assert settings.choices == PRODUCTION
    assert (settings.nat, settings.multi_az, settings.log_retention_days) == ("per_zone", True, 365)


def test_a_saving_by_another_setting_names_it_as_the_reason(tmp_path: pathlib.Path) -> None:
    choices = read(tmp_path, "multi_az = false").choices

    assert choices.weaker() == ["multi_az"]
    assert choices.why("multi_az") == "production: the setting multi_az says so"


def test_a_saving_undone_by_another_setting_needs_no_reason(tmp_path: pathlib.Path) -> None:
    choices = read(tmp_path, 'profile = "staging"', ANB_MULTI_AZ="true").choices

    assert "multi_az" not in choices.weaker()
    assert choices.why("multi_az") is None


def test_the_profile_and_the_defaults_of_the_settings_agree() -> None:
    for setting, choice in BY_PROFILE.items():
        assert Settings.model_fields[setting].default == getattr(PRODUCTION, choice)


def test_an_unknown_profile_is_told_once(tmp_path: pathlib.Path) -> None:
    (problem,) = problems(tmp_path, 'profile = "cheap"')

    assert problem.startswith("profile in production.toml is 'cheap'; allowed are development, staging, production.")
