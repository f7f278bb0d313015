"""Write `knowledge/conditions.csv` anew: every error condition of the installed Spark and Delta, with its SQLSTATE.

Names and SQLSTATEs are read from the files that Spark and Delta ship in their jars. Rows of other origin
(`databricks`: conditions that only Databricks documents) are kept. With `--check` nothing is written and the exit code
is 1 when the file differs.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import sys
import zipfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

TABLE = Path(__file__).resolve().parent.parent / "knowledge" / "conditions.csv"
HEADER = ("condition", "sqlstate", "origin")
LEGACY = "_LEGACY_ERROR"
"""Placeholders of texts that have no condition yet; no user ever sees such a name."""


def conditions() -> dict[str, tuple[str, str]]:
    """Return SQLSTATE and origin by name of condition, from the installed jars."""
    found: dict[str, tuple[str, str]] = {}
    for origin, jar, member in (
        ("spark", _spark_jar(), "error/error-conditions.json"),
        ("delta", _delta_jar(), "error/delta-error-classes.json"),
    ):
        with zipfile.ZipFile(jar) as archive:
            described: dict[str, dict[str, Any]] = json.loads(archive.read(member))
        for name, condition in described.items():
            if condition.get("sqlState") and not name.startswith(LEGACY):
                found.setdefault(name, (condition["sqlState"], origin))
    return found


def _spark_jar() -> Path:
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        raise SystemExit("pyspark is not installed: run `make setup` first.")
    return next((Path(spec.origin).parent / "jars").glob("spark-common-utils_*.jar"))


def _delta_jar() -> Path:
    found = sorted((user_cache_path("bundleops") / "jars").glob("delta-*/delta-spark_*.jar"))
    if not found:
        raise SystemExit("Delta's jars are not there: run `.venv/bin/python -m sandbox fetch` first.")
    return found[-1]


def render(rows: dict[str, tuple[str, str]]) -> str:
    """Return the table as CSV, sorted by name."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    writer.writerows((name, *rows[name]) for name in sorted(rows))
    return text.getvalue()


def kept_rows() -> dict[str, tuple[str, str]]:
    """Return the rows that no jar gives."""
    if not TABLE.exists():
        return {}
    with TABLE.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        return {row["condition"]: (row["sqlstate"], row["origin"]) for row in rows if row["origin"] == "databricks"}


def main() -> int:
    """Write or compare the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only compare")
    options = parser.parse_args()
    text = render(kept_rows() | conditions())
    if options.check:
        return int(TABLE.read_text(encoding="utf-8") != text)
    TABLE.write_text(text, encoding="utf-8")
    print(f"{TABLE.name}: {text.count(chr(10)) - 1} conditions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
