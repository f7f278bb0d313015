"""One module for each Databricks service; each turns what the service answers into plain models."""
