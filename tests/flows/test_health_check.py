from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from prefect import State

from flows.diagnose_run import diagnose_run
from flows.health_check import health_check
from tasks.check_health_report import HealthReport, Severity
from tests.flows.bundle_maker import DUPLICATES, MERGE, Bundle, Job, make_bundle, sql
from tests.flows.services import ScriptedWorkspace
from tests.flows.story import operate
from workspace.errors import NotVerifiedError


def checked(bundle: Bundle, **parameters: Any) -> tuple[State[Any], HealthReport]:
    state: Any = health_check(str(bundle.folder), "dev", return_state=True, **parameters)
    end = state.result(raise_on_failure=False)
    return state, cast(HealthReport, end.result if isinstance(end, NotVerifiedError) else end)


def artifact(key: str) -> str:
    body = {"artifacts": {"key": {"any_": [key]}}}
    found = httpx.post(f"{os.environ['PREFECT_API_URL']}/artifacts/latest/filter", json=body, timeout=30).json()
    return str(found[0]["data"])


@pytest.fixture
def nowhere(tmp_path: Path) -> Bundle:
    """A bundle that no test deploys."""
    return make_bundle(tmp_path, "deployed-nowhere", {"load": Job("bronze")})


@pytest.fixture
def sales(tmp_path: Path) -> Bundle:
    return make_bundle(tmp_path, "sales-health", {"merge": Job("gold_merge", sql(MERGE)), "load": Job("bronze")})


@pytest.mark.usefixtures("state")
def test_a_bundle_that_was_never_deployed_is_broken(nowhere: Bundle) -> None:
    end, report = checked(nowhere)
    assert end.is_failed()
    assert [one.what for one in report.findings if one.severity is Severity.BROKEN] == [
        "nothing of the bundle is deployed on this target"
    ]


def test_after_an_operation_that_verified_everything_it_is_healthy(sales: Bundle, state: Path) -> None:
    operate(state, sales)
    end, report = checked(sales)
    assert end.is_completed()
    assert (report.verdict, report.resources) == ("healthy", 2)


def test_a_job_whose_last_run_failed_is_broken_and_named_with_its_run_page(
    sales: Bundle, state: Path, workspace: ScriptedWorkspace
) -> None:
    workspace.fail("load", "ValueError: the delivery is empty")
    operate(state, sales)
    end, report = checked(sales)
    broken = [one for one in report.findings if one.severity is Severity.BROKEN]
    assert end.is_failed()
    assert [one.resource for one in broken] == ["jobs.load"]
    assert broken[0].url.startswith("http")


def test_a_table_of_which_nobody_tells_the_age_counts_by_the_last_success_of_its_writer(
    sales: Bundle, state: Path
) -> None:
    operate(state, sales)
    _, report = checked(sales, stale_after_hours=1)
    assert (report.tables, report.verdict) == (1, "healthy")


@pytest.mark.usefixtures("state")
def test_the_result_is_an_artifact_in_prefect(nowhere: Bundle) -> None:
    _, report = checked(nowhere)
    assert report.summary.startswith("broken: 1 broken")
    assert "nothing of the bundle is deployed" in artifact("health-deployed-nowhere-dev")
    assert '"severity": "broken"' in artifact("health-findings-deployed-nowhere-dev")


def test_a_failed_run_is_diagnosed_by_its_id_alone(sales: Bundle, state: Path, workspace: ScriptedWorkspace) -> None:
    workspace.fail("merge", DUPLICATES)
    operate(state, sales)
    run = str(workspace.runs("merge")[0]["run_id"])
    assert diagnose_run(run)[0].code in artifact(f"diagnosis-run-{run}")
