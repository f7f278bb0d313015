"""The tables that Python source uses through Spark, read from its syntax tree; nothing is run.

Strings are followed through assignments, f-strings, loops over literals and calls of local functions. Order is not
looked at: a name stands for every text that it gets anywhere in the file, and for `*` where that cannot be told.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from itertools import islice, product

from diagnostics.sources import Program
from diagnostics.sql_tables import ANY, PLACEHOLDER, TableUse, sql_tables

MAX_TEXTS = 64
"""Combinations that one expression may stand for; with more it is unknown."""

_UNKNOWN = frozenset((PLACEHOLDER,))
_SQL_CELL = re.compile(r"^# MAGIC %sql\b(.*(?:\n# MAGIC.*)*)", re.MULTILINE)
_FIELD = re.compile(r"\{[^{}]*\}")

_READS = frozenset(("table", "read", "read_stream"))
_WRITES = frozenset(("insertInto", "writeTo", "forName"))
_CREATES = frozenset(("saveAsTable", "toTable", "tableName", "create_streaming_table", "create_sink"))
_DATASETS = frozenset(("table", "materialized_view", "create_table"))
_PIPELINE_MODULES = frozenset(("dp", "dlt", "pipelines"))


def python_tables(program: Program) -> TableUse:
    """Return what the program uses. Source with a syntax error uses nothing: its own fault comes first."""
    use = TableUse()
    for cell in _SQL_CELL.finditer(program.text):
        use = use.joined(sql_tables(cell[1].replace("# MAGIC", "")))
    try:
        tree = ast.parse(program.text)
        for module in program.modules:
            tree.body += ast.parse(module).body
    except (SyntaxError, ValueError):
        return use
    texts = _Texts(tree, program.values)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            use = use.joined(_call(node, texts))
        elif isinstance(node, ast.FunctionDef):
            use = use.joined(_dataset(node, texts))
    return use


def _call(node: ast.Call, texts: _Texts) -> TableUse:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if name == "sql" and node.args:
        use = TableUse()
        for statement in texts.of(node.args[0]):
            use = use.joined(sql_tables(statement))
        return use
    named = {keyword.arg: keyword.value for keyword in node.keywords}
    if name in ("append_flow", "create_auto_cdc_flow", "apply_changes"):
        return TableUse(writes=_names(named.get("target"), texts), reads=_names(named.get("source"), texts))
    position = 1 if name == "forName" else 0
    argument = node.args[position] if len(node.args) > position else named.get("name")
    if name in _CREATES:
        found = _names(argument, texts)
        return TableUse(writes=found, creates=found)
    if name in _WRITES:
        return TableUse(writes=_names(argument, texts))
    return TableUse(reads=_names(argument, texts)) if name in _READS and node.args else TableUse()


def _dataset(node: ast.FunctionDef, texts: _Texts) -> TableUse:
    """Read `@dp.table(name=…)` and its relatives; without a name the function's name is the dataset's."""
    for decorator in node.decorator_list:
        call = decorator if isinstance(decorator, ast.Call) else None
        function = call.func if call else decorator
        if (
            isinstance(function, ast.Attribute)
            and function.attr in _DATASETS
            and isinstance(function.value, ast.Name)
            and function.value.id in _PIPELINE_MODULES
        ):
            keywords = {keyword.arg: keyword.value for keyword in call.keywords} if call else {}
            found = _names(keywords["name"], texts) if "name" in keywords else (node.name,)
            return TableUse(writes=found, creates=found)
    return TableUse()


def _names(node: ast.expr | None, texts: _Texts) -> tuple[str, ...]:
    if node is None:
        return ()
    names = {text.replace("`", "").replace(PLACEHOLDER, ANY).lower() for text in texts.of(node)}
    return tuple(sorted(name for name in names if name.rpartition(".")[2].strip("*_ ") and " " not in name))


class _Texts:
    """The texts that the expressions of one file can stand for."""

    def __init__(self, tree: ast.Module, values: Mapping[str, str]) -> None:
        self._values = values
        self._items: dict[str, list[ast.expr]] = {}
        self._bound: dict[str, set[str]] = {}
        self._functions = {node.name: node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        # Twice: a name may be used above the place where it is assigned.
        for _ in range(2):
            for node in ast.walk(tree):
                self._learn(node)

    def of(self, node: ast.expr) -> frozenset[str]:
        """Return every text that the expression can stand for; unknown parts are the placeholder."""
        if isinstance(node, ast.Constant):
            return frozenset((str(node.value),))
        if isinstance(node, ast.Name):
            # A name that was never understood but is called like a parameter most likely holds its value.
            return frozenset(self._bound.get(node.id) or {self._values.get(node.id) or PLACEHOLDER})
        if isinstance(node, ast.FormattedValue):
            return self.of(node.value)
        if isinstance(node, ast.JoinedStr):
            return self._combined([self.of(part) for part in node.values])
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
            return self._combined([self.of(node.left), self.of(node.right)])
        return self._called(node) if isinstance(node, ast.Call) else _UNKNOWN

    def _combined(self, parts: list[frozenset[str]]) -> frozenset[str]:
        found = list(islice(product(*parts), MAX_TEXTS + 1))
        if len(found) > MAX_TEXTS:
            found = list(product(*(part if len(part) == 1 else _UNKNOWN for part in parts)))
        return frozenset("".join(texts) for texts in found)

    def _called(self, node: ast.Call) -> frozenset[str]:
        if not isinstance(node.func, ast.Attribute):
            return _UNKNOWN
        if node.func.attr == "format":
            return frozenset(_FIELD.sub(PLACEHOLDER, text) for text in self.of(node.func.value))
        if node.func.attr in ("strip", "lower"):
            return self.of(node.func.value)
        holder = node.func.value
        if node.func.attr == "get" and isinstance(holder, ast.Attribute) and holder.attr in ("widgets", "conf"):
            names = self.of(node.args[0]) if node.args else frozenset[str]()
            return frozenset(self._values.get(name) or PLACEHOLDER for name in names)
        return _UNKNOWN

    def _learn(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self._assign(node.targets[0].id, node.value)
        elif isinstance(node, ast.For | ast.comprehension):
            self._loop(node.target, node.iter)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self._functions:
            self._arguments(node, self._functions[node.func.id])

    def _assign(self, name: str, value: ast.expr) -> None:
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            self._items[name] = value.elts
        elif isinstance(value, ast.Dict):
            self._items[name] = [key for key in value.keys if key is not None]
        else:
            self._bind(name, value)

    def _loop(self, target: ast.expr, source: ast.expr) -> None:
        if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute) and source.func.attr == "items":
            source = source.func.value
        items = self._items.get(source.id, []) if isinstance(source, ast.Name) else getattr(source, "elts", [])
        for item in items:
            for name, value in _pairs(target, item):
                self._assign(name, value)

    def _arguments(self, call: ast.Call, function: ast.FunctionDef) -> None:
        for parameter, value in zip(function.args.args, call.args, strict=False):
            self._assign(parameter.arg, value)
        for keyword in call.keywords:
            if keyword.arg:
                self._assign(keyword.arg, keyword.value)

    def _bind(self, name: str, value: ast.expr) -> None:
        known = self._bound.setdefault(name, set())
        # A name that is built from itself would grow without end.
        if not any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(value)):
            known.update(islice(self.of(value), MAX_TEXTS))


def _pairs(target: ast.expr, item: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """Match loop variables with one item: `for name, ddl in [("a", "…")]`; a lone key goes to the first variable."""
    if isinstance(target, ast.Name):
        yield target.id, item
    elif isinstance(target, ast.Tuple):
        values = item.elts if isinstance(item, ast.Tuple | ast.List) else [item]
        for name, value in zip(target.elts, values, strict=False):
            if isinstance(name, ast.Name):
                yield name.id, value
