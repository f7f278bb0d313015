# Databricks notebook source
# MAGIC %md
# MAGIC # Bronze setup
# MAGIC Creates the three schemas and loads the facts as delivered: `flights` and `weather`.
# MAGIC A second run adds only rows that are new.

# COMMAND ----------

from bronze_data import append_new_rows, read_delivery
from job_support import read_parameters, success

# COMMAND ----------

dbutils.widgets.text("catalog", "")
dbutils.widgets.text("bronze_schema", "")
dbutils.widgets.text("silver_schema", "")
dbutils.widgets.text("gold_schema", "")

catalog, bronze_schema, silver_schema, gold_schema = read_parameters(
    dbutils, "catalog", "bronze_schema", "silver_schema", "gold_schema"
)
bronze = f"{catalog}.{bronze_schema}"

# COMMAND ----------

print("[Step 1/3] Create the schemas")
spark.sql(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{bronze_schema} COMMENT 'Flights: data as delivered'")
spark.sql(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{silver_schema} COMMENT 'Flights: cleaned, at source grain'")
spark.sql(f"CREATE SCHEMA IF NOT EXISTS {catalog}.{gold_schema} COMMENT 'Flights: star schema'")

# COMMAND ----------

row_counts = {}

print("[Step 2/3] Load flights")
row_counts["flights"] = append_new_rows(
    spark, read_delivery("flights.csv.zip"), f"{bronze}.flights", ["time_hour", "carrier", "flight", "origin"]
)

# COMMAND ----------

print("[Step 3/3] Load weather")
# Local hours repeat when the clocks change, `time_hour` does not.
row_counts["weather"] = append_new_rows(
    spark, read_delivery("weather.csv"), f"{bronze}.weather", ["origin", "time_hour"]
)

# COMMAND ----------

dbutils.notebook.exit(success(row_counts))
