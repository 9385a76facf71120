"""The lock file says what is installed, and leaves to pip's own configuration from where."""

from __future__ import annotations

import json

from tools.lock import without_index
from workspace import paths


def test_an_index_is_taken_out_and_nothing_else() -> None:
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


def test_the_lock_of_this_project_names_no_index_and_every_hash() -> None:
    lock = json.loads((paths.ROOT / "Pipfile.lock").read_text())
    assert lock == without_index(lock)
    packages = {**lock["default"], **lock["develop"]}
    assert [name for name, entry in packages.items() if not entry["hashes"]] == []
