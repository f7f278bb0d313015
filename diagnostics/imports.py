"""The files of a bundle that a program runs, imports and names."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from diagnostics.python_scopes import parsed
from diagnostics.source_text import python_source

MAX_FILES = 40
_RUN = re.compile(r"^(?:# MAGIC |-- MAGIC )?%run\s+[\"']?([^\s\"'$]+)", re.MULTILINE)
_SUFFIXES = ("", ".py", ".sql", ".ipynb")
_NAMED = (".sql", ".yml", ".yaml")


def included(path: str, text: str, files: Mapping[str, str]) -> dict[str, str]:
    """Return the notebooks that a notebook runs, through `%run` and `dbutils.notebook.run`, by path."""
    found: dict[str, str] = {}
    left = [(path, text)]
    while left and len(found) < MAX_FILES:
        current, source = left.pop(0)
        for name in (*_RUN.findall(source), *_started(source)):
            base = posixpath.normpath(posixpath.join(posixpath.dirname(current), name))
            other = next((base + suffix for suffix in _SUFFIXES if base + suffix in files), None)
            if other is not None and other != path and other not in found:
                found[other] = python_source(other, files[other])
                left.append((other, found[other]))
    return found


def imported(path: str, text: str, files: Mapping[str, str]) -> dict[str, str]:
    """Return the modules of the bundle that a program imports, directly or through others, by path."""
    modules = [name for name in files if name.endswith(".py")]
    found: dict[str, str] = {}
    left = [(path, text)]
    while left and len(found) < MAX_FILES:
        current, source = left.pop(0)
        for name in _imports(source, current):
            other = _nearest(name, current, modules)
            if other is not None and other != path and other not in found:
                found[other] = files[other]
                left.append((other, files[other]))
    return found


def named_files(texts: Iterable[str], files: Mapping[str, str]) -> dict[str, str]:
    """Return the SQL and YAML files that sources name, alone or by their folder, by path."""
    constants = {one for text in texts for one in _constants(text)}
    wanted = {one.lstrip("./*") for one in constants if one.endswith(_NAMED)}
    exact = {one for one in wanted if posixpath.splitext(one)[0]}
    found = {
        name: text for name, text in files.items() if any(name == one or name.endswith(f"/{one}") for one in exact)
    }
    suffixes = tuple({f".{one.rpartition('.')[2]}" for one in constants if one.strip("*./") in {"sql", "yml", "yaml"}})
    folders = [one.strip("./") for one in constants if one.strip("./") and not one.endswith(_NAMED)]
    in_folders = (name for name in files if suffixes and name.endswith(suffixes))
    found |= {name: files[name] for name in in_folders if any(f"/{folder}/" in f"/{name}" for folder in folders)}
    return dict(list(found.items())[:MAX_FILES])


def _constants(text: str) -> Iterator[str]:
    tree = parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            yield node.value


def _started(text: str) -> Iterator[str]:
    tree = parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "run"
            and isinstance(node.func.value, ast.Attribute)
            and node.func.value.attr == "notebook"
            and node.args
            and isinstance(node.args[0], ast.Constant)
        ):
            yield str(node.args[0].value)


def _imports(text: str, path: str) -> Iterator[str]:
    """Yield the imported modules as paths without suffix."""
    tree = parsed(text)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Import):
            yield from (alias.name.replace(".", "/") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            folder = path
            for _ in range(node.level):
                folder = posixpath.dirname(folder)
            base = "/".join(filter(None, ((folder if node.level else ""), (node.module or "").replace(".", "/"))))
            yield base
            yield from (f"{base}/{alias.name}".lstrip("/") for alias in node.names)


def _nearest(module: str, path: str, modules: Iterable[str]) -> str | None:
    """Return the file of a module; of several the one that shares the longest way with the importing file."""
    endings = (f"/{module}.py", f"/{module}/__init__.py")
    matches = [name for name in modules if f"/{name}".endswith(endings)]
    return max(matches, key=lambda name: (len(posixpath.commonprefix([name, path])), -len(name)), default=None)
