"""The files that differ from a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from workspace.errors import UserError


def changed_paths(commit: str, root: Path) -> list[str]:
    """Paths that differ from where the current branch left a commit, uncommitted and untracked files included.

    Args:
        commit: anything git can resolve, such as ``HEAD`` or ``main``.
        root: folder of the checkout.

    Raises:
        UserError: git does not know the commit, or this is no checkout.
    """
    commands = (
        ["git", "diff", "--name-only", "--merge-base", commit, "--"],
        ["git", "ls-files", "--others", "--exclude-standard"],
    )
    paths: set[str] = set()
    for command in commands:
        result = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        if result.returncode != 0:
            reason = result.stderr.strip()
            raise UserError(f"--changed is {commit!r}; must be a commit of this checkout. Fix: see git log. ({reason})")
        paths.update(result.stdout.splitlines())
    return sorted(paths)
