"""Requirements as pip takes them, where paths are those of the workspace."""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from sandbox.spark.paths import Mounts

_current = Mounts({})


def use(mounts: Mounts) -> None:
    """Take paths of requirements from these mounts, in this process."""
    global _current  # noqa: PLW0603 - one process runs one task
    _current = mounts


def local_arguments(words: Sequence[str], mounts: Mounts | None = None) -> list[str]:
    """Return arguments of pip with the paths of this machine."""
    known = mounts or _current
    return [known.local(word) for word in words]


def arguments_of(dependencies: Sequence[str], mounts: Mounts) -> list[str]:
    """Return the arguments of pip for the dependencies of an environment: requirements, paths and `-r file` lines."""
    return local_arguments([word for line in dependencies for word in _words(line)], mounts)


def identity_of(arguments: Sequence[str]) -> str:
    """Return what tells one list of arguments from another, the content of local files included."""
    parts = [f"{argument}:{_digest(Path(argument))}" for argument in arguments]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _words(line: str) -> list[str]:
    """A requirement may have blanks (`a >= 1 ; python_version > '3'`); an option line is several arguments."""
    return shlex.split(line, comments=True) if line.startswith("-") else [line]


def _digest(path: Path) -> str:
    if not path.is_absolute() or not path.exists():
        return ""
    digest = hashlib.sha256()
    for file in _files(path):
        digest.update(str(file.relative_to(path.parent)).encode() + file.read_bytes())
    return digest.hexdigest()


def _files(path: Path) -> Iterator[Path]:
    yield from sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
