"""What each service runs: its sources import nothing that its release lacks."""

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

from operations.release.build import sources
from operations.release.contents import AWS_SERVICES, SERVICES, is_needed
from workspace import paths
from workspace.setup import CATEGORIES

PIPFILE = tomllib.loads((paths.ROOT / "Pipfile").read_text())
LOCK = json.loads((paths.ROOT / "Pipfile.lock").read_text())


@functools.cache
def owners() -> Mapping[str, list[str]]:
    """The packages that are installed, by the names they are imported by."""
    return metadata.packages_distributions()


def imported(service: str) -> Iterator[tuple[Path, str]]:
    """Every module a service's sources import, with the file that does."""
    for file in sources(paths.ROOT, service):
        if file.suffix != ".py":
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                yield from ((file, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module:
                yield file, node.module


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_package_but_those_of_its_section(service: str) -> None:
    named = {canonicalize_name(name) for name in PIPFILE[service]}
    # They come with what is named, and belong to it.
    named |= {"botocore"} if "boto3" in named else set()
    named |= {"pydantic-core"} if "pydantic" in named else set()
    missing = {
        f"{file.relative_to(paths.ROOT)}: {module}"
        for file, module in imported(service)
        if (top := module.partition(".")[0]) not in sys.stdlib_module_names | {"services"}
        and not {canonicalize_name(owner) for owner in owners().get(top, [])} & named
    }

    assert missing == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_needs_all_that_its_section_names(service: str) -> None:
    tops = {module.partition(".")[0] for _, module in imported(service)}
    used = {canonicalize_name(owner) for top in tops for owner in owners().get(top, [])}
    # Found by its folder, never imported: that would let it look for another ffmpeg.
    used |= {"imageio-ffmpeg"}

    assert {canonicalize_name(name) for name in PIPFILE[service]} - used == set()


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_imports_no_source_that_its_release_lacks(service: str) -> None:
    packed = {file.relative_to(paths.ROOT).with_suffix("").as_posix() for file in sources(paths.ROOT, service)}
    missing = set()
    for file, module in imported(service):
        path = module.replace(".", "/")
        if module.startswith("services") and not {path, f"{path}/__init__"} & packed:
            missing.add(f"{file.relative_to(paths.ROOT)}: {module}")

    assert missing == set()


def test_every_aws_service_that_is_called_keeps_its_description() -> None:
    called = {
        name
        for service in SERVICES
        for file in sources(paths.ROOT, service)
        if file.suffix == ".py"
        for name in re.findall(r"aws_client\(\s*\"([\w-]+)\"", file.read_text())
    }

    assert called == AWS_SERVICES


def test_everything_is_installed_on_one_machine() -> None:
    sections = {name for name, content in PIPFILE.items() if isinstance(content, dict)}

    assert set(CATEGORIES.split()) == sections


def test_no_package_has_two_versions() -> None:
    versions: dict[str, set[str]] = {}
    for section in ("default", "develop", *SERVICES):
        for name, entry in LOCK[section].items():
            versions.setdefault(name, set()).add(entry["version"])

    assert {name: found for name, found in versions.items() if len(found) > 1} == {}


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
def test_what_is_left_out(file: str, needed: bool) -> None:
    assert is_needed(PurePosixPath(file)) is needed
