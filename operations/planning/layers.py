"""The layer of each resource: by tag, name, files, schemas, and the tables that it reads and writes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.parameters import Parameters
from diagnostics.sources import source_paths
from diagnostics.sql_tables import TableUse
from operations.planning.words import GOLD, STRONG, WEAK, exact_layer, highest, layer_words, words_of
from workspace.models import Layer, ResolvedBundle, Resource

RUN_TYPES = frozenset(("jobs", "pipelines"))
VERIFIED_TYPES = frozenset(("quality_monitors", "alerts", "dashboards", "genie_spaces"))
"""Types that never run and are checked in their layer once they are deployed."""
LAYER_TAGS = ("layer", "medallion_layer", "medallion", "data_layer", "lakehouse_layer", "zone")
TYPE_TAGS = ("job_type", "pipeline_type", "type")
_BY_TYPE = {"quality_monitors": Layer.MONITORING, "alerts": Layer.ALERTING, "genie_spaces": Layer.GENIE}
_NAMES = ("name", "display_name", "title")
_UNKNOWN = "no tag, name or table tells its layer, so it runs last"
_NEXT = {"bronze": "silver", "silver": GOLD, GOLD: GOLD}
"""What is made of the tables of a layer, when nothing else tells."""
_MIN_COMMON = 3
"""A word that this many names all have says nothing about one of them."""


@dataclass(frozen=True)
class Placed:
    """A layer and what tells it."""

    layer: Layer
    why: str
    """`its tag layer=gold places it in layer gold_merge`"""
    tagged: bool = False
    """A person wrote the layer down; everything else is guessed."""


class LayerReader:
    """Tells layers within one bundle.

    Args:
        bundle: the bundle; words that all of its names share, as its own name, tell nothing.
        uses: the tables of each resource.
    """

    def __init__(self, bundle: ResolvedBundle, uses: Mapping[str, TableUse]) -> None:
        self._bundle = bundle
        self._uses = uses
        self._parameters = Parameters(bundle)
        self._silent = {*words_of(bundle.target), *_shared_words(bundle)}
        self._schemas = _schemas_of_variables(bundle.variables)
        self._declared_in = _files_of_one_layer(bundle)

    def placed(self, resource: Resource) -> Placed:
        """Return the layer of a resource that starts no other one."""
        use = self._uses.get(resource.key, TableUse())
        for found in self._evidence(resource, use):
            if found is not None:
                return found
        return Placed(Layer.NONE, _UNKNOWN)

    def _evidence(self, resource: Resource, use: TableUse) -> Iterator[Placed | None]:
        yield self._by_tags(resource, use)
        if resource.type in _BY_TYPE:
            layer = _BY_TYPE[resource.type]
            yield Placed(layer, f"its type {resource.type} says layer {layer.value}")
        yield self._by_names(resource, use, STRONG)
        yield self._by_work(resource, use)
        yield self._by_schema(resource, use)
        yield self._by_tables(resource, use)
        yield self._by_names(resource, use, WEAK)
        yield self._by_inputs(resource, use)

    def _by_tags(self, resource: Resource, use: TableUse) -> Placed | None:
        tags = {key.lower(): str(value) for key, value in resource.tags.items()}
        for key in (*LAYER_TAGS, *TYPE_TAGS):
            value = tags.get(key, "")
            exact = "_".join(words_of(value))
            if key in LAYER_TAGS and exact in tuple(Layer):
                return Placed(Layer(exact), f"its tag {key}={value} says layer {exact}", tagged=True)
            word = layer_words(value) or (layer_words(value, WEAK) if key in LAYER_TAGS else None)
            if word:
                others = " ".join(tags.get(other, "") for other in TYPE_TAGS)
                layer = self._exact(word, f"{value} {others}", resource, use)
                return Placed(layer, f"its tag {key}={value} says layer {layer.value}", tagged=True)
        return None

    def _by_names(self, resource: Resource, use: TableUse, known: Mapping[str, str]) -> Placed | None:
        for what, text in self._names(resource):
            word = layer_words(text, known, self._silent)
            if word:
                layer = self._exact(word, text, resource, use)
                return Placed(layer, f"its {what} says layer {layer.value}")
        return None

    def _names(self, resource: Resource) -> Iterator[tuple[str, str]]:
        key = resource.key.partition(".")[2]
        yield f"key {key}", key
        for field in _NAMES:
            text = resource.config.get(field)
            if isinstance(text, str):
                # A prefix in brackets names a person or a target.
                own = text.rpartition("]")[2].strip()
                yield f"name {own}", own
        paths = source_paths(resource)
        if paths:
            yield f"source {paths[0]}", " ".join(f"/{path}" for path in paths)
        if resource.location and resource.location.path in self._declared_in:
            yield f"file {resource.location.path}", resource.location.path

    def _by_work(self, resource: Resource, use: TableUse) -> Placed | None:
        """Functions, metric views, monitors, alerts and spaces tell the layer of who makes them."""
        if use.makes:
            layer = max((Layer(name) for name in use.makes), key=tuple(Layer).index)
            return Placed(layer, f"its source makes objects of layer {layer.value}")
        fills = set(use.writes) - set(use.semantic)
        if use.semantic and not fills:
            return Placed(Layer.SEMANTIC, f"it makes {use.semantic[0]}, a function or metric view")
        del resource
        return None

    def _by_schema(self, resource: Resource, use: TableUse) -> Placed | None:
        """Read the schema that a pipeline publishes to, or that a schema or volume resource is."""
        for field in ("schema", "target", "schema_name"):
            written = resource.config.get(field)
            text = self._parameters.text(written) if isinstance(written, str) else ""
            word = self._schema_word(text) if text else None
            if word:
                layer = self._exact(word, text, resource, use)
                return Placed(layer, f"its schema {text} is one of layer {layer.value}")
        return None

    def _by_tables(self, resource: Resource, use: TableUse) -> Placed | None:
        made = {name: word for name in (*use.writes, *use.creates) if (word := self._table_word(name))}
        if not made:
            return None
        word = highest(made.values())
        table = next(name for name in sorted(made) if made[name] == word)
        layer = self._exact(word, "", resource, use)
        return Placed(layer, f"it writes {table}, a table of layer {layer.value}")

    def _by_inputs(self, resource: Resource, use: TableUse) -> Placed | None:
        read = {name: word for name in use.reads if (word := self._table_word(name)) in _NEXT}
        if not read or not (use.writes or use.creates):
            return None
        word = highest(read.values())
        table = next(name for name in sorted(read) if read[name] == word)
        layer = self._exact(_NEXT[word], "", resource, use)
        return Placed(layer, f"it makes tables of {table}, which places it in layer {layer.value}")

    def _table_word(self, table: str) -> str | None:
        parts = table.split(".")
        return (self._schema_word(parts[-2]) if len(parts) > 1 else None) or _prefix_word(parts[-1])

    def _schema_word(self, schema: str) -> str | None:
        return (
            layer_words(schema, STRONG, self._silent)
            or self._schemas.get(schema.lower())
            or layer_words(schema, WEAK, self._silent)
        )

    def _exact(self, word: str, text: str, resource: Resource, use: TableUse) -> Layer:
        names = " ".join(words for _, words in self._names(resource))
        return exact_layer(word, f"{text} {names}", fills=_fills(resource, use))


def _fills(resource: Resource, use: TableUse) -> bool | None:
    """Tell whether a resource fills tables: it reads others, or writes what it did not just create."""
    if resource.type == "pipelines":
        return True
    if not (use.writes or use.creates or use.reads):
        return None
    return bool(use.reads or use.reads_volumes or set(use.writes) - set(use.creates))


def _prefix_word(table: str) -> str | None:
    """Tables of a star schema and of layers are often called by it: `dim_customer`, `bronze_orders`."""
    words = words_of(table)
    first = words[0] if words else ""
    return STRONG.get(first) or (WEAK.get(first) if len(words) > 1 else None)


def _shared_words(bundle: ResolvedBundle) -> set[str]:
    """Return the words of the bundle's name, and those that all names of what runs have in common."""
    names = [
        set(words_of(f"{one.key.partition('.')[2]} {one.name}")) for one in bundle.resources if one.type in RUN_TYPES
    ]
    common = set.intersection(*names) if len(names) >= _MIN_COMMON else set()
    return common | set(words_of(bundle.name))


def _schemas_of_variables(variables: Mapping[str, Any]) -> Mapping[str, str]:
    """Return the schemas whose names tell nothing but whose variables do: gold_schema: analytics."""
    words: dict[str, set[str]] = {}
    for name, value in variables.items():
        word = layer_words(name)
        if isinstance(value, str) and word and "schema" in words_of(name):
            words.setdefault(value.lower(), set()).add(word)
    return {value: next(iter(found)) for value, found in words.items() if len(found) == 1}


def _files_of_one_layer(bundle: ResolvedBundle) -> set[str]:
    """Return the configuration files whose paths tell a layer and that the main file is not one of."""
    paths = Counter(one.location.path for one in bundle.resources if one.location)
    return {path for path in paths if "/" in path}


def layers_among(placed: Iterable[Placed]) -> set[str]:
    """Return the layers as words, gold's two being one: what a job that starts others spans."""
    layers = (one.layer.value for one in placed if one.layer is not Layer.NONE)
    return {GOLD if layer.startswith(GOLD) else layer for layer in layers}
