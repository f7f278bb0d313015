"""The only code that talks to Databricks, and the plain models that it returns."""
