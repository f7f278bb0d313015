"""The ten faults that are met most: the playbook's own ten to begin with, moved by what really happens."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from knowledge.registry import Registry
from workspace.models import Model

TABLE = Path(__file__).parent / "top.csv"
LENGTH = 10
SEED_WEIGHT = 3
"""A seeded fault counts as if it had been met so often, once more for each place it stands above the last."""


class TopFault(Model):
    """One fault of the list."""

    code: str
    title: str
    first_step: str
    """Kind of the first right step."""
    seen: int
    """How often it was met."""


def top(registry: Registry, seen: Mapping[str, int]) -> tuple[TopFault, ...]:
    """Return at most ten faults, the most frequent first.

    Args:
        registry: the error patterns; codes that it does not hold are left out.
        seen: how often each code was diagnosed.
    """
    seeded = _seed()
    weights = {code: seen.get(code, 0) + seeded.get(code, 0) for code in {*seen, *seeded} if code in registry}
    codes = sorted(weights, key=lambda code: (-weights[code], code))[:LENGTH]
    return tuple(
        TopFault(
            code=code,
            title=registry[code].title,
            first_step=registry[code].fix_kind.value,
            seen=seen.get(code, 0),
        )
        for code in codes
    )


@cache
def _seed() -> Mapping[str, int]:
    with TABLE.open(encoding="utf-8", newline="") as file:
        ranks = {row["code"]: int(row["rank"]) for row in csv.DictReader(file)}
    return {code: SEED_WEIGHT + len(ranks) - rank for code, rank in ranks.items()}
