"""Metric views that stand in YAML files of their own and are created by a notebook."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

from diagnostics.metric_sources import sources_of
from diagnostics.sql_tables import source_tables
from diagnostics.table_use import ANY, TableUse
from diagnostics.yaml_data import load


def metric_view(path: str, text: str, values: Mapping[str, str]) -> TableUse:
    """Return what a YAML file means if it is a metric view; it is called like its file, in a schema not known here."""
    data = load(text)
    if not isinstance(data, dict) or "measures" not in data or "source" not in data:
        return TableUse()
    name = (f"{ANY}.{ANY}.{posixpath.splitext(posixpath.basename(path))[0]}".lower(),)
    use = TableUse(writes=name, creates=name, semantic=name)
    for source in sources_of(text):
        use = use.joined(TableUse(reads=source_tables(source, values)))
    return use
