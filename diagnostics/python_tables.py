"""The tables that Python source uses through Spark, read from its syntax tree; nothing is run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from diagnostics.python_scopes import Scope, parsed, reachable
from diagnostics.python_texts import TextReader
from diagnostics.sources import Program
from diagnostics.sql_tables import SqlUse, read_sql
from diagnostics.table_use import ANY, PLACEHOLDER, TableUse, is_pure_wildcard, sorted_names
from diagnostics.volumes import volume_of

_SQL_CELL = re.compile(r"^# MAGIC %sql\b(.*(?:\n# MAGIC.*)*)", re.MULTILINE)

_READS = frozenset(("table", "read", "read_stream"))
_WRITES = frozenset(("insertInto", "writeTo", "forName"))
_CREATES = frozenset(("saveAsTable", "toTable", "tableName", "create_streaming_table", "create_sink", "create_table"))
_FLOWS = frozenset(("append_flow", "create_auto_cdc_flow", "apply_changes", "create_auto_cdc_from_snapshot_flow"))
_DATASETS = frozenset(("table", "materialized_view", "create_table", "streaming_table"))
_PIPELINE_MODULES = frozenset(("dp", "dlt", "pipelines", "sdp"))
_ONLY_LOOKS = frozenset(("toDF", "history", "detail"))
_VIEWS = frozenset(("createOrReplaceTempView", "createTempView", "createOrReplaceGlobalTempView"))
_READ_FILES = frozenset(("load", "csv", "json", "parquet", "text", "xml", "avro", "orc", "binaryFile"))
_WRITE_FILES = frozenset(("save", "csv", "json", "parquet", "text", "xml", "avro", "orc", "put", "start"))
_SERVICES = {
    "quality_monitors": "monitoring",
    "lakehouse_monitors": "monitoring",
    "data_quality": "monitoring",
    "alerts": "alerting",
    "alerts_v2": "alerting",
    "genie": "genie",
}
_PATHS = (
    ("/genie/spaces", "genie"),
    ("/2.0/alerts", "alerting"),
    ("/sql/alerts", "alerting"),
    ("/monitor", "monitoring"),
)
_CURRENT = {"setCurrentCatalog": 0, "setCurrentDatabase": 1}


def python_tables(program: Program) -> TableUse:
    """Return what the program uses. Source with a syntax error uses nothing: its own fault comes first."""
    cells = [
        read_sql(cell[1].replace("# MAGIC", ""), program.values)
        for text in (program.text, *program.included)
        for cell in _SQL_CELL.finditer(text)
    ]
    found = [SqlUse(one.use, one.namespace, one.views) for one in cells]
    tree = parsed(program.text)
    if tree is not None:
        # Notebooks that are included run as a whole, as if they stood here.
        tree.body += [node for text in program.included if (other := parsed(text)) for node in other.body]
        modules = [module for text in program.modules if (module := parsed(text))]
        found += _Reader(program, reachable(tree, modules, program.entry)).uses()
    return _together(found)


def _together(found: list[SqlUse]) -> TableUse:
    """Join what the parts use; the one catalog and schema that they set complete all names, temporary views go."""
    total = TableUse()
    for one in found:
        total = total.joined(one.use)
    catalogs = {one.namespace[0] for one in found} - {""}
    schemas = {one.namespace[1] for one in found} - {""}
    total = total.without(view for one in found for view in one.views)
    if len(schemas) == 1 and len(catalogs) <= 1:
        return total.completed((next(iter(catalogs), ANY), next(iter(schemas))))
    return total


class _Reader:
    """Reads the calls of the code that can run."""

    def __init__(self, program: Program, scopes: list[Scope]) -> None:
        self._program = program
        self._scopes = scopes
        self._texts = TextReader(scopes, program.values, program.arguments)
        self._looked_at = {
            id(node.value) for node in self._nodes() if isinstance(node, ast.Attribute) and node.attr in _ONLY_LOOKS
        }

    def uses(self) -> list[SqlUse]:
        """Return what each call and dataset uses."""
        found: list[SqlUse] = []
        for scope in self._scopes:
            for node in scope.nodes:
                if isinstance(node, ast.Call):
                    found += self._call(node, scope.name)
                elif isinstance(node, ast.FunctionDef):
                    found.append(SqlUse(self._dataset(node, scope.name)))
                elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found += self._constant(node.value)
        return found

    def _nodes(self) -> Iterator[ast.AST]:
        for scope in self._scopes:
            yield from scope.nodes

    def _call(self, node: ast.Call, scope: str) -> Iterator[SqlUse]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        first = node.args[0] if node.args else None
        if name in {"sql", "execute", "execute_statement"} or (not name and getattr(node.func, "id", "") == "sql"):
            statement = first or next(
                (one.value for one in node.keywords if one.arg in {"sqlQuery", "statement"}), None
            )
            yield from (read_sql(text, self._program.values) for text in self._texts.of(statement, scope))
        elif name in _VIEWS:
            yield SqlUse(TableUse(), views=self._names(first, scope))
        elif name in _CURRENT:
            for text in self._names(first, scope):
                parts = ("", *text.split("."))[-2:] if _CURRENT[name] else (text, "")
                yield SqlUse(TableUse(), namespace=(parts[0], parts[1]))
        else:
            yield SqlUse(self._tables(node, name, scope).joined(self._files(node, name, scope)))
            yield SqlUse(self._objects(node, name, scope))

    def _tables(self, node: ast.Call, name: str, scope: str) -> TableUse:
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        if name in _FLOWS:
            target = self._names(named.get("target") or (node.args[0] if node.args else None), scope)
            source = named.get("source") or (node.args[1] if len(node.args) > 1 else None)
            return TableUse(writes=target, reads=self._names(source, scope))
        position = 1 if name == "forName" else 0
        wanted = named.get("name") or named.get("tableName") or named.get("tableOrViewName")
        argument = node.args[position] if len(node.args) > position else wanted
        found = self._names(argument, scope)
        if name in _CREATES:
            return TableUse(writes=found, creates=found)
        if name in _WRITES:
            return TableUse(reads=found) if id(node) in self._looked_at else TableUse(writes=found)
        return TableUse(reads=found) if name in _READS and node.args else TableUse()

    def _files(self, node: ast.Call, name: str, scope: str) -> TableUse:
        """Read volumes that are loaded from, saved to, copied or opened."""
        volumes = [
            sorted_names(filter(None, map(volume_of, self._texts.of(argument, scope)))) for argument in node.args[:2]
        ]
        first, second = [*volumes, (), ()][:2]
        writes = {one.attr for one in ast.walk(node.func) if isinstance(one, ast.Attribute)} & {"write", "writeStream"}
        if name in {"cp", "mv", "copy", "copyfile", "move"}:
            return TableUse(reads_volumes=first, writes_volumes=second)
        if getattr(node.func, "id", "") == "open":
            mode = next(iter(self._texts.of(node.args[1], scope)), "r") if len(node.args) > 1 else "r"
            return TableUse(writes_volumes=first) if set(mode) & set("wax") else TableUse(reads_volumes=first)
        if name in _WRITE_FILES and (writes or name not in _READ_FILES):
            return TableUse(writes_volumes=first)
        return TableUse(reads_volumes=first) if name in _READ_FILES else TableUse()

    def _objects(self, node: ast.Call, name: str, scope: str) -> TableUse:
        """Read monitors, alerts and spaces that are made through the SDK."""
        holder = node.func.value if isinstance(node.func, ast.Attribute) else None
        service = _SERVICES.get(holder.attr) if isinstance(holder, ast.Attribute) else None
        if service is None or not name.startswith(("create", "update", "run_refresh")):
            return TableUse()
        named = {keyword.arg: keyword.value for keyword in node.keywords}
        tables = self._names(named.get("table_name"), scope)
        schemas = self._names(named.get("output_schema_name"), scope)
        made = [
            f"{schema}.{table.rpartition('.')[2]}_{kind}_metrics"
            for schema in schemas
            for table in tables
            for kind in ("profile", "drift")
        ]
        return TableUse(reads=tables, writes=sorted_names(made), creates=sorted_names(made), makes=(service,))

    def _constant(self, text: str) -> Iterator[SqlUse]:
        layers = [layer for path, layer in _PATHS if path in text and "/api/" in text]
        if layers:
            yield SqlUse(TableUse(makes=tuple(layers[:1])))

    def _dataset(self, node: ast.FunctionDef, scope: str) -> TableUse:
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
                found = self._names(keywords["name"], scope) if "name" in keywords else (node.name,)
                return TableUse(writes=found, creates=found)
        return TableUse()

    def _names(self, node: ast.expr | None, scope: str) -> tuple[str, ...]:
        return names_among(self._texts.of(node, scope)) if node is not None else ()


def names_among(texts: Iterable[str]) -> tuple[str, ...]:
    """Return those texts that can be names of tables."""
    names = {text.replace("`", "").replace(PLACEHOLDER, ANY).lower().removeprefix("live.") for text in texts}
    return sorted_names(name for name in names if not is_pure_wildcard(name) and not set(" /:\n") & set(name))
