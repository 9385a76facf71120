"""Write the drawings of docs/architecture.md into ``docs/images/architecture``: ``python -m tools.drawings``."""

from __future__ import annotations

from tools.drawings import FOLDER, drawings

if __name__ == "__main__":
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, svg in drawings().items():
        (FOLDER / name).write_text(svg, encoding="utf-8")
