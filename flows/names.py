"""Names of flow runs, as they stand in lists of Prefect's UI."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from prefect.runtime import flow_run


def name_with(verb: str) -> Callable[[], str]:
    """Return what names a flow run by its verb, the folder name of its bundle and its target."""

    def name() -> str:
        parameters = flow_run.parameters
        return f"{verb} {PurePath(str(parameters['bundle'])).name} on {parameters.get('target', 'dev')}"

    return name
