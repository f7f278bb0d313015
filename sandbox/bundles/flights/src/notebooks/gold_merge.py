# Databricks notebook source
# MAGIC %md
# MAGIC # Gold merge
# MAGIC Merges silver into the star schema. Keys that flights use before their details arrive become inferred members;
# MAGIC the details replace them in the same run or in a later one. A second run changes nothing.

# COMMAND ----------

from job_support import read_parameters, require_table, success

# COMMAND ----------

dbutils.widgets.text("catalog", "")
dbutils.widgets.text("silver_schema", "")
dbutils.widgets.text("gold_schema", "")

catalog, silver_schema, gold_schema = read_parameters(dbutils, "catalog", "silver_schema", "gold_schema")
silver = f"{catalog}.{silver_schema}"
gold = f"{catalog}.{gold_schema}"

# COMMAND ----------

print("[Step 1/6] Check that sources and targets exist")
for table in ("flights", "airlines", "airports", "planes"):
    require_table(spark, f"{silver}.{table}", "silver_pipeline")
for table in ("dim_airline", "dim_airport", "dim_plane", "fact_flight"):
    require_table(spark, f"{gold}.{table}", "gold_setup_job")

# COMMAND ----------

print("[Step 2/6] Merge dim_airline")
spark.sql(f"""
    INSERT INTO {gold}.dim_airline (carrier_code, is_inferred)
    SELECT DISTINCT carrier_code, true FROM {silver}.flights
    WHERE carrier_code NOT IN (SELECT carrier_code FROM {gold}.dim_airline)
""")
spark.sql(f"""
    MERGE INTO {gold}.dim_airline AS target
    USING (
        SELECT carrier_code, airline_name
        FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY carrier_code ORDER BY processed_timestamp DESC) AS recency
            FROM {silver}.airlines
        )
        WHERE recency = 1
    ) AS source
    ON target.carrier_code = source.carrier_code
    WHEN MATCHED THEN UPDATE SET
        airline_name = source.airline_name,
        is_inferred = false
    WHEN NOT MATCHED THEN INSERT (carrier_code, airline_name, is_inferred)
        VALUES (source.carrier_code, source.airline_name, false)
""")

# COMMAND ----------

print("[Step 3/6] Merge dim_airport")
spark.sql(f"""
    INSERT INTO {gold}.dim_airport (airport_code, is_inferred)
    SELECT airport_code, true
    FROM (SELECT origin_code AS airport_code FROM {silver}.flights
          UNION SELECT destination_code FROM {silver}.flights)
    WHERE airport_code NOT IN (SELECT airport_code FROM {gold}.dim_airport)
""")
spark.sql(f"""
    MERGE INTO {gold}.dim_airport AS target
    USING (
        SELECT airport_code, airport_name, latitude, longitude, altitude_feet, time_zone
        FROM (
            SELECT *, ROW_NUMBER() OVER (PARTITION BY airport_code ORDER BY processed_timestamp DESC) AS recency
            FROM {silver}.airports
        )
        WHERE recency = 1
    ) AS source
    ON target.airport_code = source.airport_code
    WHEN MATCHED THEN UPDATE SET
        airport_name = source.airport_name,
        latitude = source.latitude,
        longitude = source.longitude,
        altitude_feet = source.altitude_feet,
        time_zone = source.time_zone,
        is_inferred = false
    WHEN NOT MATCHED THEN INSERT
        (airport_code, airport_name, latitude, longitude, altitude_feet, time_zone, is_inferred)
        VALUES (source.airport_code, source.airport_name, source.latitude, source.longitude, source.altitude_feet,
                source.time_zone, false)
""")

# COMMAND ----------

print("[Step 4/6] Merge dim_plane")
spark.sql(f"""
    INSERT INTO {gold}.dim_plane (tail_number, is_inferred)
    SELECT DISTINCT tail_number, true FROM {silver}.flights
    WHERE tail_number IS NOT NULL AND tail_number NOT IN (SELECT tail_number FROM {gold}.dim_plane)
""")
spark.sql(f"""
    MERGE INTO {gold}.dim_plane AS target
    USING (
        SELECT tail_number, manufacture_year, manufacturer, model, engine_count, engine_type, seat_count, extract_ts
        FROM (
            SELECT *, ROW_NUMBER() OVER (
                PARTITION BY tail_number ORDER BY extract_ts DESC, processed_timestamp DESC
            ) AS recency
            FROM {silver}.planes
        )
        WHERE recency = 1
    ) AS source
    ON target.tail_number = source.tail_number
    WHEN MATCHED THEN UPDATE SET
        manufacture_year = source.manufacture_year,
        manufacturer = source.manufacturer,
        model = source.model,
        engine_count = source.engine_count,
        engine_type = source.engine_type,
        seat_count = source.seat_count,
        registry_extract_ts = source.extract_ts,
        is_inferred = false
    WHEN NOT MATCHED THEN INSERT
        (tail_number, manufacture_year, manufacturer, model, engine_count, engine_type, seat_count,
         registry_extract_ts, is_inferred)
        VALUES (source.tail_number, source.manufacture_year, source.manufacturer, source.model, source.engine_count,
                source.engine_type, source.seat_count, source.extract_ts, false)
""")

# COMMAND ----------

print("[Step 5/6] Merge fact_flight")
spark.sql(f"""
    MERGE INTO {gold}.fact_flight AS target
    USING (
        SELECT *, departure_time IS NULL AS is_cancelled
        FROM {silver}.flights
    ) AS source
    ON target.scheduled_hour = source.scheduled_hour
        AND target.carrier_code = source.carrier_code
        AND target.flight_number = source.flight_number
        AND target.origin_code = source.origin_code
    WHEN MATCHED THEN UPDATE SET
        destination_code = source.destination_code,
        tail_number = source.tail_number,
        flight_date = source.flight_date,
        departure_delay_minutes = source.departure_delay_minutes,
        arrival_delay_minutes = source.arrival_delay_minutes,
        air_time_minutes = source.air_time_minutes,
        distance_miles = source.distance_miles,
        is_cancelled = source.is_cancelled
    WHEN NOT MATCHED THEN INSERT
        (scheduled_hour, carrier_code, flight_number, origin_code, destination_code, tail_number, flight_date,
         departure_delay_minutes, arrival_delay_minutes, air_time_minutes, distance_miles, is_cancelled)
        VALUES (source.scheduled_hour, source.carrier_code, source.flight_number, source.origin_code,
                source.destination_code, source.tail_number, source.flight_date, source.departure_delay_minutes,
                source.arrival_delay_minutes, source.air_time_minutes, source.distance_miles, source.is_cancelled)
""")

# COMMAND ----------

print("[Step 6/6] Check the grain")
grain = {
    "dim_airline": "carrier_code",
    "dim_airport": "airport_code",
    "dim_plane": "tail_number",
    "fact_flight": "scheduled_hour, carrier_code, flight_number, origin_code",
}
row_counts = {}
for table, key in grain.items():
    found = spark.sql(f"SELECT count(*) AS row_count, count(DISTINCT {key}) AS key_count FROM {gold}.{table}").first()
    if found.row_count != found.key_count:
        raise RuntimeError(f"{gold}.{table} has {found.row_count} rows but {found.key_count} keys ({key}).")
    row_counts[table] = found.row_count

silver_count = spark.table(f"{silver}.flights").count()
if row_counts["fact_flight"] != silver_count:
    raise RuntimeError(f"{gold}.fact_flight has {row_counts['fact_flight']} rows, {silver}.flights has {silver_count}.")

# COMMAND ----------

dbutils.notebook.exit(success(row_counts))
