"""Which resource of a bundle reads and writes which table, as far as its source code tells."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from diagnostics.dbt import dbt_tables
from diagnostics.metric_views import metric_view
from diagnostics.models import BundleSnapshot
from diagnostics.object_tables import object_tables
from diagnostics.python_tables import python_tables
from diagnostics.sources import Program, dbt_projects, programs
from diagnostics.sql_tables import sql_tables
from diagnostics.table_use import ANY, TableUse
from workspace.models import Resource


def table_uses(snapshot: BundleSnapshot) -> Mapping[str, TableUse]:
    """Return what each resource reads, writes and creates, by resource key.

    Names are as complete as the source gives them; `*` stands for a part that is only known when it runs.
    """
    return {resource.key: table_use(resource, snapshot) for resource in snapshot.resolved.resources}


def table_use(resource: Resource, snapshot: BundleSnapshot) -> TableUse:
    """Return what one resource reads, writes and creates; the sources of the others are not parsed."""
    total = object_tables(resource, snapshot)
    for program in programs(resource, snapshot):
        total = total.joined(_program_uses(program))
    for project in dbt_projects(resource, snapshot):
        total = total.joined(dbt_tables(project.folder, project.namespace, snapshot.files))
    return total


def writers_of(table: str, uses: Mapping[str, TableUse]) -> tuple[str, ...]:
    """Return the keys of the resources that write this table or function: those that create it come first.

    Args:
        table: a name with one to three parts; missing parts match anything.
        uses: what `table_uses` returned.
    """
    ranked: list[tuple[bool, bool, str]] = []
    for key, use in uses.items():
        names = [name for name in (*use.creates, *use.writes) if same_table(table, name)]
        if names:
            created = any(same_table(table, name) for name in use.creates)
            exact = any(ANY not in name.rpartition(".")[2] for name in names)
            ranked.append((not created, not exact, key))
    return tuple(key for _, _, key in sorted(ranked))


def same_table(first: str, second: str) -> bool:
    """Compare two names from their last parts; `*` matches anything, and so does a part that is not given."""
    pairs = list(zip(reversed(first.lower().split(".")), reversed(second.lower().split(".")), strict=False))
    if ANY in pairs[0]:
        return False
    return all(fnmatchcase(one, other) or fnmatchcase(other, one) for one, other in pairs)


class Makers:
    """Finds who makes tables by the last part of their names, without comparing everything with everything."""

    def __init__(self, uses: Mapping[str, TableUse]) -> None:
        self._by_name: dict[str, dict[str, set[str]]] = {}
        self._open: set[str] = set()
        self._keys = tuple(uses)
        for key, use in uses.items():
            for name in (*use.creates, *use.writes, *use.writes_volumes, *use.schemas):
                schema, last = _last_parts(name)
                self._by_name.setdefault(last, {}).setdefault(schema, set()).add(key)
                if ANY in last:
                    self._open.add(key)

    def is_clear(self, table: str) -> bool:
        """Tell whether a name means one table only: without its schema it must not stand in several."""
        schema, last = _last_parts(table)
        return schema not in {"", ANY} or len(self._by_name.get(last, {}).keys() - {"", ANY}) <= 1

    def candidates(self, use: TableUse) -> tuple[str, ...]:
        """Return the keys of resources that may make something that this use needs, sorted."""
        schemas = (name.rpartition(".")[0] for name in use.creates)
        lasts = {_last_parts(name)[1] for name in (*use.reads, *use.writes, *use.reads_volumes, *schemas)}
        if any(ANY in last for last in lasts):
            return tuple(sorted(self._keys))
        named = (key for last in lasts for keys in self._by_name.get(last, {}).values() for key in keys)
        return tuple(sorted({*named, *self._open}))


def _last_parts(name: str) -> tuple[str, str]:
    before, _, last = name.lower().rpartition(".")
    return before.rpartition(".")[2], last


def _program_uses(program: Program) -> TableUse:
    use = sql_tables(program.text, program.values) if program.path.endswith(".sql") else python_tables(program)
    for path, text in program.named_files.items():
        use = use.joined(
            sql_tables(text, program.values) if path.endswith(".sql") else metric_view(path, text, program.values)
        )
    return use.completed(program.namespace)
