"""The lock file pins versions and hashes but no package index."""

from __future__ import annotations

import json

from tools.lock import without_index
from workspace import paths


def test_only_the_index_is_removed() -> None:
    lock = {
        "_meta": {"hash": {"sha256": "ab"}, "sources": [{"name": "there", "url": "https://index.example/simple"}]},
        "default": {"flask": {"hashes": ["sha256:cd"], "index": "there", "version": "==3.1.3"}},
        "develop": {"pytest": {"version": "==9.2.0"}},
    }
    assert without_index(lock) == {
        "_meta": {"hash": {"sha256": "ab"}, "sources": []},
        "default": {"flask": {"hashes": ["sha256:cd"], "version": "==3.1.3"}},
        "develop": {"pytest": {"version": "==9.2.0"}},
    }


def test_project_lock_has_hashes_and_no_index() -> None:
    lock = json.loads((paths.ROOT / "Pipfile.lock").read_text())
    assert lock == without_index(lock)
    packages = {**lock["default"], **lock["develop"]}
    assert [name for name, entry in packages.items() if not entry["hashes"]] == []
