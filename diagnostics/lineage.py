"""Which resource of a bundle reads and writes which table, as far as its source code tells."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase

from diagnostics.models import BundleSnapshot
from diagnostics.python_tables import python_tables
from diagnostics.sources import Program, programs
from diagnostics.sql_tables import ANY, TableUse, sql_tables
from workspace.models import Resource


def table_uses(snapshot: BundleSnapshot) -> Mapping[str, TableUse]:
    """Return what each resource reads, writes and creates, by resource key.

    Names are as complete as the source gives them; `*` stands for a part that is only known when it runs.
    """
    return {resource.key: _uses(resource, snapshot) for resource in snapshot.resolved.resources}


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


def _uses(resource: Resource, snapshot: BundleSnapshot) -> TableUse:
    total = TableUse()
    for program in programs(resource, snapshot):
        total = total.joined(_program_uses(program))
    return total


def _program_uses(program: Program) -> TableUse:
    use = sql_tables(program.text) if program.path.endswith(".sql") else python_tables(program)
    return use.completed(program.namespace)
