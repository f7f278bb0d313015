"""Beneath the patterns is always a rung: conditions, codes and statuses that the field defines are never unknown."""

from __future__ import annotations

import pytest
from databricks.sdk.service.compute import TerminationReasonCode
from databricks.sdk.service.jobs import TerminationCodeCode

from diagnostics.diagnose import diagnose_text
from knowledge.conditions import sqlstates
from knowledge.registry import UNKNOWN_CODE, Registry
from workspace.models import Surface

CARRIERS = {"PIPELINE_RUN_FAILED", "TASK_WRITE_FAILED"}
"""Conditions that only carry the error of something else."""
NO_FAILURE = {"SUCCESS", "SKIPPED", "CANCELED", "USER_CANCELED", "DISABLED", "UNKNOWN"}


def test_every_condition_of_spark_and_delta_has_a_diagnosis(registry: Registry) -> None:
    unknown = {
        name for name in sqlstates() if diagnose_text(f"[{name}] text", Surface.SQL, registry)[0].code == UNKNOWN_CODE
    }

    assert unknown <= CARRIERS


@pytest.mark.parametrize("code", sorted({one.value for one in TerminationReasonCode} - NO_FAILURE))
def test_every_termination_of_a_cluster_has_a_diagnosis(registry: Registry, code: str) -> None:
    text = f"Cluster terminated. Reason: {code} (CLIENT_ERROR)"

    assert diagnose_text(text, Surface.CLUSTER, registry)[0].code != UNKNOWN_CODE


@pytest.mark.parametrize("code", sorted({one.value for one in TerminationCodeCode} - NO_FAILURE))
def test_every_termination_of_a_run_has_a_diagnosis(registry: Registry, code: str) -> None:
    assert diagnose_text(f"code: {code}", Surface.JOB, registry)[0].code != UNKNOWN_CODE


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 502, 503, 504])
def test_every_http_status_of_a_refusal_has_a_diagnosis(registry: Registry, status: int) -> None:
    words = {
        400: "Bad Request",
        401: "Unauthorized",
        403: "Forbidden",
        429: "Too Many Requests",
        500: "Internal Server Error",
        502: "Bad Gateway",
        503: "Service Unavailable",
        504: "Gateway Timeout",
    }
    text = f"HTTP Status: {status} {words[status]}"

    assert diagnose_text(text, Surface.DEPLOY, registry)[0].code != UNKNOWN_CODE
