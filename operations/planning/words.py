"""Words of names, tags and paths that tell a layer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from itertools import pairwise
from types import MappingProxyType

from workspace.models import Layer

GOLD = "gold"
"""Gold as a word; whether that is setup or merge, other words and the source tell."""
_ORDER = ("bronze", "silver", GOLD, "semantic", "monitoring", "alerting", "genie")

STRONG: Mapping[str, str] = MappingProxyType(
    {
        "bronze": "bronze",
        "silver": "silver",
        "gold": GOLD,
        "semantic": "semantic",
        "metricview": "semantic",
        "metricviews": "semantic",
        "tvf": "semantic",
        "tvfs": "semantic",
        "monitor": "monitoring",
        "monitors": "monitoring",
        "monitoring": "monitoring",
        "alert": "alerting",
        "alerts": "alerting",
        "alerting": "alerting",
        "genie": "genie",
    }
)
"""Words that name a layer."""
STRONG_PAIRS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("metric", "view"): "semantic",
        ("metric", "views"): "semantic",
        ("metrics", "view"): "semantic",
        ("metrics", "views"): "semantic",
        ("table", "function"): "semantic",
        ("table", "functions"): "semantic",
        ("table", "valued"): "semantic",
    }
)
_RAW = (
    "raw", "landing", "ingest", "ingestion", "ingestor", "extract", "autoloader", "sourcing",
)  # fmt: skip
_CLEAN = (
    "clean", "cleaned", "cleansed", "cleansing", "cleanse", "conform", "conformed", "standardize", "standardise",
    "standardized", "dedup", "deduplicate", "enrich", "enriched", "enrichment", "transform", "transformation",
    "transformed", "refine", "refined", "stage", "stg", "validated", "harmonize", "harmonized",
    "normalize", "normalized",
)  # fmt: skip
_SERVED = (
    "mart", "marts", "datamart", "dim", "dims", "dimension", "dimensions", "fact", "facts", "fct", "aggregate",
    "aggregates", "aggregated", "aggregation", "aggregations", "agg", "kpi", "kpis", "report", "reports",
    "reporting", "summary", "summaries", "serving", "presentation", "curated",
)  # fmt: skip
WEAK: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(_RAW, "bronze"),
        **dict.fromkeys(_CLEAN, "silver"),
        **dict.fromkeys(_SERVED, GOLD),
        **dict.fromkeys(("udf", "udfs", "functions"), "semantic"),
        **dict.fromkeys(("profiling", "drift"), "monitoring"),
    }
)
"""Words that are in use for a layer, and for other things too."""
_SETUP = frozenset(
    (
        "setup", "ddl", "create", "creates", "init", "initialize", "bootstrap", "schema", "schemas", "constraint",
        "constraints", "fk", "fks",
    )
)  # fmt: skip
_MERGE = frozenset(
    (
        "merge", "merges", "load", "loads", "refresh", "etl", "populate", "upsert", "update", "aggregate",
        "aggregation", "transform", "build", "incremental",
    )
)  # fmt: skip
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """Split a name into lower-case words: at signs and at changes of case."""
    return [word.lower() for word in _WORD.findall(_CAMEL.sub(" ", text))]


def layer_words(text: str, known: Mapping[str, str] = STRONG, without: Iterable[str] = ()) -> str | None:
    """Return the layer that a text names: of `bronze_to_silver` and `silver_from_bronze` the target, else the last.

    Args:
        text: a name, tag or path.
        known: words and what they tell.
        without: words that tell nothing here, because every name has them.
    """
    words = words_of(text)
    found = [(at, known[word]) for at, word in enumerate(words) if word in known and word not in without]
    if known is STRONG:
        found += [(at, STRONG_PAIRS[pair]) for at, pair in enumerate(pairwise(words)) if pair in STRONG_PAIRS]
    if not found:
        return None
    names = [name for _, name in sorted(found)]
    if len(set(names)) > 1 and "from" in words:
        before = [name for at, name in sorted(found) if at < words.index("from")]
        names = before or names
    if len(set(names)) > 1 and "to" in words:
        after = [name for at, name in sorted(found) if at > words.index("to")]
        return after[0] if after else names[0]
    return max(names, key=_ORDER.index)


def exact_layer(name: str, text: str, *, fills: bool | None) -> Layer:
    """Return the layer that a word of `layer_words` stands for.

    Args:
        name: the word.
        text: everything that tells gold's setup from its merge.
        fills: whether the source fills tables with rows; None when it does not tell.
    """
    if name != GOLD:
        return Layer(name)
    words = set(words_of(text))
    if words & _MERGE:
        return Layer.GOLD_MERGE
    if words & _SETUP or fills is False:
        return Layer.GOLD_SETUP
    return Layer.GOLD_MERGE


def sets_up(text: str) -> bool:
    """Tell whether a name speaks of making tables rather than of filling them."""
    words = set(words_of(text))
    return bool(words & _SETUP) and not words & _MERGE


def highest(names: Iterable[str]) -> str:
    """Return the last of several layers, in the order in which they run."""
    return max(names, key=_ORDER.index)


def rank(layer: Layer) -> int:
    """Return the position of a layer in the order in which layers run."""
    return tuple(Layer).index(layer)
