"""What the CLI knows: top-level fields and types of resources, as of version 1.14 (facts: its configuration schema)."""

from __future__ import annotations

FIELDS = frozenset(
    (
        "artifacts",
        "bundle",
        "environments",
        "experimental",
        "include",
        "permissions",
        "presets",
        "python",
        "resources",
        "run_as",
        "scripts",
        "sync",
        "targets",
        "variables",
        "workspace",
    )
)
TARGET_FIELDS = ("bundle", "workspace", "artifacts", "resources", "sync", "permissions", "presets")
"""Fields of a target that are merged into the bundle's own."""
RESOURCE_TYPES = frozenset(
    (
        "alerts",
        "apps",
        "catalogs",
        "clusters",
        "dashboards",
        "database_catalogs",
        "database_instances",
        "experiments",
        "external_locations",
        "genie_spaces",
        "instance_pools",
        "job_runs",
        "jobs",
        "model_serving_endpoints",
        "models",
        "pipelines",
        "postgres_branches",
        "postgres_catalogs",
        "postgres_databases",
        "postgres_endpoints",
        "postgres_projects",
        "postgres_roles",
        "postgres_synced_tables",
        "quality_monitors",
        "registered_models",
        "schemas",
        "secret_scopes",
        "secrets",
        "sql_warehouses",
        "synced_database_tables",
        "vector_search_endpoints",
        "vector_search_indexes",
        "volumes",
    )
)
KEYED_LISTS = {
    "jobs": (
        ("tasks", "task_key"),
        ("job_clusters", "job_cluster_key"),
        ("parameters", "name"),
    ),
    "pipelines": (("clusters", "label"),),
    "apps": (("resources", "name"),),
}
"""Lists whose items with the same key are one item: a target's task changes the task of that key."""
PATHS = {
    "jobs": (
        "tasks.*.notebook_task.notebook_path",
        "tasks.*.spark_python_task.python_file",
        "tasks.*.dbt_task.project_directory",
        "tasks.*.sql_task.file.path",
        "tasks.*.for_each_task.task.notebook_task.notebook_path",
        "tasks.*.for_each_task.task.spark_python_task.python_file",
        "tasks.*.for_each_task.task.dbt_task.project_directory",
        "tasks.*.for_each_task.task.sql_task.file.path",
    ),
    "pipelines": (
        "libraries.*.notebook.path",
        "libraries.*.file.path",
        "libraries.*.glob.include",
        "root_path",
    ),
    "dashboards": ("file_path",),
    "genie_spaces": ("file_path",),
    "alerts": ("file_path",),
    "apps": ("source_code_path",),
}
"""Paths that count from the folder of the file in which they are written."""
NAMES = {
    "jobs": "name",
    "pipelines": "name",
    "models": "name",
    "experiments": "name",
    "clusters": "cluster_name",
    "dashboards": "display_name",
    "genie_spaces": "title",
    "alerts": "display_name",
    "sql_warehouses": "name",
    "instance_pools": "instance_pool_name",
}
"""Names that get the prefix of the target as it is written."""
PLAIN_NAMES = {"schemas": "name", "registered_models": "name", "model_serving_endpoints": "name"}
"""Names that get it as an identifier: `[dev pat] ` becomes `dev_pat_`."""
