"""The sources of a metric view, read from its YAML."""

from __future__ import annotations

from collections.abc import Iterator

from diagnostics.yaml_data import Data, load


def sources_of(text: str) -> tuple[str, ...]:
    """Return the tables or queries that a metric view is made of; nothing for other YAML."""
    return tuple(_sources(load(text)))


def _sources(data: Data | None) -> Iterator[str]:
    if isinstance(data, dict):
        source = data.get("source")
        if isinstance(source, str):
            yield source
        joins = data.get("joins")
        for join in joins if isinstance(joins, list) else ():
            yield from _sources(join)
