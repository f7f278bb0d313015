"""A local workspace that stands in for Databricks: real Spark, Delta and pipelines behind Databricks' REST API.

Nothing here imports the operator and the operator imports nothing here: they meet over HTTP and the command line.
"""
