"""Generate the reference from the docstrings: ``python -m tools.reference`` writes ``docs/reference``.

Sphinx's autodoc is no replacement: it shows the constructs' signatures as ``(*args, **kwargs)``, because of jsii's
metaclass, and has neither tables nor pages on a forge; griffe2md links every type to an anchor that does not exist.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

import constructs_lib
from workspace import paths

FOLDER = paths.ROOT / "docs/reference"
_LIBRARY = Path(constructs_lib.__file__).parent
_TESTING = ("testing", "testing.cloudwatch")
_TITLES = ("Args", "Raises", "Returns", "Yields")
_Definition = ast.ClassDef | ast.FunctionDef


def pages() -> dict[str, str]:
    """Render all pages, by file name."""
    rendered: dict[str, str] = {}
    table = ["| Name | Description |", "| --- | --- |"]
    for module in (*_TESTING, *sorted(set(constructs_lib._MODULES.values()))):
        tree = ast.parse(source_of(module).read_text(encoding="utf-8"))
        definitions = [node for node in tree.body if isinstance(node, _Definition) and _public(module, node.name)]
        intro = _prose(cleandoc(ast.get_docstring(tree) or ""))
        page = page_of(module)
        rendered[page] = "\n".join(
            [f"# constructs_lib.{module}", "", intro, *(line for node in definitions for line in _whole(node))]
        )
        for node in definitions:
            summary = _prose((ast.get_docstring(node) or "").split("\n\n")[0].replace("\n", " "))
            table.append(f"| [{node.name}]({page}#{node.name.lower()}) | {summary} |")
    head = "# Reference\n\nGenerated from the docstrings by `python -m tools.reference`.\n"
    rendered["README.md"] = "\n".join([head, *table[:2], *sorted(table[2:], key=str.lower)])
    return {name: text.rstrip() + "\n" for name, text in rendered.items()}


def source_of(module: str) -> Path:
    """Return the file of a module of the library."""
    file = _LIBRARY / module.replace(".", "/")
    return file / "__init__.py" if file.is_dir() else file.with_suffix(".py")


def page_of(module: str) -> str:
    """Return the file name of a module's page."""
    return f"{module.replace('.', '-')}.md"


def write(folder: Path = FOLDER) -> None:
    """Write the pages and delete the pages of removed modules."""
    folder.mkdir(parents=True, exist_ok=True)
    rendered = pages()
    for old in folder.glob("*.md"):
        if old.name not in rendered:
            old.unlink()
    for name, text in rendered.items():
        (folder / name).write_text(text, encoding="utf-8")


def _public(module: str, name: str) -> bool:
    if module in _TESTING:
        return not name.startswith("_")
    return constructs_lib._MODULES.get(name) == module


def _whole(node: _Definition) -> Iterator[str]:
    """Render the section of a class or function."""
    yield from ("", f"## {node.name}", "")
    if isinstance(node, ast.FunctionDef):
        yield from _call(node, node, f"{node.name}")
        return
    methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
    constructor = next((method for method in methods if method.name == "__init__"), None)
    bases = [ast.unparse(base).removeprefix("cdk.") for base in node.bases]
    if bases:
        yield from (f"*{node.name} is a {' and a '.join(bases)}.*", "")
    yield from _call(node, constructor, None)
    attributes = list(_attributes(constructor)) if constructor else []
    if attributes:
        yield from ("", f"Attributes: {', '.join(f'`{name}`' for name in attributes)}")
    for method in methods:
        if not method.name.startswith("_"):
            yield from ("", f"### {node.name}.{method.name}", "")
            decorators = [ast.unparse(each) for each in method.decorator_list]
            yield from _call(method, None if "property" in decorators else method, method.name)


def _call(documented: _Definition, called: ast.FunctionDef | None, name: str | None) -> Iterator[str]:
    """Render the signature if there is a name, the prose, the table of arguments, and the other sections."""
    text, sections = _sections(cleandoc(ast.get_docstring(documented) or ""))
    if called and name:
        arguments = ast.unparse(called.args).removeprefix("self").removeprefix(", ")
        result = f" -> {ast.unparse(called.returns)}" if called.returns else ""
        yield from ("```python", f"{name}({arguments}){result}", "```", "")
    yield _prose(text)
    types = _types(documented, called)
    if "Args" in sections:
        yield from ("", "| Argument | Type | Default | Meaning |", "| --- | --- | --- | --- |")
        for argument, meaning in sections["Args"]:
            kind, default = types.get(argument, ("", ""))
            yield f"| `{argument}` | {_cell(kind)} | {_cell(default)} | {_prose(meaning)} |"
    for title in _TITLES[1:]:
        if title in sections:
            text = "; ".join(f"`{key}`: {meaning}" if key else meaning for key, meaning in sections[title])
            yield from ("", f"{title}: {_prose(text)}")


def _types(documented: _Definition, called: ast.FunctionDef | None) -> dict[str, tuple[str, str]]:
    """Return type and default of each argument of a function, or of each field of a dataclass."""
    if called is None:
        fields = (each for each in documented.body if isinstance(each, ast.AnnAssign))
        return {ast.unparse(f.target): (ast.unparse(f.annotation), _default(f.value)) for f in fields}
    arguments = called.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [*([None] * (len(positional) - len(arguments.defaults))), *arguments.defaults, *arguments.kw_defaults]
    pairs = zip([*positional, *arguments.kwonlyargs], defaults, strict=True)
    return {each.arg: (ast.unparse(each.annotation) if each.annotation else "", _default(d)) for each, d in pairs}


def _default(value: ast.expr | None) -> str:
    if value is None:
        return ""
    factory = re.fullmatch(r"dataclasses\.field\(default_factory=(.+)\)", ast.unparse(value))
    return f"{factory[1]}()" if factory else ast.unparse(value)


def _attributes(constructor: ast.FunctionDef) -> Iterator[str]:
    """List the public attributes that a constructor sets."""
    for statement in ast.walk(constructor):
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            if isinstance(target, ast.Attribute) and ast.unparse(target.value) == "self" and target.attr[0] != "_":
                yield target.attr


def _sections(text: str) -> tuple[str, dict[str, list[tuple[str, str]]]]:
    """Split a docstring into its prose and its sections, which are pairs of a name and a meaning."""
    prose: list[str] = []
    sections: dict[str, list[tuple[str, str]]] = {}
    current: list[tuple[str, str]] | None = None
    for line in text.splitlines():
        if line.rstrip(":") in _TITLES and line.endswith(":"):
            current = sections.setdefault(line[:-1], [])
        elif line and not line.startswith(" "):
            current = None
            prose.append(line)
        elif current is None:
            prose.append(line)
        elif entry := re.match(r" {4}(\w+(?:, \w+)*): (.*)", line):
            current.append((entry[1], entry[2]))
        elif line.strip() and current and re.match(r" {8}", line):
            current[-1] = (current[-1][0], f"{current[-1][1]} {line.strip()}")
        elif line.strip():
            current.append(("", line.strip()))
    return "\n".join(prose).strip(), sections


def _prose(text: str) -> str:
    """Convert the prose of a docstring to Markdown; indented blocks are Python."""
    text = re.sub(r"``([^`]+)``", r"`\1`", text)
    blocks = re.split(r"\n\n(?=\S)|\n\n(?= {4})", text)
    return "\n\n".join(f"```python\n{cleandoc(each)}\n```" if each.startswith("    ") else each for each in blocks)


def _cell(code: str) -> str:
    return f"`{code}`".replace("|", "\\|") if code else ""


if __name__ == "__main__":
    write()
