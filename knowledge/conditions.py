"""The error conditions that Spark, Delta and Databricks name in their messages, each with its SQLSTATE.

The table is data (`conditions.csv`); `scripts/update_conditions.py` takes Spark's and Delta's rows from their own jars.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

TABLE = Path(__file__).parent / "conditions.csv"


@cache
def sqlstates() -> Mapping[str, str]:
    """Return the SQLSTATE (five characters) of each condition by its name, without sub-condition."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {row["condition"]: row["sqlstate"] for row in csv.DictReader(file)}
