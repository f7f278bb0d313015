"""What user code can import: what a serverless environment has, what its task installed, and its own modules.

The worker shares its packages with the sandbox and the operator; without the filter a bundle that declares none of them
would run here and fail on Databricks, and its own package `tasks` could be taken for one of this project.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.metadata import DistributionFinder
from pathlib import Path
from types import ModuleType
from typing import Any

from sandbox.spark.environments import base_packages

PROJECT = Path(__file__).parents[2]
_SPARK = ("pyspark", "py4j", "grpc", "grpc_status", "google", "zstandard", "cloudpickle")
_USUAL = ("numpy", "pandas", "pyarrow", "dateutil", "pytz", "tzdata", "six", "requests", "databricks", "packaging")
_THEIR_NEEDS = ("typing_extensions", "urllib3", "idna", "certifi", "charset_normalizer", "pyasn1", "pyasn1_modules")
_AUTHENTICATION = ("cryptography", "cffi", "_cffi_backend", "cachetools", "rsa")
_TOOLS = ("pip", "setuptools", "pkg_resources", "_distutils_hack")
VISIBLE = frozenset(("sandbox", *_SPARK, *_USUAL, *_THEIR_NEEDS, *_AUTHENTICATION, *_TOOLS))
"""Top-level packages of the base environment that user code sees."""


class ImportFilter:
    """A finder that asks the finders it replaces, and does not see what only the base environment has."""

    def __init__(self, finders: Iterable[Any], packages: Path, project: Path = PROJECT) -> None:
        self._finders = tuple(finders)
        self._packages = packages.resolve()
        self._project = project.resolve()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module; None for one that is hidden, so that Python says what it says of any missing module."""
        specs = (finder.find_spec(fullname, path, target) for finder in self._finders)
        spec = next((spec for spec in specs if spec is not None), None)
        return None if spec is not None and self._is_hidden(spec) else spec

    def invalidate_caches(self) -> None:
        """Let modules be found that were installed just now."""
        PathFinder.invalidate_caches()

    def find_distributions(self, context: DistributionFinder.Context) -> Iterable[Any]:
        """Find what `importlib.metadata` asks for."""
        return PathFinder.find_distributions(context)

    def _is_hidden(self, spec: ModuleSpec) -> bool:
        if "." in spec.name or spec.name in VISIBLE:
            return False
        places = [spec.origin] if spec.has_location else list(spec.submodule_search_locations or ())
        return any(self._is_base(Path(place).resolve()) for place in places if place)

    def _is_base(self, place: Path) -> bool:
        # The state folder may lie below the project, so only what stands right in it is the project's own.
        return place.is_relative_to(self._packages) or self._project in (place.parent, place.parent.parent)


def install() -> None:
    """Filter the imports of this process from now on; what is loaded already stays."""
    project = str(PROJECT)
    sys.path[:] = [entry for entry in sys.path if entry not in ("", project)]
    sys.meta_path[:] = [ImportFilter(sys.meta_path, base_packages())]
