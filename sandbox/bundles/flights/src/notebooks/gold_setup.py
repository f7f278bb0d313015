# Databricks notebook source
# MAGIC %md
# MAGIC # Gold setup
# MAGIC Creates the star schema: three dimensions, then the fact table that refers to them. Keys are informational.

# COMMAND ----------

from job_support import read_parameters, success

# COMMAND ----------

dbutils.widgets.text("catalog", "")
dbutils.widgets.text("gold_schema", "")

catalog, gold_schema = read_parameters(dbutils, "catalog", "gold_schema")
gold = f"{catalog}.{gold_schema}"

if not spark.catalog.databaseExists(gold):
    raise RuntimeError(f"Schema {gold} does not exist. Run bronze_setup_job first")

# COMMAND ----------

print("[Step 1/4] Create dim_airline")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS {gold}.dim_airline (
        carrier_code STRING NOT NULL COMMENT 'Two-character code of the carrier',
        airline_name STRING COMMENT 'Full name, null while inferred',
        is_inferred BOOLEAN NOT NULL COMMENT 'True while the code is known from flights only',
        CONSTRAINT pk_dim_airline PRIMARY KEY (carrier_code) NOT ENFORCED
    )
    USING DELTA
    CLUSTER BY AUTO
    COMMENT 'Airlines, one row per carrier code'
    TBLPROPERTIES ('layer' = 'gold', 'delta.enableChangeDataFeed' = 'true')
""")

# COMMAND ----------

print("[Step 2/4] Create dim_airport")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS {gold}.dim_airport (
        airport_code STRING NOT NULL COMMENT 'FAA code of the airport',
        airport_name STRING COMMENT 'Usual name, null while inferred',
        latitude DOUBLE COMMENT 'Degrees north',
        longitude DOUBLE COMMENT 'Degrees east',
        altitude_feet INT COMMENT 'Height above sea level in feet',
        time_zone STRING COMMENT 'IANA time zone',
        is_inferred BOOLEAN NOT NULL COMMENT 'True while the code is known from flights only',
        CONSTRAINT pk_dim_airport PRIMARY KEY (airport_code) NOT ENFORCED
    )
    USING DELTA
    CLUSTER BY AUTO
    COMMENT 'Airports, one row per FAA code'
    TBLPROPERTIES ('layer' = 'gold', 'delta.enableChangeDataFeed' = 'true')
""")

# COMMAND ----------

print("[Step 3/4] Create dim_plane")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS {gold}.dim_plane (
        tail_number STRING NOT NULL COMMENT 'Registration of the plane',
        manufacture_year INT COMMENT 'Year of manufacture, null if unknown',
        manufacturer STRING COMMENT 'Maker of the plane',
        model STRING COMMENT 'Model as the maker names it',
        engine_count INT COMMENT 'Number of engines',
        engine_type STRING COMMENT 'Kind of engine',
        seat_count INT COMMENT 'Number of seats',
        registry_extract_ts TIMESTAMP COMMENT 'Extract of the registry that the row was taken from',
        is_inferred BOOLEAN NOT NULL COMMENT 'True while the registration is known from flights only',
        CONSTRAINT pk_dim_plane PRIMARY KEY (tail_number) NOT ENFORCED
    )
    USING DELTA
    CLUSTER BY AUTO
    COMMENT 'Planes, one row per registration, as the newest extract of the registry has them'
    TBLPROPERTIES ('layer' = 'gold', 'delta.enableChangeDataFeed' = 'true')
""")

# COMMAND ----------

print("[Step 4/4] Create fact_flight")
spark.sql(f"""
    CREATE TABLE IF NOT EXISTS {gold}.fact_flight (
        scheduled_hour TIMESTAMP NOT NULL COMMENT 'Scheduled departure, to the hour',
        carrier_code STRING NOT NULL COMMENT 'Carrier, refers to dim_airline',
        flight_number INT NOT NULL COMMENT 'Flight number of the carrier',
        origin_code STRING NOT NULL COMMENT 'Airport of departure, refers to dim_airport',
        destination_code STRING NOT NULL COMMENT 'Airport of arrival, refers to dim_airport',
        tail_number STRING COMMENT 'Plane, refers to dim_plane; null if it was never assigned',
        flight_date DATE COMMENT 'Local date of the scheduled departure',
        departure_delay_minutes INT COMMENT 'Negative if early, null if cancelled',
        arrival_delay_minutes INT COMMENT 'Negative if early, null if cancelled or diverted',
        air_time_minutes INT COMMENT 'Minutes in the air',
        distance_miles INT COMMENT 'Distance between the airports',
        is_cancelled BOOLEAN NOT NULL COMMENT 'True if the flight never departed',
        CONSTRAINT pk_fact_flight PRIMARY KEY (scheduled_hour, carrier_code, flight_number, origin_code) NOT ENFORCED,
        CONSTRAINT fk_fact_flight_airline FOREIGN KEY (carrier_code)
            REFERENCES {gold}.dim_airline (carrier_code) NOT ENFORCED,
        CONSTRAINT fk_fact_flight_origin FOREIGN KEY (origin_code)
            REFERENCES {gold}.dim_airport (airport_code) NOT ENFORCED,
        CONSTRAINT fk_fact_flight_destination FOREIGN KEY (destination_code)
            REFERENCES {gold}.dim_airport (airport_code) NOT ENFORCED,
        CONSTRAINT fk_fact_flight_plane FOREIGN KEY (tail_number)
            REFERENCES {gold}.dim_plane (tail_number) NOT ENFORCED
    )
    USING DELTA
    CLUSTER BY AUTO
    COMMENT 'Departures from New York, one row per scheduled hour, carrier, flight number and origin'
    TBLPROPERTIES ('layer' = 'gold', 'delta.enableChangeDataFeed' = 'true')
""")

# COMMAND ----------

tables = ["dim_airline", "dim_airport", "dim_plane", "fact_flight"]
dbutils.notebook.exit(success({table: spark.table(f"{gold}.{table}").count() for table in tables}))
