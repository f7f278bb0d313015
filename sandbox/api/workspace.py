"""Workspace files and folders."""

from __future__ import annotations

import base64
import binascii
from email import message_from_bytes
from pathlib import PurePosixPath
from typing import Any

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from sandbox.api.context import Json, Sandbox, Services
from sandbox.errors import ApiError
from sandbox.files import LANGUAGES, MARKERS

router = APIRouter(prefix="/api/2.0")


@router.get("/workspace/get-status")
def get_status(sandbox: Sandbox, path: str) -> dict[str, Any]:
    """One object."""
    return sandbox.files.status(path)


@router.get("/workspace/list")
def list_objects(sandbox: Sandbox, path: str, notebooks_modified_after: int = 0) -> dict[str, Any]:
    """Objects directly below a folder."""
    objects = sandbox.files.listing(path)
    if notebooks_modified_after:
        objects = [item for item in objects if item.get("modified_at", 0) >= notebooks_modified_after]
    return {"objects": objects} if objects else {}


@router.post("/workspace/mkdirs")
def mkdirs(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Make a folder and its parents."""
    sandbox.files.make_folder(_path(body))
    return {}


@router.post("/workspace/delete")
def delete(sandbox: Sandbox, body: Json) -> dict[str, Any]:
    """Delete a file, a notebook or a folder."""
    sandbox.files.delete(_path(body), recursive=bool(body.get("recursive")))
    return {}


@router.get("/workspace/export")
def export(sandbox: Sandbox, path: str, direct_download: bool = False) -> Response:  # noqa: FBT001, FBT002  a query parameter
    """The content of a file or the source of a notebook."""
    place = sandbox.files.require(path)
    if place.is_dir():
        raise ApiError.not_served("the export of folders; export files one by one")
    content = place.read_bytes()
    if direct_download:
        return Response(content, media_type="application/octet-stream")
    encoded = base64.b64encode(content).decode()
    text = f'{{"content": "{encoded}", "file_type": "{place.suffix.removeprefix(".")}"}}'
    return Response(text, media_type="application/json")


@router.post("/workspace/import")
async def import_object(sandbox: Sandbox, request: Request) -> dict[str, Any]:
    """Write a file or a notebook: a JSON body with base64 content, or a form with a file."""
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    fields = _form(kind, raw) if kind.startswith("multipart/form-data") else await request.json()
    await run_in_threadpool(_import, sandbox, fields)
    return {}


@router.post("/workspace-files/import-file/{path:path}")
async def import_file(
    sandbox: Sandbox,
    request: Request,
    path: str,
    overwrite: bool = False,  # noqa: FBT001, FBT002  a query parameter
) -> dict[str, Any]:
    """Write the raw body to a file whose folder exists."""
    content = await request.body()
    await run_in_threadpool(sandbox.files.write, f"/{path.lstrip('/')}", content, overwrite=overwrite)
    return {}


def _import(sandbox: Services, fields: dict[str, Any]) -> None:
    path, content = _path(fields), fields.get("content") or b""
    if isinstance(content, str):
        try:
            content = base64.b64decode(content, validate=True)
        except binascii.Error as error:
            raise ApiError.invalid("content must be base64.") from error
    suffix = _suffix(path, fields)
    if suffix is not None:
        path = path if path.endswith(suffix) else path + suffix
        content = (
            content if content.startswith(MARKERS[suffix].encode()) else MARKERS[suffix].encode() + b"\n" + content
        )
    sandbox.files.write(path, content, overwrite=str(fields.get("overwrite", "")).lower() == "true")


def _suffix(path: str, fields: dict[str, Any]) -> str | None:
    """Extension of the notebook that is imported; None for a plain file."""
    language = fields.get("language")
    if fields.get("format", "SOURCE") not in {"SOURCE", "AUTO", "RAW"}:
        raise ApiError.not_served(f"imports of format {fields['format']}")
    if fields.get("format", "SOURCE") != "SOURCE":
        return None
    found = next((suffix for suffix, name in LANGUAGES.items() if name == language), None)
    if found is None and PurePosixPath(path).suffix in LANGUAGES:
        found = PurePosixPath(path).suffix
    if found is None:
        raise ApiError.invalid(f"language must be one of {', '.join(LANGUAGES.values())} for the format SOURCE.")
    return found


def _form(kind: str, raw: bytes) -> dict[str, Any]:
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw)
    fields: dict[str, Any] = {}
    for part in message.walk():
        name = part.get_param("name", header="content-disposition")
        if isinstance(name, str):
            content = part.get_payload(decode=True)
            value = content if isinstance(content, bytes) else b""
            fields[name] = value if name == "content" else value.decode().strip()
    return fields


def _path(fields: dict[str, Any]) -> str:
    path = fields.get("path")
    if not isinstance(path, str) or not path:
        raise ApiError.invalid("Missing required field: path")
    return path
