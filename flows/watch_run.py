"""Watch a run or update that no operation started, to its end, and say whether it did its work."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import State, flow
from pydantic import Field

from tasks.publish_watched import publish_watched
from tasks.use_credentials import use_credentials
from tasks.watch_run import find_run, judge_watched, wait_for_end


@flow(name="watch-run", flow_run_name="watch {run_id}{pipeline_id}")
def watch_run(
    run_id: Annotated[str, Field(pattern=r"^\d{0,20}$")] | int = "",
    pipeline_id: Annotated[str, Field(pattern=r"^[\w-]{0,64}$")] = "",
    timeout_minutes: Annotated[float, Field(gt=0, le=10_080)] = 120,
    credentials: str | None = None,
) -> State[Any]:
    """Wait for the end of a job run or of a pipeline's newest update; nothing is changed.

    Args:
        run_id: Id of the job run: the number after /runs/ in the run page's address.
        pipeline_id: Id of a pipeline, instead of a run.
        timeout_minutes: How long to wait at most; the run goes on after that.
        credentials: Name of a DatabricksCredentials block, or profile:NAME; the environment without it.
    """
    use_credentials(credentials)
    outcome = wait_for_end(find_run(str(run_id) or None, pipeline_id or None), timeout_minutes)
    return publish_watched(judge_watched(outcome))
