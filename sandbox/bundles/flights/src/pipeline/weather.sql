CREATE OR REFRESH STREAMING TABLE weather (
  CONSTRAINT valid_key EXPECT (origin_code IS NOT NULL AND observed_hour IS NOT NULL) ON VIOLATION DROP ROW,
  CONSTRAINT known_pressure EXPECT (pressure_millibars IS NOT NULL)
)
COMMENT 'One row per airport of origin and hour.'
TBLPROPERTIES ('quality' = 'silver', 'delta.enableChangeDataFeed' = 'true', 'delta.enableRowTracking' = 'true')
AS SELECT
  origin AS origin_code,
  to_timestamp(time_hour) AS observed_hour,
  make_date(year, month, day) AS observed_date,
  temp AS temperature_fahrenheit,
  wind_speed AS wind_speed_mph,
  precip AS precipitation_inches,
  pressure AS pressure_millibars,
  visib AS visibility_miles,
  current_timestamp() AS processed_timestamp
FROM STREAM(${catalog}.${bronze_schema}.weather);

CREATE OR REFRESH MATERIALIZED VIEW daily_weather
COMMENT 'One row per airport of origin and local day.'
TBLPROPERTIES ('quality' = 'silver')
AS SELECT
  origin_code,
  observed_date,
  avg(temperature_fahrenheit) AS average_temperature_fahrenheit,
  max(wind_speed_mph) AS highest_wind_speed_mph,
  sum(precipitation_inches) AS precipitation_inches,
  min(visibility_miles) AS lowest_visibility_miles
FROM weather
GROUP BY origin_code, observed_date;
