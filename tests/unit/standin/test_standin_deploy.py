from __future__ import annotations

import json
from typing import Any

import pytest

FOLDER = "/Workspace/Users/tester@databricks.com/.bundle/sample/{target}"
CATALOG = """
bundle: {name: sample}
resources:
  schemas:
    s: {name: s, catalog_name: main}
  volumes:
    v: {name: v, catalog_name: main, schema_name: "${resources.schemas.s.name}"}
  jobs:
    j: {name: j, tasks: [{task_key: t, pipeline_task: {pipeline_id: abc}}]}
"""


def test_a_job_that_refers_to_another_gets_its_id_as_a_number(sample: Any) -> None:
    assert sample("bundle", "deploy").exit == 0
    jobs = {body["name"]: body for body in sample.workspace.objects.values()}
    job_id = jobs["[dev tester] nightly"]["tasks"][0]["run_job_task"]["job_id"]
    assert sample.workspace.objects[str(job_id)]["name"] == "[dev tester] ingest"


def test_a_foreign_lock_refuses_the_deploy_and_names_its_holder(sample: Any) -> None:
    state = FOLDER.format(target="staging") + "/state"
    lock = {"ID": "x", "AcquisitionTime": "2026-01-01T00:00:00Z", "IsForced": False, "User": "alice@example.com"}
    sample.workspace.folders.add(state)
    sample.workspace.files[f"{state}/deploy.lock"] = json.dumps(lock).encode()
    result = sample("bundle", "deploy", "-t", "staging")
    held = "deploy lock acquired by alice@example.com at 2026-01-01 00:00:00 +0000 UTC.\n"
    assert result.exit == 1
    assert result.stderr.startswith(f"Error: Failed to acquire deployment lock: {held}")
    assert f"Error: {held}" in result.stderr
    assert not sample.workspace.objects


def test_force_lock_takes_the_lock_over_and_leaves_none(sample: Any) -> None:
    state = FOLDER.format(target="staging") + "/state"
    sample.workspace.folders.add(state)
    sample.workspace.files[f"{state}/deploy.lock"] = b'{"ID": "x", "User": "alice@example.com"}'
    assert sample("bundle", "deploy", "-t", "staging", "--force-lock").exit == 0
    assert f"{state}/deploy.lock" not in sample.workspace.files


def test_what_depends_on_a_failed_resource_fails_and_the_rest_is_made_and_kept(program: Any) -> None:
    program.write(CATALOG)
    refusal = {"error_code": "CATALOG_DOES_NOT_EXIST", "message": "Catalog 'main' does not exist."}
    program.workspace.refusals["POST /api/2.1/unity-catalog/schemas"] = (404, refusal)
    result = program("bundle", "deploy")
    assert result.exit == 1
    cause = "Catalog 'main' does not exist. (404 CATALOG_DOES_NOT_EXIST)\n\nEndpoint: POST"
    assert f"Error: cannot create resources.schemas.s: {cause}" in result.stderr
    assert "Error: cannot create resources.volumes.v: dependency failed: resources.schemas.s\n" in result.stderr
    assert "Resources:" not in result.stderr
    program.workspace.refusals.clear()
    assert "Resources: 2 created, 0 changed, 0 deleted, 1 unchanged" in program("bundle", "deploy").stderr


def test_a_volume_in_another_schema_is_recreated_only_when_approved(program: Any) -> None:
    program.write(CATALOG)
    program("bundle", "deploy")
    program.write(CATALOG.replace('"${resources.schemas.s.name}"', "other"))
    assert "recreate volumes.v" in program("bundle", "plan").stdout
    assert program("bundle", "deploy").exit == 1
    assert "Recreated volumes.v" in program("bundle", "deploy", "--auto-approve").stderr
    assert "main.other.v" in program.workspace.objects


def test_a_change_in_the_workspace_is_planned_as_an_update(sample: Any) -> None:
    sample("bundle", "deploy")
    job = next(body for body in sample.workspace.objects.values() if body["name"].endswith("ingest"))
    job["max_concurrent_runs"] = 9
    plan = json.loads(sample("bundle", "plan", "-o", "json").stdout)["plan"]["resources.jobs.ingest"]
    assert plan["action"] == "update"
    assert plan["changes"]["max_concurrent_runs"]["remote"] == 9


def test_a_saved_plan_is_deployed_once_and_refused_when_it_is_stale(sample: Any) -> None:
    sample("bundle", "deploy")
    jobs = sample.folder / "resources" / "jobs.yml"
    jobs.write_text(jobs.read_text().replace("timezone_id: UTC", "timezone_id: Europe/Berlin"))
    sample.write(sample("bundle", "plan", "-o", "json").stdout, "plan.json")
    assert "Resources: 0 created, 1 changed" in sample("bundle", "deploy", "--plan", "plan.json").stderr
    stale = sample("bundle", "deploy", "--plan", "plan.json")
    assert stale.exit == 1
    assert "run 'bundle plan' again" in stale.stderr


def test_a_killed_deploy_continues_from_its_log_without_doubling_a_job(sample: Any) -> None:
    sample("bundle", "deploy")
    local = sample.folder / ".databricks" / "bundle" / "dev"
    state = json.loads((local / "resources.json").read_text())
    lines = [{"lineage": state["lineage"], "serial": 1}, *({"k": k, "v": v} for k, v in state["state"].items())]
    (local / "resources.json.wal").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (local / "resources.json").unlink()
    del sample.workspace.files[FOLDER.format(target="dev") + "/state/resources.json"]
    assert "Resources: 0 created, 0 changed, 0 deleted, 3 unchanged" in sample("bundle", "deploy").stderr
    assert not (local / "resources.json.wal").exists()


def leave_log(sample: Any, serial: int, tail: str) -> None:
    """Deploy, then leave the log of a killed deploy behind."""
    sample("bundle", "deploy")
    local = sample.folder / ".databricks" / "bundle" / "dev"
    state = json.loads((local / "resources.json").read_text())
    head = json.dumps({"lineage": state["lineage"], "serial": serial}) + "\n"
    (local / "resources.json.wal").write_text(head + tail if tail else "")


@pytest.mark.parametrize("tail", ["", '{"k": "resources.jobs.ingest", "v": {"__id__": "1", "state": {}', '{"k": {}'])
def test_what_a_killed_deploy_did_not_finish_to_log_is_left_out(sample: Any, tail: str) -> None:
    leave_log(sample, 2, tail)
    again = sample("bundle", "deploy")
    assert (again.exit, "0 created, 0 changed, 0 deleted, 3 unchanged" in again.stderr) == (0, True)


def test_the_log_goes_on_after_a_line_that_was_cut_off(sample: Any) -> None:
    leave_log(sample, 2, '{"k": "resources.jobs.ing')
    jobs = sample.folder / "resources" / "jobs.yml"
    jobs.write_text(jobs.read_text().replace("timezone_id: UTC", "timezone_id: Europe/Berlin"))
    assert sample("bundle", "deploy").exit == 0
    assert "3 unchanged" in sample("bundle", "deploy").stderr


def test_a_log_that_the_state_is_ahead_of_is_not_applied(sample: Any) -> None:
    leave_log(sample, 1, '{"k": "resources.jobs.ingest", "v": null}\n')
    assert "0 created, 0 changed, 0 deleted, 3 unchanged" in sample("bundle", "deploy").stderr
    assert len(sample.workspace.objects) == 3


@pytest.mark.parametrize("name", ["cache/x.bin", "src/secret.txt", ".databricks/x", ".git/config"])
def test_ignored_and_excluded_files_are_not_uploaded(program: Any, name: str) -> None:
    program.write("cache/\n", ".gitignore")
    program.write("sync: {exclude: ['src/*.txt']}\nbundle: {name: sample}\n")
    program.write("data", name)
    program.write("data", "src/kept.py")
    assert program("bundle", "deploy").exit == 0
    uploaded = {path.partition("/files/")[2] for path in program.workspace.files}
    assert "src/kept.py" in uploaded
    assert name not in uploaded
