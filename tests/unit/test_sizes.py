"""Sizes that keep the code readable: the outer numbers of the design."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = (
    "bundleops",
    "deployments",
    "diagnostics",
    "drills",
    "flows",
    "knowledge",
    "operations",
    "sandbox",
    "scripts",
    "tasks",
    "workspace",
)
MODULE_LINES, FUNCTION_LINES, FLOW_LINES, PAGE_LINES = 300, 40, 30, 150


def modules() -> list[Path]:
    found = [path for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [path for path in found if "bundles" not in path.relative_to(ROOT).parts]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", _lines(node)


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or node.lineno) - body[0].lineno + 1 if body else 0


def test_no_module_is_longer_than_300_lines() -> None:
    assert [path for path in modules() if len(path.read_text(encoding="utf-8").splitlines()) > MODULE_LINES] == []


def test_no_function_is_longer_than_40_lines() -> None:
    assert [name for path in modules() for name, lines in functions(path) if lines > FUNCTION_LINES] == []


@pytest.mark.parametrize("path", sorted((ROOT / "flows").glob("*.py")), ids=lambda path: path.name)
def test_no_flow_body_is_longer_than_30_lines(path: Path) -> None:
    assert [name for name, lines in functions(path) if lines > FLOW_LINES] == []


def test_no_pattern_page_is_longer_than_150_lines() -> None:
    pages = (ROOT / "knowledge" / "patterns").rglob("*.md")
    assert [page for page in pages if len(page.read_text(encoding="utf-8").splitlines()) > PAGE_LINES] == []
