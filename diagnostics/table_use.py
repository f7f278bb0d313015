"""The names of tables that a program uses, as far as its source tells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from workspace.models import Model

ANY = "*"
"""Stands for a part of a name that is only known when the program runs."""
PLACEHOLDER = "__any__"
"""What stands for it while sqlglot parses."""


class TableUse(Model):
    """Names that one resource, program or statement uses; each tuple is sorted."""

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    """Tables that get rows or are changed."""
    creates: tuple[str, ...] = ()
    """Objects that exist afterwards because of it."""
    drops: tuple[str, ...] = ()
    """Tables that it removes or gives another name, perhaps after it made them."""
    schemas: tuple[str, ...] = ()
    """Schemas among those that it makes."""
    semantic: tuple[str, ...] = ()
    """Functions and metric views among those that it makes."""
    makes: tuple[str, ...] = ()
    """Layers whose objects it makes through the workspace's API: monitoring, alerting, genie."""
    reads_volumes: tuple[str, ...] = ()
    """Volumes whose files it reads, as catalog.schema.name."""
    writes_volumes: tuple[str, ...] = ()

    def joined(self, other: TableUse) -> TableUse:
        """Return both uses in one."""
        return TableUse(**{field: sorted_names((*getattr(self, field), *getattr(other, field))) for field in _FIELDS})

    def completed(self, namespace: Sequence[str]) -> TableUse:
        """Return the use with catalog and schema put before names that lack them; schemas lack no schema."""
        if not namespace:
            return self
        catalog = namespace[:-1]

        def complete(name: str) -> str:
            front = catalog if name in self.schemas else namespace
            wanted = len(front) + 1
            return ".".join((*front[: max(0, wanted - len(name.split(".")))], name))

        fields = ("reads", "writes", "creates", "drops", "schemas", "semantic")
        done = {field: sorted_names(complete(name) for name in getattr(self, field)) for field in fields}
        return self.model_copy(update=done)

    def without(self, names: Iterable[str]) -> TableUse:
        """Return the use without reading these names: views that live only while the program runs."""
        local = frozenset(names)
        return self.model_copy(update={"reads": tuple(name for name in self.reads if name not in local)})


_FIELDS = tuple(TableUse.model_fields)


def sorted_names(names: Iterable[str]) -> tuple[str, ...]:
    """Return each name once, sorted."""
    return tuple(sorted(set(names)))


def is_pure_wildcard(name: str) -> bool:
    """Tell whether nothing is known of the last part of a name."""
    return name.rpartition(".")[2].strip("*_") == ""
