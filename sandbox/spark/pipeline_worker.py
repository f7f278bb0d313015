"""One pipeline update, in a process of its own: `python -m sandbox.spark.pipeline_worker JOB`.

Events leave as JSON lines on standard output, the last line is `{"state": …, "message": …}`. What the sources print
goes to standard error. When standard input closes, the update's queries are interrupted and the process ends.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from pyspark.errors.exceptions.base import AnalysisException, PySparkException
from pyspark.pipelines.spark_connect_pipeline import create_dataflow_graph, start_run
from pyspark.sql.connect.streaming import readwriter
from pyspark.sql.streaming.listener import StreamingQueryListener

from sandbox.compute import PipelineEvent
from sandbox.spark import client, import_filter, rewrite, traces
from sandbox.spark import pipeline_events as events
from sandbox.spark.errors import UnsupportedError
from sandbox.spark.pipeline_expectations import Expectations
from sandbox.spark.pipeline_sources import Registry, SourceError, Sources, add_import_paths
from sandbox.spark.rewrite import names

METRICS_SECONDS = 5.0


class Listener(StreamingQueryListener):  # type: ignore[misc]  # pyspark is not followed by mypy
    """Collects the metrics that streaming queries send with each micro-batch."""

    def __init__(self, expectations: Expectations) -> None:
        self._expectations = expectations

    def onQueryStarted(self, event: Any) -> None:  # noqa: N802 - Spark's name
        """Nothing to collect yet."""

    def onQueryProgress(self, event: Any) -> None:  # noqa: N802 - Spark's name
        """Take the figures of one micro-batch."""
        self._expectations.observe(event.progress.observedMetrics)

    def onQueryIdle(self, event: Any) -> None:  # noqa: N802 - Spark's name
        """Nothing to collect."""

    def onQueryTerminated(self, event: Any) -> None:  # noqa: N802 - Spark's name
        """Nothing to collect."""


class Update:
    """The update that a job describes."""

    def __init__(self, job: Mapping[str, Any], spark: Any, output: TextIO) -> None:
        self._job = job
        self._spark = spark
        self._output = output
        self._failed: dict[str, str] = {}
        """Flows that failed, with the innermost cause."""
        self._finished: list[str] = []
        self._expectations = Expectations()
        self._versions: dict[str, int] = {}

    def run(self) -> None:
        """Run the update and send its events; what sources or Spark raise becomes the update's failure."""
        try:
            self._run()
        except (SourceError, UnsupportedError, PySparkException) as error:
            self._fail(error)
        else:
            self._emit(events.update_progress(self._job["update_id"], "COMPLETED"))
            self._end("COMPLETED", f"Update {self._job['update_id']} is COMPLETED.")

    def _run(self) -> None:
        namespace = f"{self._job['catalog']}.{self._job['schema']}"
        self._prepare_session(namespace)
        graph_id = create_dataflow_graph(
            self._spark,
            default_catalog=rewrite.SPARK_CATALOG,
            default_database=names.schema_to_spark(self._job["catalog"], self._job["schema"]),
            sql_conf=self._job["configuration"],
        )
        registry = Registry(self._spark, graph_id, namespace, self._expectations)
        sources = Sources(self._spark, graph_id, registry, self._job["configuration"])
        libraries = [(Path(file), path) for file, path in self._job["libraries"]]
        add_import_paths(_local_root(self._job), [file for file, _ in libraries])
        for file, path in libraries:
            sources.load(file, path)
        self._progress("SETTING_UP_TABLES")
        self._versions = {table: self._version(table) for table in set(registry.tables.values())}
        listener = Listener(self._expectations)
        self._spark.streams.addListener(listener)
        try:
            self._follow(graph_id, registry)
        finally:
            self._report_finished(registry)
            self._spark.streams.removeListener(listener)

    def _prepare_session(self, namespace: str) -> None:
        for key, value in self._job["configuration"].items():
            self._spark.conf.set(key, value)
        if not self._job["validate_only"]:
            self._spark.sql(f"CREATE SCHEMA IF NOT EXISTS {namespace}")
        if self._spark.catalog.databaseExists(namespace):
            self._spark.sql(f"USE {namespace}")

    def _follow(self, graph_id: str, registry: Registry) -> None:
        """Start the run and pass its events on until it ends."""
        running = False
        for result in start_run(self._spark, graph_id, dry=self._job["validate_only"], **self._selection(registry)):
            message = result["pipeline_event_result"].event.message if "pipeline_event_result" in result else ""
            event = events.from_message(message, registry.positions)
            if event is None:
                continue
            if not running and event.level == "INFO":
                running = True
                self._progress("RUNNING")
            self._take(event)

    def _take(self, event: PipelineEvent) -> None:
        flow = event.flow_name or ""
        status = event.details["flow_progress"]["status"]
        if status == "COMPLETED":
            self._finished.append(flow)
            return
        if status == "FAILED":
            self._failed[flow] = event.exceptions[-1]["message"]
        self._emit(event)

    def _selection(self, registry: Registry) -> Mapping[str, Any]:
        full = [_spark_name(registry.full_name(name)) for name in self._job["full_refresh_selection"]]
        some = [_spark_name(registry.full_name(name)) for name in self._job["refresh_selection"]]
        return {
            "full_refresh": full,
            "full_refresh_all": self._job["full_refresh"],
            "refresh": [name for name in some if name not in full],
            "storage": self._job["storage"],
        }

    def _report_finished(self, registry: Registry) -> None:
        """Send the held back events of flows that wrote their table, with what they wrote and dropped."""
        for flow in [name for name in self._finished if name not in self._failed]:
            table = registry.tables.get(flow)
            details: dict[str, Any] = {}
            if table:
                written = self._written_rows(table)
                self._await_metrics(flow, written)
                details = {"metrics": {"num_output_rows": written}}
            quality = self._expectations.data_quality(flow, (table or flow).rpartition(".")[2])
            if quality:
                details["data_quality"] = quality
            self._emit(events.flow_progress(flow, "COMPLETED", **details))

    def _await_metrics(self, flow: str, written: int) -> None:
        self._expectations.count_later(flow)
        deadline = time.monotonic() + METRICS_SECONDS
        while self._expectations.awaited(flow, written) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _version(self, table: str) -> int:
        if not self._spark.catalog.tableExists(table):
            return -1
        history = self._spark.sql(f"DESCRIBE HISTORY {table} LIMIT 1").first()
        return int(history.version)

    def _written_rows(self, table: str) -> int:
        before = self._versions[table]
        history = self._spark.sql(f"DESCRIBE HISTORY {table}").collect()
        figures = [row.operationMetrics or {} for row in history if row.version > before]
        return sum(int(one.get("numOutputRows", 0)) for one in figures)

    def _fail(self, error: BaseException) -> None:
        """Send the update's failure; its message is the cause of the first flow that failed, if one did."""
        causes = _source_causes(error) if isinstance(error, SourceError) else _spark_causes(error)
        if not self._failed and not isinstance(error, UnsupportedError):
            traceback.print_exception(error)
        self._emit(events.update_progress(self._job["update_id"], "FAILED", causes))
        self._end("FAILED", next(iter(self._failed.values()), causes[-1]["message"]))

    def _progress(self, state: str) -> None:
        self._emit(events.update_progress(self._job["update_id"], state))

    def _emit(self, event: PipelineEvent) -> None:
        print(json.dumps(dataclasses.asdict(event)), file=self._output, flush=True)

    def _end(self, state: str, message: str) -> None:
        print(json.dumps({"state": state, "message": message}), file=self._output, flush=True)


def main(job: Mapping[str, Any]) -> None:
    """Run a job to its end."""
    output = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    spark = client.connect(job)
    client._wrap_names(readwriter.DataStreamReader, ("table",))  # noqa: SLF001 - streams belong to pipelines alone
    threading.Thread(target=_end_with_parent, args=(spark,), daemon=True).start()
    import_filter.install()
    Update(job, spark, output).run()
    spark.stop()


def _end_with_parent(spark: Any) -> None:
    while os.read(0, 4096):
        pass
    try:
        spark.interruptAll()
        spark.stop()
    finally:
        os._exit(1)


def _source_causes(error: SourceError) -> tuple[Mapping[str, Any], ...]:
    cause = error.cause
    frame = {"declaring_class": "", "method_name": "<module>", "file_name": error.path, "line_number": error.line}
    outer = {"class_name": "com.databricks.pipelines.PipelineSourceException", "message": str(error), "stack": [frame]}
    text = traces.message(cause)
    return (outer, {"class_name": type(cause).__name__, "message": f"{type(cause).__name__}: {text}", "stack": [frame]})


def _spark_causes(error: BaseException) -> tuple[Mapping[str, Any], ...]:
    if isinstance(error, AnalysisException):
        text = events.readable(traces.message(error))
        return ({"class_name": "org.apache.spark.sql.AnalysisException", "message": text, "stack": []},)
    return events.exceptions(traces.short_form(error))


def _spark_name(name: str) -> str:
    return rewrite.name_to_spark(name)


def _local_root(job: Mapping[str, Any]) -> Path | None:
    root = job["root_path"]
    return Path(job["workspace_root"], root.removeprefix("/Workspace").lstrip("/")) if root else None


if __name__ == "__main__":
    main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    os._exit(0)  # Spark's client keeps threads that would hold the process back
