"""Which expectations the sources of a pipeline declare, in SQL and in Python."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from diagnostics.models import BundleSnapshot
from diagnostics.source_text import python_source
from diagnostics.sources import Program, programs
from diagnostics.sql_text import statements
from workspace.models import Resource

ANY = "*"
"""Stands for rules that are only known when the pipeline runs, as those that a table holds."""

_SINGLE = frozenset(("expect", "expect_or_drop", "expect_or_fail"))
_SEVERAL = frozenset(("expect_all", "expect_all_or_drop", "expect_all_or_fail"))


def declared_expectations(resource: Resource, snapshot: BundleSnapshot) -> frozenset[str]:
    """Return the names of the expectations that a pipeline declares, `*` for those without a name in the source."""
    if resource.type != "pipelines":
        return frozenset()
    return frozenset(name for program in programs(resource, snapshot) for name in _declared(program))


def _declared(program: Program) -> Iterator[str]:
    if program.path.lower().endswith(".sql"):
        yield from _in_sql(program)
        return
    try:
        tree = ast.parse(python_source(program.path, program.text))
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            for decorator in node.decorator_list:
                yield from _in_decorator(decorator)


def _in_sql(program: Program) -> Iterator[str]:
    """Find `CONSTRAINT name EXPECT (…)`; the words are those of the pipelines' SQL, which our parser does not know."""
    for tokens, _tree in statements(program.text, program.values):
        for before, name, word in zip(tokens, tokens[1:], tokens[2:], strict=False):
            if before.text.upper() == "CONSTRAINT" and word.text.upper() == "EXPECT":
                yield name.text


def _in_decorator(decorator: ast.expr) -> Iterator[str]:
    if not isinstance(decorator, ast.Call):
        return
    called = decorator.func
    word = called.attr if isinstance(called, ast.Attribute) else called.id if isinstance(called, ast.Name) else ""
    first = decorator.args[0] if decorator.args else None
    if word in _SINGLE:
        yield str(first.value) if isinstance(first, ast.Constant) else ANY
    elif word in _SEVERAL:
        keys = first.keys if isinstance(first, ast.Dict) else [None]
        yield from (str(key.value) if isinstance(key, ast.Constant) else ANY for key in keys)
