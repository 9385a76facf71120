"""The arrows of the house: main -> stacks -> constructs_lib; stacks -> services.environment; nothing -> operations."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
OURS = (
    "constructs_lib",
    "stacks",
    "services",
    "workspace",
    "emulator",
    "operations",
    "benchmarks",
    "tools",
    "main",
)
FRAMEWORK = ("cdktf", "constructs", "cdktf_cdktf_provider_aws", "cdktn", "cdktn_provider_aws")

PRODUCT = {"stacks", "constructs_lib", "services", "main"}
ALLOWED = {
    "constructs_lib": {"constructs_lib"},
    "stacks": {"stacks", "constructs_lib", "services.environment"},
    "services": {"services"},
    "main": {"stacks", "constructs_lib"},
    "workspace": {"workspace"},
    "emulator": {"emulator", "workspace"},
    "operations": {"operations", "emulator", "workspace", *PRODUCT},
    "benchmarks": {"benchmarks", "operations", "emulator", "workspace", *PRODUCT},
    "tools": {"tools", "operations", "benchmarks", "emulator", "workspace", *PRODUCT},
}
"""Which of our packages each may import."""

LAYERS = {
    "constructs_lib": (
        {"foundation"},
        {"network", "storage", "monitoring"},
        {"edge"},
        {"compute"},
        {"messaging", "database"},
        {"governance", "testing"},
    ),
    "services": ({"environment"}, {"shared", "migrations"}, {"consumer", "videos"}, {"contest"}, {"portal", "worker"}),
}
"""The rooms of a package, lowest first: each imports rooms below it, and none beside it."""


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
    seam = ROOT / "constructs_lib" / "foundation" / "cdk.py"
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
        ("constructs_lib", "import stacks.settings.model"),
        ("constructs_lib", "from services.environment import PortalEnvironment"),
        ("stacks", "from services.shared import queue"),
        ("stacks", "from services import shared"),
        ("services", "def late():\n    from constructs_lib import cdk"),
        ("services", "import operations"),
        ("main", "from services.environment import PortalEnvironment"),
    ],
)
def test_a_wrong_turn_is_seen(package: str, source: str) -> None:
    assert len(wrong_turns(source, package)) == 1


def upward_imports(package: str) -> list[str]:
    """Imports of a room beside or above the importing one."""
    level = {room: number for number, rooms in enumerate(LAYERS[package]) for room in rooms}
    found = []
    for file in files(package):
        room = file.relative_to(ROOT / package).parts[0].removesuffix(".py")
        for line, module in imports(file.read_text(), package):
            other = module.split(".")[1] if under(module, (package,)) and "." in module else room
            if room != "__init__" and other != room and level.get(other, 0) >= level[room]:
                found.append(f"{file.relative_to(ROOT)}:{line}: imports {module}")
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_rooms_import_only_rooms_below_them(package: str) -> None:
    assert upward_imports(package) == []
