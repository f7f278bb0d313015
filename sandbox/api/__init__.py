"""The REST API, one module per service."""
