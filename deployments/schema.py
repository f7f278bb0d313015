"""Everything that our `prefect.yaml` may hold. Prefect ignores a key that it does not know; this does not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, JsonValue, ValidationError, model_validator

from deployments.bundle_list import problems, read_yaml
from workspace.errors import UsageError
from workspace.model import Model


class ScheduleItem(Model):
    """One schedule of a deployment."""

    cron: str
    timezone: str
    slug: str


class ConcurrencyLimit(Model):
    """How many runs of one deployment may be active, and what becomes of the next one."""

    limit: Annotated[int, Field(ge=1)]
    collision_strategy: Literal["ENQUEUE", "CANCEL_NEW"]
    grace_period_seconds: Annotated[int, Field(ge=60, le=86_400)] | None = None


class WorkPoolOfDeployment(Model):
    """Where the runs of a deployment go."""

    name: str
    work_queue_name: str
    job_variables: dict[str, JsonValue] = Field(default_factory=dict)


class Deployment(Model):
    """One deployment."""

    name: str
    description: str
    tags: tuple[str, ...]
    entrypoint: Annotated[str, Field(pattern=r"^flows/\w+\.py:\w+$")]
    parameters: dict[str, JsonValue]
    enforce_parameter_schema: Literal[True]
    schedules: tuple[ScheduleItem, ...]
    paused: bool = False
    """Prefect wakes a deployment that says nothing, even one that a person paused in the UI."""
    concurrency_limit: ConcurrencyLimit | None = None
    work_pool: WorkPoolOfDeployment

    @property
    def full_name(self) -> str:
        """Name as `prefect deployment run` takes it: the flow's name is the function's, with dashes."""
        return f"{self.entrypoint.rpartition(':')[2].replace('_', '-')}/{self.name}"


class PrefectFile(Model):
    """The whole file."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    name: str
    deployments: tuple[Deployment, ...]

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        names = [one.full_name for one in self.deployments]
        if len(set(names)) < len(names):
            raise ValueError("two deployments have the same name")
        return self


def read_prefect_file(file: Path) -> PrefectFile:
    """Return what a `prefect.yaml` says.

    Raises:
        UsageError: it cannot be read or holds a key that Prefect would ignore; one line each, with file and key.
    """
    document = read_yaml(file)
    try:
        return PrefectFile.model_validate(document)
    except ValidationError as error:
        raise UsageError("\n".join(problems(file, document, error))) from None
