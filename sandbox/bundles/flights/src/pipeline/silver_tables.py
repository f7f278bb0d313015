"""Silver tables of flights and reference data: typed, renamed, at source grain."""

from pyspark import pipelines as dp
from pyspark.sql import functions as F

BRONZE = f"{spark.conf.get('catalog')}.{spark.conf.get('bronze_schema')}"

TABLE_PROPERTIES = {
    "quality": "silver",
    "delta.enableChangeDataFeed": "true",
    "delta.enableDeletionVectors": "true",
    "delta.enableRowTracking": "true",
}


@dp.table(
    comment="One row per scheduled departure; cancelled flights have no departure time.",
    table_properties=TABLE_PROPERTIES,
    cluster_by_auto=True,
)
@dp.expect_or_drop("valid_key", "scheduled_hour IS NOT NULL AND carrier_code IS NOT NULL AND flight_number IS NOT NULL")
@dp.expect_or_drop("distinct_airports", "origin_code <> destination_code")
@dp.expect("departed", "departure_time IS NOT NULL")
def flights():
    return spark.readStream.table(f"{BRONZE}.flights").select(
        F.to_timestamp("time_hour").alias("scheduled_hour"),
        F.make_date("year", "month", "day").alias("flight_date"),
        F.col("carrier").alias("carrier_code"),
        F.col("flight").cast("int").alias("flight_number"),
        F.col("tailnum").alias("tail_number"),
        F.col("origin").alias("origin_code"),
        F.col("dest").alias("destination_code"),
        F.col("sched_dep_time").cast("int").alias("scheduled_departure_time"),
        F.col("dep_time").cast("int").alias("departure_time"),
        F.col("dep_delay").cast("int").alias("departure_delay_minutes"),
        F.col("arr_delay").cast("int").alias("arrival_delay_minutes"),
        F.col("air_time").cast("int").alias("air_time_minutes"),
        F.col("distance").cast("int").alias("distance_miles"),
        F.current_timestamp().alias("processed_timestamp"),
    )


@dp.table(comment="Airlines by carrier code.", table_properties=TABLE_PROPERTIES, cluster_by_auto=True)
@dp.expect_or_drop("valid_key", "carrier_code IS NOT NULL")
def airlines():
    return spark.readStream.table(f"{BRONZE}.airlines").select(
        F.col("carrier").alias("carrier_code"),
        F.col("name").alias("airline_name"),
        F.current_timestamp().alias("processed_timestamp"),
    )


@dp.table(comment="Airports by FAA code.", table_properties=TABLE_PROPERTIES, cluster_by_auto=True)
@dp.expect_or_drop("valid_key", "airport_code IS NOT NULL")
@dp.expect("known_time_zone", "time_zone IS NOT NULL")
def airports():
    return spark.readStream.table(f"{BRONZE}.airports").select(
        F.col("faa").alias("airport_code"),
        F.col("name").alias("airport_name"),
        F.col("lat").alias("latitude"),
        F.col("lon").alias("longitude"),
        F.col("alt").cast("int").alias("altitude_feet"),
        F.col("tzone").alias("time_zone"),
        F.current_timestamp().alias("processed_timestamp"),
    )


@dp.table(
    comment="Planes as registered, one row per plane and extract: overlapping extracts deliver a plane twice.",
    table_properties=TABLE_PROPERTIES,
    cluster_by_auto=True,
)
@dp.expect_or_drop("valid_key", "tail_number IS NOT NULL AND extract_ts IS NOT NULL")
@dp.expect("known_year", "manufacture_year IS NOT NULL")
def planes():
    return spark.readStream.table(f"{BRONZE}.planes").select(
        F.col("tailnum").alias("tail_number"),
        F.col("year").cast("int").alias("manufacture_year"),
        F.col("manufacturer"),
        F.col("model"),
        F.col("engines").cast("int").alias("engine_count"),
        F.col("engine").alias("engine_type"),
        F.col("seats").cast("int").alias("seat_count"),
        F.col("extract_ts"),
        F.current_timestamp().alias("processed_timestamp"),
    )
