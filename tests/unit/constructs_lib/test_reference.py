"""The reference pages match the docstrings, and the docstrings describe every argument."""

from __future__ import annotations

import ast
import pathlib

import pytest

import constructs_lib
from tools import reference

PAGES = reference.pages()


def test_pages_are_up_to_date(tmp_path: pathlib.Path) -> None:
    written = {file.name: file.read_text() for file in reference.FOLDER.glob("*.md")}

    stale = sorted(name for name in written.keys() | PAGES.keys() if written.get(name) != PAGES.get(name))
    assert stale == [], "generate them: .venv/bin/python -m tools.reference"


@pytest.mark.parametrize("name", constructs_lib.__all__)
def test_public_name_has_a_section(name: str) -> None:
    page = PAGES[reference.page_of(constructs_lib._MODULES[name])]

    assert f"\n## {name}\n" in page
    assert f"[{name}](" in PAGES["README.md"]


@pytest.mark.parametrize("name", [name for name in constructs_lib.__all__ if name[0].isupper()])
def test_every_argument_is_documented(name: str) -> None:
    tree = ast.parse(reference.source_of(constructs_lib._MODULES[name]).read_text())
    node = next(each for each in tree.body if isinstance(each, ast.ClassDef) and each.name == name)
    constructor = next(
        (each for each in node.body if isinstance(each, ast.FunctionDef) and each.name == "__init__"), None
    )
    arguments = set(reference._types(node, constructor)) - {"self", "scope", "id"}
    documented = {argument for argument, _ in reference._sections(ast.get_docstring(node) or "")[1].get("Args", [])}

    assert documented == arguments


SOURCE = '''
class Lamp(cdk.Construct):
    """A lamp of ``glass``.

        Lamp(self, "lamp", watts=40)

    Args:
        watts: how bright, 1 to
            100.

    Raises:
        ConstructError: for too bright a lamp.
    """

    def __init__(self, scope, id, *, watts: int | None = 40) -> None:
        self.light: str = "on"
        self._hidden = True

    def grant_look(self, owner: Owner, *, twice: bool = False) -> None:
        """Let a service look at it."""

    def _private(self) -> None: ...
'''
PAGE = """
## Lamp

*Lamp is a Construct.*

A lamp of `glass`.

```python
Lamp(self, "lamp", watts=40)
```

| Argument | Type | Default | Meaning |
| --- | --- | --- | --- |
| `watts` | `int \\| None` | `40` | how bright, 1 to 100. |

Raises: `ConstructError`: for too bright a lamp.

Attributes: `light`

### Lamp.grant_look

```python
grant_look(owner: Owner, *, twice: bool=False) -> None
```

Let a service look at it."""


def test_page_is_generated_from_a_docstring() -> None:
    (node,) = ast.parse(SOURCE).body
    assert isinstance(node, ast.ClassDef)

    assert "\n".join(reference._whole(node)) == PAGE
