"""The texts are what CLI 1.14 and 0.278 print."""

from __future__ import annotations

from pathlib import Path

from workspace.cli_diagnostics import parse_diagnostics
from workspace.models import CliDiagnostic, SourceLocation

ROOT = Path("/copies/sample")

STRICT = """\
Warning: unknown field: python_task
  at resources.jobs.j.tasks[0]
  in databricks.yml:9:11

Error: 1 warning was found. Warnings are not allowed in strict mode
"""
TWO_PLACES = """\
Error: multiple resources or scripts have been defined with the same key: ops
  at resources.jobs.ops
     resources.pipelines.ops
  in databricks.yml:6:7
     databricks.yml:9:7

"""
API = """\
Uploading bundle files to /Workspace/x/files...
Error: cannot create resources.schemas.s: Catalog 'main' does not exist. (404 CATALOG_DOES_NOT_EXIST)

Endpoint: POST http://HOST/api/2.1/unity-catalog/schemas
HTTP Status: 404 Not Found
API error_code: CATALOG_DOES_NOT_EXIST
API message: Catalog 'main' does not exist.

Error: cannot create resources.volumes.v: dependency failed: resources.schemas.s

Files: 3 uploaded, 0 deleted
"""
LOCKED = """\
Error: Failed to acquire deployment lock: deploy lock acquired by alice@example.com at 2026-01-01 00:00:00 +0000 UTC.
Another deployment may be in progress. Use --force-lock to override, but this may
conflict with the other deployment if it is still active
Error: deploy lock acquired by alice@example.com at 2026-01-01 00:00:00 +0000 UTC.
"""


def one(stderr: str) -> CliDiagnostic:
    (diagnostic,) = parse_diagnostics(stderr, ROOT)
    return diagnostic


def test_a_warning_and_the_error_it_becomes_are_two_diagnostics() -> None:
    warning, error = parse_diagnostics(STRICT, ROOT)
    assert (warning.severity, warning.summary) == ("warning", "unknown field: python_task")
    assert warning.config_path == "resources.jobs.j.tasks[0]"
    assert warning.locations == (SourceLocation(path="databricks.yml", line=9, column=11),)
    assert (error.severity, error.locations) == ("error", ())


def test_places_below_each_other_all_belong_to_the_diagnostic() -> None:
    diagnostic = one(TWO_PLACES)
    assert diagnostic.config_path == "resources.jobs.ops"
    assert [str(place) for place in diagnostic.locations] == ["databricks.yml:6:7", "databricks.yml:9:7"]


def test_the_detail_of_an_api_error_gives_status_and_code() -> None:
    refused, follower = parse_diagnostics(API, ROOT)
    assert (refused.http_status, refused.error_code) == (404, "CATALOG_DOES_NOT_EXIST")
    assert "Endpoint: POST" in refused.detail
    assert (follower.http_status, follower.detail) == (None, "")


def test_an_api_error_without_detail_is_read_from_its_summary() -> None:
    diagnostic = one("Error: reading resources.json: opening: Token expired (401 UNAUTHENTICATED)\n")
    assert (diagnostic.http_status, diagnostic.error_code) == (401, "UNAUTHENTICATED")


def test_lines_below_a_summary_are_its_detail() -> None:
    first, second = parse_diagnostics(LOCKED, ROOT)
    assert first.summary.startswith("Failed to acquire deployment lock: deploy lock acquired by alice@example.com")
    assert first.detail.endswith("if it is still active")
    assert second.summary.startswith("deploy lock acquired by")


def test_broken_yaml_is_located_from_its_summary() -> None:
    diagnostic = one(
        "Error: failed to load /copies/sample/databricks.yml: yaml: line 4: did not find expected node\n\n"
    )
    assert diagnostic.locations == (SourceLocation(path="databricks.yml", line=4),)
    assert "/copies/" not in diagnostic.summary


def test_absolute_paths_become_relative_to_the_bundle() -> None:
    text = "Warning: w\n  in /copies/sample/resources/a.yml:2:3\n\nsee /copies/sample/src/a.py\n"
    diagnostic = one(text)
    assert diagnostic.locations == (SourceLocation(path="resources/a.yml", line=2, column=3),)
    assert diagnostic.detail == "see src/a.py"


def test_a_diagnostic_that_is_printed_twice_counts_once() -> None:
    assert len(parse_diagnostics("Error: notebook src/nope.py not found\n\n" * 2, ROOT)) == 1


def test_progress_is_no_diagnostic() -> None:
    text = "Uploading bundle files to /Workspace/x...\nCreated jobs.a\nFiles: 1 uploaded, 0 deleted\n"
    assert parse_diagnostics(text, ROOT) == ()


def test_a_recommendation_keeps_its_kind() -> None:
    assert one("Recommendation: target with 'mode: production' should set it\n").severity == "recommendation"
