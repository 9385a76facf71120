"""The arrows of the house: main -> stacks -> constructs_lib; stacks -> services.environment; nothing -> operations."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = ("constructs_lib", "stacks", "services", "operations", "main")
FRAMEWORK = ("cdktf", "constructs", "cdktf_cdktf_provider_aws", "cdktn", "cdktn_provider_aws")

ALLOWED = {
    "constructs_lib": {"constructs_lib"},
    "stacks": {"stacks", "constructs_lib", "services.environment"},
    "services": {"services"},
    "operations": {"operations", "stacks", "constructs_lib", "services", "main"},
    "main": {"stacks", "constructs_lib"},
}
"""Which of our packages each may import."""


def files(package: str) -> list[pathlib.Path]:
    return [ROOT / "main.py"] if package == "main" else sorted((ROOT / package).rglob("*.py"))


def imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Every module a file imports, with its line; ``from a import b`` counts as ``a.b``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                start = f"{package}.{start}" if start else package
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def under(module: str, packages: set[str] | tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def wrong_turns(source: str, package: str) -> list[str]:
    return [
        f"line {line}: {package} imports {module}"
        for line, module in imports(source, package)
        if under(module, OURS) and not under(module, ALLOWED[package])
    ]


@pytest.mark.parametrize("package", OURS)
def test_arrows_run_one_way(package: str) -> None:
    assert files(package), f"{package} has no files"
    found = {str(file.relative_to(ROOT)): wrong_turns(file.read_text(), package) for file in files(package)}

    assert {file: lines for file, lines in found.items() if lines} == {}


def test_one_module_opens_the_framework() -> None:
    seam = ROOT / "constructs_lib" / "cdk.py"
    others = [file for package in OURS for file in files(package) if file != seam]
    others += list((ROOT / "tests").rglob("*.py"))
    opened = {
        str(file.relative_to(ROOT)): module
        for file in others
        for _, module in imports(file.read_text(), "")
        if under(module, FRAMEWORK)
    }

    assert opened == {}
    assert any(under(module, FRAMEWORK) for _, module in imports(seam.read_text(), "constructs_lib"))


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("constructs_lib", "import stacks.settings"),
        ("constructs_lib", "from services.environment import PortalEnvironment"),
        ("stacks", "from services.core import queue"),
        ("stacks", "from services import core"),
        ("services", "def late():\n    from constructs_lib import cdk"),
        ("services", "import operations"),
        ("main", "from services.environment import PortalEnvironment"),
    ],
)
def test_a_wrong_turn_is_seen(package: str, source: str) -> None:
    assert len(wrong_turns(source, package)) == 1
