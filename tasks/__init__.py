"""One module per playbook step; each step is a Prefect task that names its retry and backoff policy."""
