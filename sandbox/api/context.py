"""What every route needs: the services behind the API, and how a request's body is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, cast

from fastapi import Body, Depends, Request

from sandbox.assets import Assets
from sandbox.compute import Compute
from sandbox.faults import Faults
from sandbox.files import WorkspaceFiles
from sandbox.ledger import Ledger
from sandbox.metastore import Metastore
from sandbox.pipelines import PipelineService
from sandbox.records import PermissionsRecord
from sandbox.run_view import RunView
from sandbox.runs import RunService
from sandbox.statements import StatementService
from sandbox.store import Collection
from sandbox.ticker import Ticker
from sandbox.warehouse import Warehouse


@dataclass(frozen=True, kw_only=True)
class Services:
    """The parts of one sandbox."""

    host: str
    compute: Compute
    files: WorkspaceFiles
    ledger: Ledger
    runs: RunService
    view: RunView
    pipelines: PipelineService
    statements: StatementService
    warehouse: Warehouse
    permissions: Collection[PermissionsRecord]
    assets: Assets
    faults: Faults
    ticker: Ticker
    metastore: Metastore


def _services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


def _user(request: Request) -> str:
    return str(request.state.user)


Sandbox = Annotated[Services, Depends(_services)]
User = Annotated[str, Depends(_user)]
"""Name of the user who calls."""
Json = Annotated[dict[str, Any], Body()]
