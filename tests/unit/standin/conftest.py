from __future__ import annotations

import io
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from sandbox.standin.cli import main

FIXTURES = Path(__file__).parents[2] / "fixtures" / "cli-transcripts"
USER = "tester@databricks.com"


@dataclass
class FakeWorkspace:
    """A workspace on loopback that keeps files, jobs and pipelines in memory and notes every request."""

    requests: list[tuple[str, str, int]] = field(default_factory=list)
    bodies: list[dict[str, Any]] = field(default_factory=list)
    folders: set[str] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Jobs, pipelines, schemas and volumes by id."""
    runs: dict[str, int] = field(default_factory=dict)
    jobs: dict[str, str] = field(default_factory=dict)
    """The job of each run."""
    outcome: dict[str, str] = field(
        default_factory=lambda: {"life_cycle_state": "TERMINATED", "result_state": "SUCCESS"}
    )
    refusals: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    """Answers that replace the ordinary one, by `METHOD path`."""
    host: str = ""
    _next_id: int = 8795464257982364070

    def answer(self, method: str, url: str, body: bytes) -> tuple[int, Any]:
        parts = urlsplit(url)
        path, query = unquote(parts.path), {key: value[0] for key, value in parse_qs(parts.query).items()}
        if f"{method} {path}" in self.refusals:
            return self.refusals[f"{method} {path}"]
        fixed = {
            "/.well-known/databricks-config": {"workspace_id": "900800700600", "oidc_endpoint": f"{self.host}/oidc"},
            "/api/2.0/preview/scim/v2/Me": {"id": "1000012345", "userName": USER},
            "/telemetry-ext": {},
        }
        if path in fixed:
            return 200, fixed[path]
        if path.startswith("/api/2.0/workspace-files/import-file"):
            return self._import("/" + path.partition("import-file/")[2], query, body)
        return self._call(method, path, query, body)

    def _call(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        document = json.loads(body) if body else {}
        self.bodies.append(document)
        if path.startswith("/api/2.0/workspace/"):
            return self._tree(path.rpartition("/")[2], document, query)
        if "/jobs/runs" in path or path.endswith("run-now"):
            return 200, self._run(path, query, document)
        if "/updates" in path or path.endswith("/events"):
            return 200, self._update(method, path)
        return self._object(method, path, document, query)

    def new_id(self) -> int:
        self._next_id += 1000
        return self._next_id

    def _import(self, path: str, query: dict[str, str], body: bytes) -> tuple[int, Any]:
        if path.rpartition("/")[0] not in self.folders:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "The parent folder does not exist."}
        if path in self.files and query["overwrite"] == "false":
            return 409, {"error_code": "RESOURCE_ALREADY_EXISTS", "message": f"{path} exists already."}
        self.files[path] = body
        return 200, {}

    def _tree(self, action: str, document: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        path = document.get("path") or query["path"]
        if action == "mkdirs":
            while path:
                self.folders.add(path)
                path = path.rpartition("/")[0]
            return 200, {}
        if action == "delete":
            self.files = {name: body for name, body in self.files.items() if not f"{name}/".startswith(f"{path}/")}
            self.folders = {name for name in self.folders if not f"{name}/".startswith(f"{path}/")}
            return 200, {}
        if path not in self.files and path not in self.folders:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"Path ({path}) doesn't exist."}
        if action == "export":
            return 200, self.files[path]
        return 200, {"path": path, "object_type": "FILE" if path in self.files else "DIRECTORY", "object_id": 1}

    def _run(self, path: str, query: dict[str, str], document: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("run-now"):
            run_id = self.new_id()
            self.runs[str(run_id)] = 0
            self.jobs[str(run_id)] = str(document["job_id"])
            return {"run_id": run_id, "number_in_job": run_id}
        if path.endswith("get-output"):
            return {"logs": "hello\n", "logs_truncated": False, "error": "boom", "error_trace": "Traceback: boom"}
        self.runs[query["run_id"]] += 1
        state = {"life_cycle_state": "RUNNING"} if self.runs[query["run_id"]] == 1 else self.outcome
        task = {"run_id": int(query["run_id"]) + 1, "task_key": "load", "state": state}
        job_id = self.jobs[query["run_id"]]
        url = f"{self.host}/?o=900800700600#job/{job_id}/run/{query['run_id']}"
        shown = {"run_name": self.objects[job_id]["name"], "run_page_url": url}
        return {"run_id": int(query["run_id"]), "state": state, "tasks": [task], **shown}

    def _update(self, method: str, path: str) -> dict[str, Any]:
        if method == "POST":
            return {"update_id": "7a0fc425-8cdb-0d00-7a0f-c4258cdb0d87"}
        return {"events": []} if path.endswith("/events") else {"update": {"state": "COMPLETED"}}

    def _object(self, method: str, path: str, document: dict[str, Any], query: dict[str, str]) -> tuple[int, Any]:
        last = path.rpartition("/")[2]
        if method == "POST" and last in {"create", "pipelines", "schemas", "volumes"}:
            return 200, self._create(last, document)
        key = str(document.get("job_id") or query.get("job_id") or last)
        if key not in self.objects:
            return 404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"{key} does not exist."}
        if method == "DELETE" or last == "delete":
            del self.objects[key]
        elif method != "GET":
            changed = document.get("new_settings") or (
                {**self.objects[key], **document} if method == "PATCH" else document
            )
            self.objects[key] = changed
        config = self.objects.get(key, {})
        return 200, {"settings": config} if "/jobs/" in path else {"spec": config} if "/pipelines/" in path else config

    def _create(self, kind: str, document: dict[str, Any]) -> dict[str, Any]:
        number = self.new_id()
        names = [document.get(part) for part in ("catalog_name", "schema_name", "name")]
        key = {"create": str(number), "pipelines": f"7a0fc424-6b8a-9e4d-7a0f-{number % 10**12:012d}"}.get(
            kind, ".".join(str(name) for name in names if name)
        )
        self.objects[key] = document
        return {"job_id": number, "pipeline_id": key, "full_name": key}


@pytest.fixture(scope="module")
def server() -> Iterator[ThreadingHTTPServer]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet

        def handle_one(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, answer = self.server.workspace.answer(self.command, self.path, body)  # type: ignore[attr-defined] # set by `workspace`
            self.server.workspace.requests.append((self.command, self.path, status))  # type: ignore[attr-defined] # likewise
            reply = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_one  # noqa: N815 - names that http.server asks for

        def log_message(self, *_: Any) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fresh_workspace(server: ThreadingHTTPServer) -> FakeWorkspace:
    workspace = FakeWorkspace(host=f"http://127.0.0.1:{server.server_port}")
    server.workspace = workspace  # type: ignore[attr-defined] # what the handler answers from
    return workspace


@pytest.fixture(scope="module")
def in_workspace(server: ThreadingHTTPServer) -> Callable[[Path], Program]:
    """Start a new workspace; the program in it runs in the folder that is given."""
    return lambda folder: Program(fresh_workspace(server), folder)


@pytest.fixture
def workspace(server: ThreadingHTTPServer) -> FakeWorkspace:
    return fresh_workspace(server)


@dataclass
class Result:
    exit: int
    stdout: str
    stderr: str


def call(host: str, folder: Path, *arguments: str, **env: str) -> Result:
    """Run the program in a folder, against a workspace."""
    out, err = io.StringIO(), io.StringIO()
    variables = {"DATABRICKS_HOST": host, "DATABRICKS_TOKEN": "token", "HOME": str(folder.parent)}
    variables |= {"DATABRICKS_CACHE_ENABLED": "false", **env}
    code = main(arguments, env=variables, cwd=folder, out=out, err=err)
    return Result(code, out.getvalue(), err.getvalue())


class Program:
    """The program in a bundle of its own."""

    def __init__(self, workspace: FakeWorkspace, folder: Path) -> None:
        self.workspace = workspace
        self.folder = folder

    def __call__(self, *arguments: str, **env: str) -> Result:
        return call(self.workspace.host, self.folder, *arguments, **env)

    def write(self, text: str, name: str = "databricks.yml") -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def program(workspace: FakeWorkspace, tmp_path: Path) -> Program:
    """The program in an empty folder."""
    folder = tmp_path / "bundle"
    folder.mkdir()
    return Program(workspace, folder)


@pytest.fixture
def sample(workspace: FakeWorkspace, tmp_path: Path) -> Program:
    """The program in the sample bundle: two jobs and a pipeline."""
    shutil.copytree(FIXTURES / "bundles" / "sample", tmp_path / "sample")
    return Program(workspace, tmp_path / "sample")
