"""Source files as the text that is read: a notebook in JSON becomes what Databricks would export it as."""

from __future__ import annotations

import json
from typing import Any

_FIRST = "# Databricks notebook source\n"
_BETWEEN = "\n\n# COMMAND ----------\n\n"


def python_source(path: str, text: str) -> str:
    """Return a source file's text; of a Jupyter notebook its code cells, other languages behind `# MAGIC`."""
    if not path.endswith(".ipynb"):
        return text
    try:
        document: Any = json.loads(text)
        cells = [cell for cell in document["cells"] if cell.get("cell_type") == "code"]
        sources = ["".join(cell.get("source") or "") for cell in cells]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return ""
    return _FIRST + _BETWEEN.join(_cell(source) for source in sources)


def _cell(source: str) -> str:
    first = source.lstrip().partition("\n")[0]
    if first.startswith("%") and not first.startswith("%python"):
        return "\n".join(f"# MAGIC {line}" for line in source.lstrip().splitlines())
    return source
