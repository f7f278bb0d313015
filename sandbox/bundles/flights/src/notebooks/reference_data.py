# Databricks notebook source
# MAGIC %md
# MAGIC # Reference data
# MAGIC Loads `airlines`, `airports` and `planes` as delivered. The registry of planes comes as two extracts that overlap:
# MAGIC the second one delivers some planes again, with a later `extract_ts`. Bronze keeps both.

# COMMAND ----------

import pandas as pd
from bronze_data import append_new_rows, read_delivery
from job_support import read_parameters, success

# COMMAND ----------

dbutils.widgets.text("catalog", "")
dbutils.widgets.text("bronze_schema", "")

catalog, bronze_schema = read_parameters(dbutils, "catalog", "bronze_schema")
bronze = f"{catalog}.{bronze_schema}"
row_counts = {}

# COMMAND ----------

print("[Step 1/3] Load airlines")
spark.sql(f"CREATE SCHEMA IF NOT EXISTS {bronze} COMMENT 'Flights: data as delivered'")
row_counts["airlines"] = append_new_rows(spark, read_delivery("airlines.csv"), f"{bronze}.airlines", ["carrier"])

# COMMAND ----------

print("[Step 2/3] Load airports")
row_counts["airports"] = append_new_rows(spark, read_delivery("airports.csv"), f"{bronze}.airports", ["faa"])

# COMMAND ----------

print("[Step 3/3] Load planes")
registry = read_delivery("planes.csv").sort_values("tailnum")
first_extract = registry.head(2400).assign(extract_ts=pd.Timestamp("2014-01-15 06:00:00"))
second_extract = registry.tail(1322).assign(extract_ts=pd.Timestamp("2014-02-15 06:00:00"))
row_counts["planes"] = append_new_rows(
    spark, pd.concat([first_extract, second_extract]), f"{bronze}.planes", ["tailnum", "extract_ts"]
)

# COMMAND ----------

dbutils.notebook.exit(success(row_counts))
