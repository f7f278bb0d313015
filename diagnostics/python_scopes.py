"""Which code of a Python program can run: its own file, and of other modules what it calls by name."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeAlias

MODULE = ""
"""The scope of code outside of functions."""
MAX_DEPTH = 200
Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"
_MAGIC = re.compile(r"^(\s*)[%!]", re.MULTILINE)


@dataclass(frozen=True)
class Scope:
    """A function, or the code outside of functions, with the nodes that belong to it."""

    name: str
    outer: str
    """Name of the function around it, `MODULE` for none."""
    nodes: tuple[ast.AST, ...]
    function: Function | None = None


@dataclass
class _Parts:
    scopes: list[Scope] = field(default_factory=list)
    classes: dict[str, list[ast.AST]] = field(default_factory=dict)


def parsed(text: str) -> ast.Module | None:
    """Return the syntax tree; None for what is no Python. Lines with magics count as comments."""
    try:
        return ast.parse(_MAGIC.sub(r"\1# ", text))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def reachable(program: ast.Module, modules: Iterable[ast.Module], entry: str | None) -> list[Scope]:
    """Return the scopes of the program that can run.

    Args:
        program: the file that is run.
        modules: files that it imports.
        entry: the one function of the file that is called; None when the file runs as a script.
    """
    own = _scopes(program)
    others = list(chain.from_iterable(map(_scopes, modules)))
    if entry is None:
        found, waiting = own, others
    else:
        found = [one for one in own if one.name in {MODULE, entry}]
        waiting = [one for one in own if one.name not in {MODULE, entry}] + others
    found = [*found, *(one for one in waiting if one.name == MODULE)]
    waiting = [one for one in waiting if one.name != MODULE]
    names = _names(found)
    while taken := [one for one in waiting if one.name in names or one.outer in names - {MODULE}]:
        waiting = [one for one in waiting if one not in taken]
        found += taken
        names |= _names(taken)
    return found


def _names(scopes: Iterable[Scope]) -> set[str]:
    nodes = [node for one in scopes for node in one.nodes]
    plain = {node.id for node in nodes if isinstance(node, ast.Name)}
    return plain | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def _scopes(tree: ast.Module) -> list[Scope]:
    found: list[Scope] = []
    left: list[tuple[str, str, Function | None, list[ast.AST]]] = [(MODULE, MODULE, None, list(tree.body))]
    while left:
        name, outer, function, body = left.pop()
        nodes: list[ast.AST] = []
        for node in _walk(body):
            nodes.append(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                left.append((node.name, name, node, list(node.body)))
        found.append(Scope(name, outer, tuple(nodes), function))
    return found


def _walk(body: list[ast.AST]) -> Iterator[ast.AST]:
    """Yield all nodes, of functions only the head: their bodies are scopes of their own."""
    left = list(reversed(body))
    while left:
        node = left.pop()
        yield node
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            left += [*node.decorator_list, *node.args.defaults, *(one for one in node.args.kw_defaults if one)]
        else:
            left += reversed(list(ast.iter_child_nodes(node)))
