"""What every notebook of this bundle does in the same way: read its parameters and report how it ended."""

import json
import re


def read_parameters(dbutils, *names):
    """Return the widget values of `names` in order; refuse what cannot be a catalog or schema name."""
    values = [dbutils.widgets.get(name).strip() for name in names]
    for name, value in zip(names, values):
        if not re.fullmatch(r"\w+", value):
            raise ValueError(f"Parameter {name} is {value!r}, expected a name of letters, digits and underscores.")
    return values


def require_table(spark, table, producer):
    """Fail fast, and say which resource has to run first."""
    if not spark.catalog.tableExists(table):
        raise RuntimeError(f"Table {table} does not exist. Run {producer} first")


def success(row_counts):
    """Return the exit value of a run in which every table of `row_counts` was written."""
    return json.dumps(
        {
            "status": "SUCCESS",
            "total_items": len(row_counts),
            "successful": len(row_counts),
            "failed": 0,
            "failed_items": [],
            "errors": {},
            "row_counts": row_counts,
        }
    )
