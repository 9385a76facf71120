"""`pip install .` installs only the library, and every example runs with it."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
import subprocess
import sys
import zipfile

import pytest

from tests.integration.package.conftest import Run
from workspace import paths

EXAMPLES = sorted(file.name for file in (paths.ROOT / "examples").glob("*.py"))
PROJECT = ("anb", "benchmarks", "emulator", "main", "operations", "services", "stacks", "tools", "workspace")
FOREIGN = (*PROJECT, "boto3", "click", "flask", "moto", "pydantic", "pytest")
NOT_PACKED = (".pyc", ".md")


def test_wheel_contains_only_the_library(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    found = (paths.ROOT / "constructs_lib").rglob("*")
    files = {
        file.relative_to(paths.ROOT).as_posix() for file in found if file.is_file() and file.suffix not in NOT_PACKED
    }

    assert packed == files
    assert {"constructs_lib/py.typed", "constructs_lib/foundation/lazy_provider.js"} <= packed


def test_only_the_library_is_importable(run: Run) -> None:
    names = ("constructs_lib", *FOREIGN)
    code = f"import importlib.util as u, json; print(json.dumps([n for n in {names!r} if u.find_spec(n)]))"

    assert json.loads(run("-c", code).stdout) == ["constructs_lib"]


def test_library_is_imported_from_the_wheel(run: Run) -> None:
    folder = run("-c", "import constructs_lib; print(constructs_lib.__file__)").stdout

    assert "site-packages" in folder
    assert not pathlib.Path(folder.strip()).is_relative_to(paths.ROOT / "constructs_lib")


def test_dependencies_are_complete(run: Run) -> None:
    assert run("-m", "pip", "check").returncode == 0


def without_deprecation_warnings(stderr: str) -> list[str]:
    """Remove the warnings of Node 22 about a call inside cdktf (TerraformOutput, for a list)."""
    return [line for line in stderr.splitlines() if not re.search("DEP0044|--trace-deprecation", line)]


@pytest.mark.parametrize("example", EXAMPLES)
def test_example_runs_outside_the_checkout(run: Run, tmp_path: pathlib.Path, example: str) -> None:
    shutil.copy(paths.ROOT / "examples" / example, tmp_path)
    shutil.copytree(paths.ROOT / "examples/software", tmp_path / "software")

    result = run(example)

    assert (result.returncode, without_deprecation_warnings(result.stderr)) == (0, [])
    (written,) = (tmp_path / "cdktf.out/stacks").glob("*/cdk.tf.json")
    assert json.loads(written.read_text())["resource"]
    assert str(paths.ROOT) not in written.read_text()


def test_mypy_reads_the_types_of_the_library(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Strict mypy accepts the examples and reports a wrong argument."""
    for example in EXAMPLES:
        shutil.copy(paths.ROOT / "examples" / example, tmp_path)
    imports = "from constructs_lib import Bucket\nfrom constructs_lib.foundation import cdk\n"
    (tmp_path / "wrong.py").write_text(f'{imports}Bucket(cdk.App(), "b", name=3)\n')
    command = [sys.executable, "-m", "mypy", "--strict", "--python-executable", str(installed), "--config-file", ""]
    command += ["--cache-dir", str(paths.CACHE_DIR / "mypy-package")]

    checked = subprocess.run([*command, "."], cwd=tmp_path, capture_output=True, text=True, check=False)

    found = [line for line in checked.stdout.splitlines() if ": error:" in line]
    assert len(found) == 1, checked.stdout + checked.stderr
    assert found[0].startswith('wrong.py:3: error: Argument "name" to "Bucket" has incompatible type "int"')
