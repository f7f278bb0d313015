"""A stand-in for the official `databricks` program, for machines where it cannot be installed.

It speaks to any workspace over REST, as the original does, and keeps to the original's texts, streams and exit codes.
Only the `bundle` commands are served, and of the resource types jobs, pipelines, schemas and volumes.
"""
