"""Say why a job run failed that no operation started."""

from __future__ import annotations

from typing import Annotated

from prefect import flow
from pydantic import Field

from diagnostics.models import Diagnosis
from tasks.diagnose_run import diagnose_evidence, read_failed_run
from tasks.publish_diagnosis import publish_diagnosis
from tasks.use_credentials import use_credentials


@flow(name="diagnose-run", flow_run_name="diagnose run {run_id}")
def diagnose_run(
    run_id: Annotated[str, Field(pattern=r"^\d{1,20}$")] | int, credentials: str | None = None
) -> tuple[Diagnosis, ...]:
    """Read a failed job run with its task outputs and diagnose it; nothing is changed.

    Args:
        run_id: Id of the job run: the number after /runs/ in the run page's address.
        credentials: Name of a DatabricksCredentials block, or profile:NAME; the environment without it.
    """
    use_credentials(credentials)
    evidence = read_failed_run(str(run_id))
    diagnoses = diagnose_evidence(evidence)
    publish_diagnosis(evidence, diagnoses)
    return diagnoses
