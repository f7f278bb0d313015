"""Which function of the bundle's own sources a Python wheel task calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from diagnostics.python_scopes import parsed

_ENTRY = re.compile(r"^\s*['\"]?([\w.-]+)['\"]?\s*=\s*['\"]?([\w.]+):(\w+)", re.MULTILINE)
_SETUP = re.compile(r"^([\w.-]+)\s*=\s*([\w.]+):(\w+)$")
_FUNCTION_FILES = ("__main__", "main", "__init__", "cli")


def entry_point(package: str, entry: str, files: Mapping[str, str]) -> tuple[str, str | None] | None:
    """Return file and function of an entry point, None when the bundle does not hold the package's source.

    Args:
        package: `package_name` of the task.
        entry: `entry_point` of the task: a name that the package declares, or a function of it.
        files: the bundle's text files.
    """
    folder = package.replace("-", "_").replace(".", "/")
    for name, module, function in _declared(files):
        if name == entry:
            file = _module(module.replace(".", "/"), files)
            if file is not None:
                return file, function
    for stem in _FUNCTION_FILES:
        file = _module(f"{folder}/{stem}", files)
        if file is not None and _defines(files[file], entry):
            return file, entry
    file = _module(f"{folder}/{entry}", files) or _module(f"{folder}/__main__", files)
    return (file, None) if file is not None else None


def _declared(files: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield what pyproject.toml, setup.cfg and setup.py declare: name, module, function."""
    for path, text in files.items():
        if path.rpartition("/")[2] in {"pyproject.toml", "setup.cfg"}:
            yield from ((match[1], match[2], match[3]) for match in _ENTRY.finditer(text))
        elif path.rpartition("/")[2] == "setup.py":
            tree = parsed(text)
            for node in ast.walk(tree) if tree is not None else ():
                match = (
                    _SETUP.match(node.value.strip())
                    if isinstance(node, ast.Constant) and isinstance(node.value, str)
                    else None
                )
                if match:
                    yield match[1], match[2], match[3]


def _module(path: str, files: Mapping[str, str]) -> str | None:
    endings = (f"/{path}.py", f"/{path}/__init__.py")
    return min((name for name in files if f"/{name}".endswith(endings)), key=len, default=None)


def _defines(text: str, function: str) -> bool:
    tree = parsed(text)
    return tree is not None and any(isinstance(node, ast.FunctionDef) and node.name == function for node in tree.body)
