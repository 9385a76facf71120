"""Find the files that differ from a commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from workspace.errors import UserError


def changed_paths(commit: str, root: Path) -> list[str]:
    """List the paths that differ from the merge base with a commit, including uncommitted and untracked files.

    Args:
        commit: any revision that git can resolve, such as ``HEAD`` or ``main``.
        root: folder of the checkout.

    Raises:
        UserError: git does not know the commit, or the folder is not a checkout.
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
