"""Which release runs."""

from __future__ import annotations

import json
from pathlib import Path

from services.shared.release import FILE, ReleaseInfo, read_release


def test_it_is_what_the_builder_wrote(tmp_path: Path) -> None:
    (tmp_path / "release.json").write_text(json.dumps({"version": "1.2.0", "commit": "5d3aacb"}))
    assert read_release(tmp_path / "release.json") == ReleaseInfo("1.2.0", "5d3aacb")


def test_a_working_copy_is_no_release() -> None:
    assert not FILE.exists()
    assert read_release() == ReleaseInfo("development", "development")


def test_it_lies_among_the_services() -> None:
    assert FILE.parent.name == "services"
