"""The tables of a dbt project: its models, and the sources that they name."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping

from diagnostics.table_use import ANY, TableUse, sorted_names
from diagnostics.yaml_data import Data, load

_SOURCE = re.compile(r"\bsource\(\s*['\"]([\w.-]+)['\"]\s*,\s*['\"]([\w.-]+)['\"]\s*\)")


def dbt_tables(folder: str, namespace: tuple[str, str], files: Mapping[str, str]) -> TableUse:
    """Return what a project reads and makes.

    Args:
        folder: folder of the project, relative to the bundle root.
        namespace: catalog and schema of the task; a model may have another schema, which is not looked at.
        files: the bundle's text files.
    """
    own = {path: text for path, text in files.items() if path.startswith(f"{folder}/".removeprefix("./"))}
    declared = dict(_declared(own))
    models, reads = [], []
    for path, text in own.items():
        if path.endswith((".sql", ".py")) and "/models/" in path:
            models.append(".".join((*namespace, posixpath.splitext(posixpath.basename(path))[0])).lower())
            reads += [declared.get(found, f"{ANY}.{'.'.join(found)}").lower() for found in _SOURCE.findall(text)]
    made = sorted_names(models)
    return TableUse(reads=sorted_names(reads), writes=made, creates=made)


def _declared(files: Mapping[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Yield source and table as models name them, and the full name."""
    for path, text in files.items():
        document = load(text) if path.endswith((".yml", ".yaml")) else None
        for source in _items(document, "sources"):
            name = _text(source, "name")
            catalog, schema = (
                _text(source, "database") or _text(source, "catalog") or ANY,
                _text(source, "schema") or name,
            )
            for table in _items(source, "tables"):
                own = _text(table, "name")
                yield (name, own), f"{catalog}.{schema}.{_text(table, 'identifier') or own}"


def _items(data: Data | None, key: str) -> list[Data]:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, list) else []


def _text(data: Data, key: str) -> str:
    found = data.get(key) if isinstance(data, dict) else None
    return found if isinstance(found, str) and "{{" not in found else ""
