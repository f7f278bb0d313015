"""The HTTP server: services are put together, requests checked for their token, errors given Databricks' form."""

from __future__ import annotations

import hmac
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from sandbox import dispatch
from sandbox.api import (
    admin,
    alerts,
    dashboards,
    data_quality,
    faults,
    genie,
    identity,
    jobs,
    monitors,
    permissions,
    pipelines,
    runs,
    sql,
    unity_catalog,
    workspace,
)
from sandbox.api.context import Services
from sandbox.assets import make_assets
from sandbox.compute import Compute
from sandbox.errors import ApiError
from sandbox.faults import Faults
from sandbox.files import WorkspaceFiles
from sandbox.job_schedules import JobSchedules
from sandbox.layout import WORKSPACE_ID, StateDir
from sandbox.ledger import Ledger
from sandbox.metastore import Metastore
from sandbox.pipelines import PipelineService
from sandbox.records import PermissionsRecord
from sandbox.run_view import RunView
from sandbox.runs import Access, RunService
from sandbox.statements import StatementService
from sandbox.store import Collection, Store
from sandbox.ticker import Ticker
from sandbox.warehouse import Warehouse

_OPEN_PATHS = {"/.well-known/databricks-config"}
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]


def assemble(state: StateDir, host: str, compute: Compute) -> Services:
    """Put the services of a sandbox together and close what a daemon left behind when it died."""
    store = Store(state.database)
    files = WorkspaceFiles(state.workspace)
    ledger = Ledger(store)
    pipeline_service = PipelineService(store, files, compute, state.pipelines)
    statements, warehouse = StatementService(compute), Warehouse()
    assets = make_assets(store, files, statements, warehouse)
    task_services = dispatch.Services(compute=compute, files=files, pipelines=pipeline_service, alerts=assets.alerts)
    tokens = {user: token for token, user in state.tokens().items()}
    run_service = RunService(ledger, task_services, Access(host=host, tokens=tokens))
    pipeline_service.recover()
    run_service.recover()
    assets.recover()
    return Services(
        host=host,
        compute=compute,
        files=files,
        ledger=ledger,
        runs=run_service,
        view=RunView(host),
        pipelines=pipeline_service,
        statements=statements,
        warehouse=warehouse,
        permissions=Collection(store, PermissionsRecord),
        assets=assets,
        faults=Faults(),
        ticker=Ticker(assets.alerts, assets.monitors, JobSchedules(ledger, run_service)),
        metastore=Metastore(state.metastore),
    )


def create_app(services: Services, tokens: Mapping[str, str]) -> FastAPI:
    """The application that serves one sandbox to the users who have these tokens."""
    app = FastAPI(title="bundleops sandbox", openapi_url=None)
    app.state.services = services
    _check_tokens(app, tokens)
    _shape_errors(app)
    for module in (
        identity,
        workspace,
        pipelines,
        sql,
        unity_catalog,
        permissions,
        alerts,
        monitors,
        data_quality,
        dashboards,
        genie,
        admin,
        faults,
    ):
        app.include_router(module.router)
    for version in ("2.1", "2.2"):
        for module in (jobs, runs):
            app.include_router(module.router, prefix=f"/api/{version}/jobs")
    app.include_router(_rest())
    return app


def _rest() -> APIRouter:
    router = APIRouter()

    @router.api_route("/{path:path}", methods=_METHODS)
    def not_served(request: Request, path: str) -> None:
        raise ApiError.not_served(f"{request.method} /{path}")

    return router


def _check_tokens(app: FastAPI, tokens: Mapping[str, str]) -> None:
    @app.middleware("http")
    async def check(request: Request, call_next: Callable[[Request], Awaitable[Response]]) -> Response:
        response = None if request.url.path in _OPEN_PATHS else _refusal(request, tokens)
        response = response or await call_next(request)
        response.headers["X-Databricks-Org-Id"] = str(WORKSPACE_ID)
        return response


def _refusal(request: Request, tokens: Mapping[str, str]) -> Response | None:
    """Note whose token the request has, or refuse it."""
    kind, _, given = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not given:
        return _error(401, "UNAUTHENTICATED", "Credential was not sent or was of an unsupported type for this API.")
    for token, user in tokens.items():
        if hmac.compare_digest(given.strip().encode(), token.encode()):
            request.state.user = user
            return None
    return _error(401, "UNAUTHENTICATED", "Invalid access token.")


def _shape_errors(app: FastAPI) -> None:
    @app.exception_handler(ApiError)
    async def refused(_request: Request, error: Exception) -> Response:
        if not isinstance(error, ApiError):
            raise error
        return _error(error.status, error.error_code, error.message)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: Exception) -> Response:
        first: dict[str, Any] = error.errors()[0] if isinstance(error, RequestValidationError) else {}
        place = ".".join(str(part) for part in first.get("loc", ())[1:])
        if first.get("type") == "missing" and place:
            return _error(400, "INVALID_PARAMETER_VALUE", f"Missing required field: {place}")
        return _error(400, "MALFORMED_REQUEST", f"Invalid request: {place} {first.get('msg', error)}")

    @app.exception_handler(json.JSONDecodeError)
    @app.exception_handler(UnicodeDecodeError)
    async def undecodable(_request: Request, error: Exception) -> Response:
        return _error(400, "MALFORMED_REQUEST", f"The request's body cannot be decoded: {error}")

    @app.exception_handler(HTTPException)
    async def refused_by_framework(_request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return _error(status, "BAD_REQUEST", str(getattr(error, "detail", error)))

    @app.exception_handler(Exception)
    async def defect(_request: Request, error: Exception) -> Response:
        return _error(500, "INTERNAL_ERROR", f"SANDBOX_DEFECT: {error!r}; the trace is in the sandbox's log.")


def _error(status: int, error_code: str, message: str) -> Response:
    return JSONResponse({"error_code": error_code, "message": message}, status_code=status)
