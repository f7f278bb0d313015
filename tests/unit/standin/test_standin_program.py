from __future__ import annotations

import json
from typing import Any

VARIABLE = "bundle: {name: b}\nvariables: {name: {default: d}}\nresources: {jobs: {j: {name: '${var.name}'}}}\n"


def job_name(result: Any) -> str:
    return str(json.loads(result.stdout)["resources"]["jobs"]["j"]["name"])


def test_a_variable_is_taken_from_the_flag_before_the_environment_before_the_default(program: Any) -> None:
    program.write(VARIABLE)
    validate = ("bundle", "validate", "-o", "json")
    assert job_name(program(*validate)) == "d"
    assert job_name(program(*validate, BUNDLE_VAR_name="e")) == "e"
    assert job_name(program(*validate, "--var", "name=f", BUNDLE_VAR_name="e")) == "f"


def test_locations_are_shown_on_request(program: Any) -> None:
    program.write(VARIABLE)
    shown = json.loads(program("bundle", "validate", "-o", "json", "--include-locations").stdout)["__locations"]
    assert shown["files"] == ["databricks.yml"]
    assert shown["locations"]["resources.jobs.j"] == [[0, 3, 23]]


def test_an_unknown_flag_is_an_error_and_an_unknown_command_prints_help(program: Any) -> None:
    assert program("bundle", "validate", "--nope").stderr.startswith("Error: unknown flag: --nope\n")
    helped = program("bundle", "nope")
    assert helped.exit == 0
    assert "Available Commands:" in helped.stdout


def test_missing_credentials_are_named(program: Any) -> None:
    program.write(VARIABLE)
    result = program("bundle", "validate", DATABRICKS_TOKEN="")
    assert result.exit == 1
    assert "cannot configure default credentials" in result.stderr


def test_host_and_token_come_from_the_profile(program: Any) -> None:
    program.write(VARIABLE)
    (program.folder.parent / ".databrickscfg").write_text(f"[p]\nhost = {program.workspace.host}\ntoken = t\n")
    assert program("bundle", "validate", "-p", "p", DATABRICKS_HOST="", DATABRICKS_TOKEN="").exit == 0
    assert "has no q profile configured" in program("bundle", "validate", "-p", "q").stderr


def test_a_refused_token_is_shown_with_its_endpoint(program: Any) -> None:
    program.write(VARIABLE)
    refusal = {"error_code": "UNAUTHENTICATED", "message": "Token expired"}
    program.workspace.refusals["GET /api/2.0/preview/scim/v2/Me"] = (401, refusal)
    result = program("bundle", "plan")
    assert result.exit == 1
    assert result.stderr.startswith("Error: Token expired (401 UNAUTHENTICATED)\n\nEndpoint: GET http")


def test_a_resource_type_without_support_is_refused_by_name(program: Any) -> None:
    program.write("bundle: {name: b}\nresources: {apps: {a: {name: a}}}\n")
    result = program("bundle", "plan")
    assert result.exit == 1
    assert "resources.apps.a: resources of type apps are not supported by the stand-in" in result.stderr


def test_a_failed_run_exits_1_with_the_state_message_and_an_empty_stdout(sample: Any) -> None:
    sample("bundle", "deploy")
    sample.workspace.outcome = {"life_cycle_state": "TERMINATED", "result_state": "FAILED", "state_message": "no"}
    result = sample("bundle", "run", "ingest")
    assert (result.exit, result.stdout) == (1, "")
    assert result.stderr.endswith("Error: run failed: no\n")


def test_an_internal_error_shows_the_failed_task_and_its_trace(sample: Any) -> None:
    sample("bundle", "deploy")
    sample.workspace.outcome = {"life_cycle_state": "INTERNAL_ERROR", "result_state": "FAILED", "state_message": "x"}
    result = sample("bundle", "run", "ingest")
    assert result.exit == 1
    assert "Task load FAILED:\nboom\nTraceback: boom" in result.stderr
    assert result.stderr.endswith("Error: failed to reach TERMINATED or SKIPPED, got INTERNAL_ERROR: x\n")


def test_a_run_that_ended_otherwise_exits_0(sample: Any) -> None:
    sample("bundle", "deploy")
    sample.workspace.outcome = {"life_cycle_state": "TERMINATED", "result_state": "UPSTREAM_FAILED"}
    assert sample("bundle", "run", "ingest").exit == 0


def test_tasks_of_a_target_change_the_tasks_with_the_same_key(program: Any) -> None:
    program.write(
        "bundle: {name: b}\n"
        "resources: {jobs: {j: {name: j, tasks: [{task_key: t, pipeline_task: {pipeline_id: a}}]}}}\n"
        "targets: {x: {resources: {jobs: {j: {tasks: [{task_key: t, max_retries: 2}]}}}}}\n"
    )
    job = json.loads(program("bundle", "validate", "-o", "json").stdout)["resources"]["jobs"]["j"]
    assert job["tasks"] == [{"max_retries": 2, "pipeline_task": {"pipeline_id": "a"}, "task_key": "t"}]


def test_a_pattern_that_cannot_be_read_is_named(program: Any) -> None:
    program.write(VARIABLE)
    program.write("[z-a]\n", ".gitignore")
    result = program("bundle", "deploy")
    assert result.exit == 1
    assert "the pattern '[z-a]'" in result.stderr


def test_a_file_that_nests_too_deep_is_refused_with_its_line(program: Any) -> None:
    program.write("bundle: {name: b}\nvariables: " + "[" * 5000 + "]" * 5000)
    result = program("bundle", "validate")
    assert result.exit == 1
    assert "yaml: line 2: nested more than 100 levels deep" in result.stderr
