"""The fixers, one a module. A module here with a `NAME` and a `plan` function is one; nothing else registers it."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Protocol, cast

from diagnostics.models import BundleSnapshot, Diagnosis, FixPlan
from workspace.models import Evidence


class Fixer(Protocol):
    """What a fixer module offers. `plan` only proposes: it reads nothing but its arguments and changes nothing."""

    NAME: str

    def plan(self, diagnosis: Diagnosis, evidence: Evidence, snapshot: BundleSnapshot) -> FixPlan | None:
        """Return what would remove the fault, or None when this fixer has nothing to propose."""


def names() -> tuple[str, ...]:
    """Return the names of all fixers, sorted."""
    return tuple(sorted(_fixers()))


def find(name: str) -> Fixer:
    """Return the fixer of this name; KeyError when there is none."""
    return _fixers()[name]


@cache
def _fixers() -> Mapping[str, Fixer]:
    found: dict[str, Fixer] = {}
    for module in pkgutil.iter_modules(__path__):
        loaded = importlib.import_module(f"{__name__}.{module.name}")
        if hasattr(loaded, "NAME"):
            fixer = cast("Fixer", loaded)
            found[fixer.NAME] = fixer
    return found
