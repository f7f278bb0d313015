"""Events in Databricks' shape, made from the one-line messages that Spark's pipelines send.

Spark says "COMPLETED" of every streaming flow whose query has stopped, and right after it "FAILED" if it failed: the
worker holds the events of finished flows back until the run has ended.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from sandbox.compute import PipelineEvent
from sandbox.spark.rewrite import from_spark

Cause = Mapping[str, Any]
Level = Literal["INFO", "WARN", "ERROR", "METRICS"]

_UNRESOLVED = re.compile(r"Failed to resolve flow(?P<upstream> due to upstream failure)?: '(?P<flow>[^']+)'")
_FLOW = re.compile(r"Flow '?(?P<flow>[\w.`]+)'? (?:is|has|has been|was) (?P<state>[A-Za-z]+)")
_SPARK_STATES = {"EXCLUDED": "EXCLUDED", "SKIPPED": "SKIPPED", "STOPPED": "STOPPED"}
_STREAM = re.compile(r"terminated with exception: (?P<cause>.*?)(?: SQLSTATE: XXKST)?(?:\n|$)", re.DOTALL)
_PLAN = re.compile(r"(SQLSTATE: \w{5});?(?P<position> line \d+ pos \d+)?;?\n['+~]?[A-Z+].*", re.DOTALL)
_RAISED = re.compile(r"\[USER_RAISED_EXCEPTION\] (?P<text>\[EXPECTATION_VIOLATION.*?SQLSTATE: 22000).*", re.DOTALL)
_ANALYSIS = ("TABLE_OR_VIEW", "UNRESOLVED", "AMBIGUOUS", "DATATYPE", "MISSING", "INVALID", "INCOMPATIBLE", "PARSE")


def create_update(update_id: str) -> PipelineEvent:
    """Return the first event of an update."""
    return PipelineEvent(event_type="create_update", level="INFO", message=f"Update {update_id} started by API_CALL.")


def update_progress(update_id: str, state: str, causes: Sequence[Cause] = ()) -> PipelineEvent:
    """Return the event that an update reached `state`."""
    return PipelineEvent(
        event_type="update_progress",
        level="ERROR" if state == "FAILED" else "INFO",
        message=f"Update {update_id} is {state}.",
        details={"update_progress": {"state": state}},
        exceptions=tuple(causes),
        fatal=state == "FAILED",
    )


def flow_progress(
    flow: str, status: str, message: str = "", *, level: Level = "INFO", causes: Sequence[Cause] = (), **details: Any
) -> PipelineEvent:
    """Return the event that a flow reached `status`; `details` are `metrics` and `data_quality`."""
    return PipelineEvent(
        event_type="flow_progress",
        level=level,
        message=message or f"Flow '{flow}' {'has' if status == 'COMPLETED' else 'is'} {status}.",
        flow_name=flow,
        dataset_name=flow,
        details={"flow_progress": {"status": status, **details}},
        exceptions=tuple(causes),
        fatal=level == "ERROR",
    )


def from_message(message: str, positions: Mapping[str, tuple[str, int]]) -> PipelineEvent | None:
    """Return the event that a message of Spark stands for, None for messages about the whole run."""
    head, _, error = message.partition("\nError: ")
    unresolved = _UNRESOLVED.match(head)
    if unresolved:
        return _unresolved(from_spark(unresolved["flow"]), error, positions, upstream=bool(unresolved["upstream"]))
    found = _FLOW.match(head)
    if not found:
        return None
    flow, state = from_spark(found["flow"].replace("`", "")), found["state"].upper()
    if state == "FAILED":
        return flow_failed(flow, error, positions)
    return flow_progress(flow, _SPARK_STATES.get(state, state))


def flow_failed(flow: str, error: str, positions: Mapping[str, tuple[str, int]]) -> PipelineEvent:
    """Return the event of a flow that failed while it ran."""
    causes = exceptions(error, positions.get(flow))
    text = f"Flow '{flow}' has FAILED fatally. An error occurred because of: {causes[-1]['message']}"
    return flow_progress(flow, "FAILED", text + _where(flow, positions), level="ERROR", causes=causes)


def exceptions(error: str, position: tuple[str, int] | None = None) -> tuple[Cause, ...]:
    """Return the chain of exceptions that Spark's text tells of, the innermost last."""
    text = readable(error)
    inner = _STREAM.search(text) if text.startswith("[STREAM_FAILED]") else None
    stack = [_frame(*position)] if position else []
    if inner is None:
        return ({"class_name": _class_of(text), "message": text, "stack": stack},)
    outer = {
        "class_name": "org.apache.spark.sql.streaming.StreamingQueryException",
        "message": text.splitlines()[0],
        "stack": [],
    }
    return (outer, {"class_name": _class_of(inner["cause"]), "message": inner["cause"], "stack": stack})


def readable(error: str) -> str:
    """Return Spark's error text without the query plan, in Databricks' names and words."""
    text = from_spark(_PLAN.sub(r"\1\g<position>", error.strip()))
    raised = _RAISED.search(text)
    return raised["text"].replace("\\'", "'") if raised else text


def _unresolved(flow: str, error: str, positions: Mapping[str, tuple[str, int]], *, upstream: bool) -> PipelineEvent:
    if upstream:
        text = f"Flow '{flow}' is SKIPPED: {readable(error)}"
        return flow_progress(flow, "SKIPPED", text, level="WARN")
    causes = exceptions(error, positions.get(flow))
    text = f"Failed to resolve flow: '{flow}'. {causes[-1]['message']}{_where(flow, positions)}"
    return flow_progress(flow, "FAILED", text, level="ERROR", causes=causes)


def _where(flow: str, positions: Mapping[str, tuple[str, int]]) -> str:
    found = positions.get(flow)
    return f"\nFlow '{flow}' is defined in {found[0]}, line {found[1]}." if found else ""


def _frame(file: str, line: int) -> Mapping[str, Any]:
    return {"declaring_class": "", "method_name": "", "file_name": file, "line_number": line}


def _class_of(text: str) -> str:
    condition = text.removeprefix("[")
    if condition.startswith("PARSE"):
        return "org.apache.spark.sql.catalyst.parser.ParseException"
    if condition.startswith(_ANALYSIS):
        return "org.apache.spark.sql.AnalysisException"
    return "org.apache.spark.SparkException"
