"""What code on Databricks imports to find its session and dbutils, where only the runtime has it."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from types import ModuleType
from typing import Any

VERSION = "client.4.0"
"""Value of DATABRICKS_RUNTIME_VERSION: a serverless environment."""


def install(spark: Any, names: dict[str, Any]) -> None:
    """Make the modules of the runtime importable: dbruntime, pyspark.dbutils, databricks.connect and what they feed."""
    _add("dbruntime", UserNamespaceInitializer=_initializer(names))
    _add("pyspark.dbutils", DBUtils=lambda *_: names["dbutils"])
    if importlib.util.find_spec("databricks.connect") is None:
        _add("databricks.connect", DatabricksSession=_session_class(spark))


def _initializer(names: dict[str, Any]) -> type:
    class UserNamespaceInitializer:
        """Where databricks.sdk.runtime takes `spark`, `dbutils` and the others from."""

        @classmethod
        def getOrCreate(cls) -> UserNamespaceInitializer:  # noqa: N802 - the runtime's name
            """Return the only one."""
            return cls()

        def get_namespace_globals(self) -> dict[str, Any]:
            """Return the names that a notebook finds defined."""
            return names

    return UserNamespaceInitializer


def _session_class(spark: Any) -> type:
    class Builder:
        """Whatever it is told, there is one session to have."""

        def __getattr__(self, name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return lambda *_, **__: self

        def getOrCreate(self) -> Any:  # noqa: N802 - Spark's name
            """Return the task's session."""
            return spark

    class DatabricksSession:
        """The way to a session that databricks-connect has."""

        builder = Builder()

    return DatabricksSession


def _add(name: str, **members: Any) -> None:
    module = ModuleType(name)
    module.__dict__.update(members)
    sys.modules[name] = module
    package, _, last = name.rpartition(".")
    if package:
        setattr(importlib.import_module(package), last, module)
