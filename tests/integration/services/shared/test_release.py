"""Version and commit of the running release."""

from __future__ import annotations

import json
from pathlib import Path

from services.shared.release import FILE, ReleaseInfo, read_release


def test_release_is_read_from_the_file(tmp_path: Path) -> None:
    (tmp_path / "release.json").write_text(json.dumps({"version": "1.2.0", "commit": "5d3aacb"}))
    assert read_release(tmp_path / "release.json") == ReleaseInfo("1.2.0", "5d3aacb")


def test_working_copy_is_development() -> None:
    assert not FILE.exists()
    assert read_release() == ReleaseInfo("development", "development")


def test_file_is_in_the_services_folder() -> None:
    assert FILE.parent.name == "services"
