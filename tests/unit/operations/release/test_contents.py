"""Contents of a release: all imports of a service's sources are included."""

from __future__ import annotations

import ast
import functools
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath

import pytest
from packaging.utils import canonicalize_name

from operations.release.build import source_files
from operations.release.contents import AWS_SERVICES, SERVICES, is_needed
from workspace import paths
from workspace.setup import CATEGORIES

PIPFILE = tomllib.loads((paths.ROOT / "Pipfile").read_text())
LOCK = json.loads((paths.ROOT / "Pipfile.lock").read_text())


@functools.cache
def owners() -> Mapping[str, list[str]]:
    """Installed packages by import name."""
    return metadata.packages_distributions()


def imported(service: str) -> Iterator[tuple[Path, str]]:
    """Yield every import of a service's sources, with the file."""
    for file in source_files(paths.ROOT, service):
        if file.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module


@pytest.mark.parametrize("service", SERVICES)
def test_imported_packages_are_in_the_services_section(service: str) -> None:
    declared = {canonicalize_name(name) for name in PIPFILE[service]}
    # Dependencies that belong to a declared package.
    declared |= {"botocore"} if "boto3" in declared else set()
    declared |= {"pydantic-core"} if "pydantic" in declared else set()
    missing = {
        f"{file.relative_to(paths.ROOT)}: {module}"
        for file, module in imported(service)
        if (top := module.partition(".")[0]) not in sys.stdlib_module_names | {"services"}
        and not {canonicalize_name(owner) for owner in owners().get(top, [])} & declared
    }

    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_packages_of_the_section_are_all_imported(service: str) -> None:
    tops = {module.partition(".")[0] for _, module in imported(service)}
    used = {canonicalize_name(owner) for top in tops for owner in owners().get(top, [])}
    # Located by its folder and never imported: an import could select another ffmpeg.
    used |= {"imageio-ffmpeg"}

    assert {canonicalize_name(name) for name in PIPFILE[service]} - used == set()


@pytest.mark.parametrize("service", SERVICES)
def test_imported_sources_are_in_the_release(service: str) -> None:
    packed = {file.relative_to(paths.ROOT).with_suffix("").as_posix() for file in source_files(paths.ROOT, service)}
    missing = set()
    for file, module in imported(service):
        path = module.replace(".", "/")
        if module.startswith("services") and not {path, f"{path}/__init__"} & packed:
            missing.add(f"{file.relative_to(paths.ROOT)}: {module}")

    assert missing == set()


def test_descriptions_of_called_aws_services_are_included() -> None:
    called = {
        name
        for service in SERVICES
        for file in source_files(paths.ROOT, service)
        if file.suffix == ".py"
        for name in re.findall(r"aws_client\(\s*\"([\w-]+)\"", file.read_text())
    }

    assert called == AWS_SERVICES


def test_setup_installs_all_sections() -> None:
    sections = {name for name, content in PIPFILE.items() if isinstance(content, dict)}

    assert set(CATEGORIES.split()) == sections


def test_each_package_has_one_version() -> None:
    versions: dict[str, set[str]] = {}
    for section in ("default", "develop", *SERVICES):
        for name, entry in LOCK[section].items():
            versions.setdefault(name, set()).add(entry["version"])

    assert {name: locked for name, locked in versions.items() if len(locked) > 1} == {}


@pytest.mark.parametrize(
    ("file", "needed"),
    [
        ("flask/app.py", True),
        ("flask/py.typed", True),
        ("flask-3.1.3.dist-info/METADATA", True),
        ("flask-3.1.3.dist-info/entry_points.txt", True),
        ("flask-3.1.3.dist-info/licenses/LICENSE.txt", True),
        ("flask-3.1.3.dist-info/RECORD", False),
        ("jinja2/tests.py", True),
        ("future/tests/test_it.py", False),
        ("sqlalchemy/testing/config.py", False),
        ("sqlalchemy/engine/_result_cy.pyx", False),
        ("sqlalchemy/engine/_result_cy.cpython-313-x86_64-linux-gnu.so", True),
        ("markupsafe/_speedups.pyi", False),
        ("bin/flask", False),
        ("botocore/data/s3/2006-03-01/service-2.json.gz", True),
        ("botocore/data/ec2/2016-11-15/service-2.json.gz", False),
        ("botocore/data/endpoints.json", True),
        ("botocore/data/partitions.json", True),
        ("boto3/examples/s3.rst", False),
        ("babel/locale-data/es_CO.dat", True),
        ("babel/locale-data/est.dat", False),
        ("babel/locale-data/root.dat", True),
    ],
)
def test_unneeded_files_are_left_out(file: str, needed: bool) -> None:
    assert is_needed(PurePosixPath(file)) is needed
