"""Step 4a, further: a run that says it did its work must have left the tables that its source writes."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from diagnostics.lineage import table_use
from diagnostics.models import BundleSnapshot
from operations.operation import Operation
from tasks.toolbox import layer_of
from workspace.check_models import Check
from workspace.models import Layer
from workspace.sdk import connect
from workspace.services.table_checks import check_tables
from workspace.services.table_sizes import find_warehouse
from workspace.settings import settings

_MUST_FILL = {Layer.SILVER, Layer.GOLD_MERGE}
"""Layers whose work it is to fill tables: it was not done when all of them are empty."""

_FILLING = {Layer.BRONZE, *_MUST_FILL}
"""Layers of which a person wants to know when a table stays empty. Set-up jobs of other layers write no rows."""

_ELSEWHERE = {"hive_metastore", "spark_catalog"}
"""Catalogs that Unity Catalog's API does not show."""

_WHOLE = re.compile(r"[^\s.*]+\.[^\s.*]+\.[^\s.*]+")
"""A three-part name all of which is known."""


def check_written_tables(work: Operation, key: str, snapshot: BundleSnapshot) -> Check:
    """Check the tables that a resource writes and creates, as far as its source tells their names.

    Raises:
        WorkspaceRequestError: a fault that may pass.
    """
    present = [one for one in snapshot.resolved.resources if one.key == key]
    if not present or not work.limits.verify_tables:
        return Check()
    use = table_use(present[0], snapshot)
    layer = layer_of(work, key)
    others = {*use.schemas, *use.semantic, *use.drops}
    made = _whole(name for name in (*use.creates, *use.writes) if name not in others)
    filled = _whole(name for name in use.writes if name not in others) if layer in _FILLING else frozenset()
    if not made:
        return Check()
    warehouse = functools.partial(warehouse_of, work)
    return check_tables(connect(work.profile), made, filled, warehouse, must_fill=layer in _MUST_FILL)


def warehouse_of(work: Operation) -> str | None:
    """Return the warehouse for checks: the one of the settings, else one that can answer."""
    return settings().warehouse or find_warehouse(connect(work.profile))


def _whole(names: Iterable[str]) -> frozenset[str]:
    return frozenset(
        name for name in names if _WHOLE.fullmatch(name) and name.partition(".")[0].lower() not in _ELSEWHERE
    )
