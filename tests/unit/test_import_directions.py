"""Imports go one way: main -> stacks -> constructs_lib; stacks -> services.environment; no product -> operations."""

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
"""The packages that each package may import."""

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
"""The layers of a package, lowest first: a folder imports only folders of lower layers."""


def files(package: str) -> list[pathlib.Path]:
    return [ROOT / "main.py"] if package == "main" else sorted((ROOT / package).rglob("*.py"))


def imports(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Yield every imported module with its line; ``from a import b`` counts as ``a.b``."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            start = node.module or ""
            if node.level:
                start = f"{package}.{start}" if start else package
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)


def is_under(module: str, packages: set[str] | tuple[str, ...]) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in packages)


def forbidden_imports(source: str, package: str) -> list[str]:
    return [
        f"line {line}: {package} imports {module}"
        for line, module in imports(source, package)
        if is_under(module, OURS) and not is_under(module, ALLOWED[package])
    ]


@pytest.mark.parametrize("package", OURS)
def test_packages_import_only_allowed_packages(package: str) -> None:
    assert files(package), f"{package} has no files"
    found = {str(file.relative_to(ROOT)): forbidden_imports(file.read_text(), package) for file in files(package)}

    assert {file: lines for file, lines in found.items() if lines} == {}


def test_only_one_module_imports_the_framework() -> None:
    seam = ROOT / "constructs_lib" / "foundation" / "cdk.py"
    others = [file for package in OURS for file in files(package) if file != seam]
    others += list((ROOT / "tests").rglob("*.py"))
    importing = {
        str(file.relative_to(ROOT)): module
        for file in others
        for _, module in imports(file.read_text(), "")
        if is_under(module, FRAMEWORK)
    }

    assert importing == {}
    assert any(is_under(module, FRAMEWORK) for _, module in imports(seam.read_text(), "constructs_lib"))


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("constructs_lib", "import stacks.settings.model"),
        ("constructs_lib", "from services.environment import PortalEnvironment"),
        ("stacks", "from services.shared import queue"),
        ("stacks", "from services import shared"),
        ("services", "def late():\n    from constructs_lib.foundation import cdk"),
        ("services", "import operations"),
        ("workspace", "from emulator import aws"),
        ("emulator", "from services.environment import PortalEnvironment"),
        ("emulator", "from operations.local import deployment"),
        ("operations", "from benchmarks import command"),
        ("operations", "from tools import docs"),
        ("main", "from services.environment import PortalEnvironment"),
    ],
)
def test_forbidden_import_is_detected(package: str, source: str) -> None:
    assert len(forbidden_imports(source, package)) == 1


def upward_imports(package: str) -> list[str]:
    """List imports of folders in the same or a higher layer."""
    level = {folder: number for number, folders in enumerate(LAYERS[package]) for folder in folders}
    found = []
    for file in files(package):
        folder = file.relative_to(ROOT / package).parts[0].removesuffix(".py")
        for line, module in imports(file.read_text(), package):
            other = module.split(".")[1] if is_under(module, (package,)) and "." in module else folder
            if folder != "__init__" and other != folder and level.get(other, 0) >= level[folder]:
                found.append(f"{file.relative_to(ROOT)}:{line}: imports {module}")
    return found


@pytest.mark.parametrize("package", LAYERS)
def test_folders_import_only_lower_layers(package: str) -> None:
    assert upward_imports(package) == []
