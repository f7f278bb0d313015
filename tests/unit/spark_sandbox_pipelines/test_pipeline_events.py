from __future__ import annotations

import pytest

from sandbox.spark import pipeline_events as events

UNRESOLVED = (
    "Failed to resolve flow: 'spark_catalog.s.a'.\nError: [TABLE_OR_VIEW_NOT_FOUND] The table or view "
    "`spark_catalog`.`b`.`raw` cannot be found. SQLSTATE: 42P01;\nNamedStreamingRelation('UnresolvedRelation [x], [])"
)
STREAM_FAILED = (
    "Flow 'spark_catalog.s.a' has FAILED more than 0 times and will not be restarted.\nError: [STREAM_FAILED] Query "
    "[id = 1, runId = 2] terminated with exception: [DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012 "
    "SQLSTATE: XXKST\n=== Streaming Query ===\nIdentifier: spark_catalog.s.a"
)


@pytest.mark.parametrize(
    ("message", "status"),
    [
        ("Flow spark_catalog.s.a is QUEUED.", "QUEUED"),
        ("Flow spark_catalog.s.a has COMPLETED.", "COMPLETED"),
        ("Flow 'spark_catalog.s.a' is EXCLUDED.", "EXCLUDED"),
    ],
)
def test_a_state_of_a_flow_becomes_flow_progress(message: str, status: str) -> None:
    event = events.from_message(message, {})

    assert event is not None
    assert event.flow_name == "main.s.a"
    assert event.details == {"flow_progress": {"status": status}}


def test_a_message_about_the_run_is_no_event() -> None:
    assert events.from_message("Run is COMPLETED.", {}) is None


def test_an_unresolved_flow_tells_its_cause_and_place_without_the_plan() -> None:
    event = events.from_message(UNRESOLVED, {"main.s.a": ("/Workspace/src/a.py", 7)})

    assert event is not None
    assert event.exceptions[0]["class_name"] == "org.apache.spark.sql.AnalysisException"
    assert event.exceptions[0]["message"].endswith("`main`.`b`.`raw` cannot be found. SQLSTATE: 42P01")
    assert event.message.endswith("Flow 'main.s.a' is defined in /Workspace/src/a.py, line 7.")


def test_a_flow_behind_an_unresolved_one_is_skipped_with_a_warning() -> None:
    event = events.from_message(
        "Failed to resolve flow due to upstream failure: 'spark_catalog.s.b'.\nError: Failed to read dataset "
        "'spark_catalog.s.a'. Dataset is defined in the pipeline but could not be resolved.",
        {},
    )

    assert event is not None
    assert (event.level, event.details["flow_progress"]["status"]) == ("WARN", "SKIPPED")
    assert "Failed to read dataset 'main.s.a'" in event.message


def test_the_innermost_cause_of_a_failed_stream_comes_last() -> None:
    event = events.from_message(STREAM_FAILED, {})

    assert event is not None
    assert [one["class_name"].rpartition(".")[2] for one in event.exceptions] == [
        "StreamingQueryException",
        "SparkException",
    ]
    assert event.exceptions[-1]["message"] == "[DIVIDE_BY_ZERO] Division by zero. SQLSTATE: 22012"
    assert event.message.startswith("Flow 'main.s.a' has FAILED fatally.")


def test_a_failed_update_is_a_fatal_error() -> None:
    event = events.update_progress("u1", "FAILED", ({"class_name": "E", "message": "m", "stack": []},))

    assert (event.level, event.fatal, event.message) == ("ERROR", True, "Update u1 is FAILED.")
