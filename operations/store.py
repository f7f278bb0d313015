"""The state directory: one private folder for all records of all operations, and the claim on one operation."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import FileLock, Timeout
from pydantic import ValidationError

from operations.journal import Journal
from operations.operation import Operation
from workspace.errors import StateError, UsageError

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without letters and digits that are mistaken for one another."""
CLAIM_NOTE = "claim.json"
_ID = re.compile(r"\d{8}-\d{6}-[a-z0-9]{4}")


def operation_id(now: datetime | None = None) -> str:
    """Return a new operation id: the time in UTC, so that ids sort, and four random letters."""
    now = (now or datetime.now(UTC)).astimezone(UTC)
    return f"{now:%Y%m%d-%H%M%S}-{''.join(secrets.choice(_LETTERS) for _ in range(4))}"


class OperationFolder:
    """The records of one operation."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def id(self) -> str:
        """Operation id."""
        return self.path.name

    @property
    def reports_dir(self) -> Path:
        """Where the reports of the operation are."""
        return self.path / "reports"

    @property
    def journal(self) -> Journal:
        """A journal object of its own for every caller; observers are told of what that object appends."""
        return Journal(self.path / "journal.jsonl")

    def request(self) -> Operation:
        """Return what was asked for.

        Raises:
            StateError: the record is missing or damaged.
        """
        path = self.path / "request.json"
        try:
            return Operation.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            raise StateError(
                f"{path} is missing or damaged, so operation {self.id} cannot be resumed. Start a new operation."
            ) from error

    def write(self, request: Operation) -> None:
        """Record what was asked for, atomically.

        Raises:
            StateError: the record cannot be written.
        """
        try:
            _replace(self.path / "request.json", request.model_dump_json(indent=2))
        except OSError as error:
            raise _unusable(self.path, error) from error

    def worked_on_by(self) -> str | None:
        """Name the process that works on this operation, None when none does.

        Of a process on another machine only its own note is known; of one here also whether it lives.
        """
        try:
            holder = json.loads((self.path / CLAIM_NOTE).read_text(encoding="utf-8"))
            name = f"process {holder['pid']} on {holder['host']} since {holder['since']}"
            here = holder["host"] == socket.gethostname()
            return None if here and not _is_alive(int(holder["pid"])) else name
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def process_here(self) -> int | None:
        """Return the id of the process of this machine that works on the operation, None when none does.

        The claim is tried, so that a number that another program got since is never taken for it.

        Raises:
            StateError: a process of another machine works on it.
        """
        name = self.worked_on_by()
        if name is None:
            return None
        holder = json.loads((self.path / CLAIM_NOTE).read_text(encoding="utf-8"))
        if holder["host"] != socket.gethostname():
            raise StateError(f"Operation {self.id} is being worked on by {name}: stop it on that machine.")
        try:
            FileLock(self.path / "claim.lock", thread_local=False, mode=0o600).acquire(timeout=0).lock.release()
        except Timeout:
            return int(holder["pid"])
        return None

    def claim(self) -> OperationClaim:
        """Return the claim on this operation, to be held while one works on it."""
        return OperationClaim(self.path)


class StateStore:
    """The state directory with all operations in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().absolute()
        for folder in (self.root, self.operations_dir, self.copies_dir):
            _private_folder(folder)

    @property
    def operations_dir(self) -> Path:
        """Folder that holds one folder for each operation."""
        return self.root / "operations"

    @property
    def copies_dir(self) -> Path:
        """Folder that holds the working copies of all bundles and targets."""
        return self.root / "copies"

    @property
    def questions_path(self) -> Path:
        """The questions of all operations."""
        return self.root / "questions.sqlite3"

    def create(self, request: Operation) -> OperationFolder:
        """Make the folder of a new operation and record what was asked for.

        Raises:
            UsageError: the state directory lies inside the bundle, where a deploy would upload it.
            StateError: the folder cannot be made.
        """
        bundle = Path(request.bundle).expanduser().resolve()
        if self.root.resolve().is_relative_to(bundle):
            raise UsageError(
                f"The state directory {self.root} lies inside the bundle {bundle}, and a deploy would upload it. "
                "Choose a state directory outside the bundle."
            )
        folder = OperationFolder(self.operations_dir / _checked(request.id))
        try:
            folder.path.mkdir(mode=0o700)
            folder.reports_dir.mkdir(mode=0o700)
            folder.write(request)
        except FileExistsError as error:
            raise StateError(f"Operation {request.id} exists already in {self.operations_dir}; resume it.") from error
        except OSError as error:
            raise _unusable(folder.path, error) from error
        return folder

    def open(self, operation: str) -> OperationFolder:
        """Return the records of an operation.

        Raises:
            UsageError: there is no such operation here.
        """
        folder = OperationFolder(self.operations_dir / _checked(operation))
        if not folder.path.is_dir():
            newest = ", ".join(known.id for known in self.list()[:3]) or "none yet"
            raise UsageError(f"There is no operation {operation} in {self.root}. The newest are: {newest}.")
        return folder

    def list(self) -> tuple[OperationFolder, ...]:
        """Return all operations, newest first."""
        found = (path for path in self.operations_dir.iterdir() if _ID.fullmatch(path.name) and path.is_dir())
        return tuple(OperationFolder(path) for path in sorted(found, key=lambda path: path.name, reverse=True))


class OperationClaim:
    """The right to work on an operation: one process at a time has it, and the kernel takes it from a dead one.

    It lasts until it is released, or until nobody refers to this object any more.
    """

    def __init__(self, folder: Path) -> None:
        self._operation = folder.name
        self._holder = folder / CLAIM_NOTE
        self._lock = FileLock(folder / "claim.lock", thread_local=False, mode=0o600)

    def acquire(self) -> None:
        """Take the claim.

        Raises:
            StateError: another process, or another thread of this one, has it.
        """
        try:
            self._lock.acquire(timeout=0)
        except Timeout as error:
            raise StateError(
                f"Operation {self._operation} is being worked on by {self._holder_text()}. "
                "Wait for its end, or stop that process and resume the operation."
            ) from error
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": datetime.now(UTC).isoformat()}
        _replace(self._holder, json.dumps(holder))

    def release(self) -> None:
        """Give the claim back; a claim that is not held stays as it is."""
        if self._lock.is_locked:
            self._holder.unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _holder_text(self) -> str:
        """Name the holder as far as it has written down who it is."""
        try:
            holder = json.loads(self._holder.read_text(encoding="utf-8"))
            return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, ValueError, KeyError):
            return "another process that has just begun"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # it lives, as somebody else's
    return True


def _checked(operation: str) -> str:
    """Return the id if it has an id's form; anything else could leave the state directory."""
    if not _ID.fullmatch(operation):
        raise UsageError(f"{operation!r} is no operation id. Ids look like 20261123-211502-k7fd.")
    return operation


def _private_folder(folder: Path) -> None:
    """Make a folder that only its owner can enter."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise _unusable(folder, error) from error


def _replace(path: Path, content: str) -> None:
    """Write a file as a whole: a crash leaves the old or the new content, never a part."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _unusable(path: Path, error: OSError) -> StateError:
    return StateError(
        f"The state directory {path} cannot be used: {error.strerror or error}. Make it writable or choose another one."
    )
