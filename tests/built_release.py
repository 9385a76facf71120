"""A minimal release in the format of `./anb release`."""

from __future__ import annotations

import json
from pathlib import Path

from constructs_lib.compute.archive import pack


def write(folder: Path, architecture: str = "x86_64") -> Path:
    """Write a release with one file per archive; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    parts: dict[str, dict[str, dict[str, object]]] = {}
    for service in ("portal", "worker"):
        parts[service] = {}
        for part in ("code", "dependencies"):
            file = folder / f"{service}-{part}.tar.gz"
            sha256 = pack({f"{part}.txt": service.encode()}, file)
            parts[service][part] = {"file": file.name, "sha256": sha256, "bytes": file.stat().st_size, "made_from": ""}
    manifest = {"version": "1.2.3", "commit": "abc", "architecture": architecture, "parts": parts}
    (folder / "release.json").write_text(json.dumps(manifest))
    return folder
