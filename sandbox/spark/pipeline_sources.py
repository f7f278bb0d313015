"""Loads the Python and SQL sources of a pipeline into Spark's dataflow graph."""

from __future__ import annotations

import dataclasses
import inspect
import linecache
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from pyspark.pipelines.add_pipeline_analysis_context import add_pipeline_analysis_context
from pyspark.pipelines.block_session_mutations import block_session_mutations
from pyspark.pipelines.flow import Flow
from pyspark.pipelines.graph_element_registry import graph_element_registration_context
from pyspark.pipelines.output import Output, StreamingTable, TemporaryView
from pyspark.pipelines.source_code_location import SourceCodeLocation
from pyspark.pipelines.spark_connect_graph_element_registry import SparkConnectGraphElementRegistry

from sandbox.spark import rewrite
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.pipeline_decorators import expectations_of, installed, with_expectations
from sandbox.spark.pipeline_expectations import Expectations
from sandbox.spark.pipeline_sql import Dataset, translate

NOTEBOOK_MARKER = "# Databricks notebook source"


class SourceError(Exception):
    """A source file cannot be loaded; the cause is what it raised."""

    def __init__(self, path: str, line: int | None, cause: BaseException) -> None:
        place = f"{path}, line {line}" if line else path
        super().__init__(f"Failed to load {place}: {type(cause).__name__}: {cause}")
        self.path = path
        self.line = line
        self.cause = cause


class Registry(SparkConnectGraphElementRegistry):  # type: ignore[misc]  # pyspark is not followed by mypy
    """Registers what the sources define, with expectations put into the queries, and keeps where each stands."""

    def __init__(self, spark: Any, graph_id: str, namespace: str, expectations: Expectations) -> None:
        super().__init__(spark, graph_id)
        self._namespace = namespace
        self.expectations = expectations
        self._streaming: set[str] = set()
        self.positions: dict[str, tuple[str, int]] = {}
        self.tables: dict[str, str] = {}
        """Table that each flow writes to, both by their full names as the user knows them."""

    def full_name(self, name: str) -> str:
        """Return a dataset's or flow's name with catalog and schema, as the user knows it."""
        parts = name.replace("`", "").split(".")
        own = ".".join([*self._namespace.split(".")[: max(0, 3 - len(parts))], *parts])
        return rewrite.from_spark(own)

    def add_table(self, name: str, *, streaming: bool) -> None:
        """Keep a table that Spark registers itself, from SQL."""
        self.tables[name] = name
        if streaming:
            self._streaming.add(name)

    def register_output(self, output: Output) -> None:
        """Register a dataset."""
        if not isinstance(output, TemporaryView):
            self.add_table(self.full_name(output.name), streaming=isinstance(output, StreamingTable))
        super().register_output(dataclasses.replace(output, name=rewrite.name_to_spark(output.name)))

    def register_flow(self, flow: Flow) -> None:
        """Register a query, and what it writes to."""
        name, target = self.full_name(flow.name), self.full_name(flow.target)
        place = flow.source_code_location
        code = getattr(inspect.unwrap(flow.func), "__code__", None)
        if code is not None and place.filename.endswith("pipeline_decorators.py"):
            place = SourceCodeLocation(code.co_filename, code.co_firstlineno)
        self.positions[name] = (place.filename, place.line_number or 1)
        if target in self.tables:
            self.tables[name] = target
        query, expectations = flow.func, expectations_of(flow.func)
        if expectations:
            streaming = target in self._streaming
            query = partial(self.expectations.checked, name, flow.func, expectations, streaming=streaming)
        names = {"name": rewrite.name_to_spark(flow.name), "target": rewrite.name_to_spark(flow.target)}
        super().register_flow(dataclasses.replace(flow, func=query, source_code_location=place, **names))


class Sources:
    """Loads source files in turn into one registry."""

    def __init__(self, spark: Any, graph_id: str, registry: Registry, configuration: Mapping[str, str]) -> None:
        self._spark = spark
        self._graph_id = graph_id
        self._registry = registry
        self._configuration = configuration

    def load(self, file: Path, path: str) -> None:
        """Load one source, known to the user as `path`.

        Raises:
            SourceError: it raised; the message names file and line.
        """
        text = file.read_text(encoding="utf-8")
        linecache.cache[path] = (len(text), None, text.splitlines(keepends=True), path)
        try:
            with graph_element_registration_context(self._registry):
                self._load(file, path, text)
        except UnsupportedError:
            raise
        except Exception as error:
            raise SourceError(path, _line_of(error, path), error) from error

    def _load(self, file: Path, path: str, text: str) -> None:
        if file.suffix == ".py":
            with self._analysis(), block_session_mutations(), installed(self._spark):
                names = {"__name__": file.stem, "__file__": path, "spark": self._spark}
                exec(compile(text, path, "exec"), names)  # noqa: S102 - running it is the task
        elif file.suffix == ".sql":
            self._load_sql(path, text)
        else:
            raise UnsupportedError(f"pipeline source {path}: only .py and .sql files")

    def _load_sql(self, path: str, text: str) -> None:
        source = translate(text, self._configuration)
        for dataset in source.datasets:
            name = self._registry.full_name(dataset.name)
            self._registry.positions[name] = (path, dataset.line)
            self._registry.add_table(name, streaming=dataset.streaming)
        self._registry.register_sql(source.text, Path(path))
        for dataset in source.datasets:
            if dataset.expectations:
                self._check(path, dataset)

    def _check(self, path: str, dataset: Dataset) -> None:
        def query() -> Any:
            return self._spark.sql(dataset.query)

        if dataset.streaming:
            checked = with_expectations(query, dataset.expectations)
            place = SourceCodeLocation(path, dataset.line)
            self._registry.register_flow(Flow(dataset.name, dataset.name, {}, place, checked))
        else:
            name = self._registry.full_name(dataset.name)
            self._registry.expectations.count_query(name, query, dataset.expectations)

    @contextmanager
    def _analysis(self) -> Iterator[None]:
        with add_pipeline_analysis_context(spark=self._spark, dataflow_graph_id=self._graph_id, flow_name=None):
            yield


def add_import_paths(root: Path | None, files: list[Path]) -> None:
    """Let sources import modules below the pipeline's root and next to themselves."""
    folders = dict.fromkeys(str(folder) for folder in ([root] if root else []) + [file.parent for file in files])
    sys.path[:0] = folders


def _line_of(error: BaseException, path: str) -> int | None:
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return lines[-1] if lines else None
