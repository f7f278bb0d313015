"""The list of bundles and targets that are operated on a schedule, as a person writes it (`bundles.yaml`)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import yaml
from prefect.client.schemas.schedules import CronSchedule
from pydantic import Field, JsonValue, ValidationError, field_validator, model_validator

from workspace.errors import UsageError
from workspace.git_source import GitSource
from workspace.model import Model
from workspace.settings import Heal

BUNDLES_FILE = Path(__file__).parent / "bundles.yaml"
MAX_BYTES = 256 * 1024
MAX_EVENTS = 50_000
"""Nodes of the YAML document; aliases are refused, so it cannot grow while it is read."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9]+([-_][a-z0-9]+)*$", max_length=60)]
Credentials = Annotated[str, Field(min_length=1, max_length=120)]


class Schedule(Model):
    """When to start."""

    cron: str
    timezone: str = "UTC"

    @model_validator(mode="after")
    def _prefect_knows_it(self) -> Self:
        CronSchedule(cron=self.cron, timezone=self.timezone)
        return self


class WorkPool(Model):
    """Where Prefect runs the flows."""

    name: Annotated[str, Field(min_length=1)] = "bundleops"
    queue: str = "default"
    job_variables: dict[str, JsonValue] = Field(default_factory=dict)


class Target(Model):
    """One target of a bundle, and how it is operated."""

    name: Name
    schedule: Schedule | None = None
    """When to operate; without it only by hand."""
    paused: bool = False
    """The schedule exists and starts nothing."""
    heal: Heal | None = None
    """What may be repaired without a person; unset, the policy for the target's mode."""
    when_busy: Literal["ENQUEUE", "CANCEL_NEW"] = "ENQUEUE"
    """What becomes of a start while the target is being operated: one at a time, always."""
    credentials: Credentials | None = None
    """Name of a DatabricksCredentials block, or `profile:NAME`; without it the environment of the worker."""
    health: Schedule | None = Schedule(cron="15 * * * *")
    """When to check health; null checks only by hand."""
    stale_after_hours: Annotated[float, Field(gt=0)] | None = None
    """Age at which a table counts as stale; without it the schedules of the jobs tell."""
    work_pool: WorkPool | None = None
    """Instead of the list's own."""


class Bundle(Model):
    """A bundle: a folder, or a place in a git repository."""

    name: Name
    path: Annotated[str, Field(min_length=1)] | None = None
    """Folder, relative to where the deployments are made."""
    git: GitSource | None = None
    targets: Annotated[tuple[Target, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _has_one_source(self) -> Self:
        if (self.path is None) == (self.git is None):
            raise ValueError("give either `path` or `git`")
        return self

    @field_validator("targets")
    @classmethod
    def _names_differ(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        _refuse_twice((target.name for target in targets), "target")
        return targets


class BundleList(Model):
    """Everything that is operated from one Prefect server."""

    work_pool: WorkPool = WorkPool()
    bundles: Annotated[tuple[Bundle, ...], Field(min_length=1)]

    @field_validator("bundles")
    @classmethod
    def _names_differ(cls, bundles: tuple[Bundle, ...]) -> tuple[Bundle, ...]:
        names = [f"{bundle.name}-{target.name}" for bundle in bundles for target in bundle.targets]
        _refuse_twice((bundle.name for bundle in bundles), "bundle")
        _refuse_twice(names, "deployment")
        return bundles


def read_bundle_list(file: Path) -> BundleList:
    """Return the list in a file.

    Raises:
        UsageError: it cannot be read or says something that is not understood; one line each, with file and key.
    """
    document = read_yaml(file)
    try:
        return BundleList.model_validate(document)
    except ValidationError as error:
        raise UsageError("\n".join(problems(file, document, error))) from None


def read_yaml(file: Path) -> Any:
    """Return the document of a small YAML file: no aliases, no key twice.

    Raises:
        UsageError: it cannot be read, or is no such file.
    """
    try:
        data = file.read_bytes()[: MAX_BYTES + 1]
        if len(data) > MAX_BYTES:
            raise UsageError(f"{file}: larger than {MAX_BYTES // 1024} KB. Split the list into several files.")
        text = data.decode("utf-8")
        _refuse_growth(file, text)
        _refuse_duplicate_keys(file, yaml.compose(text, Loader=yaml.SafeLoader))
        return yaml.safe_load(text)
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not UTF-8 text.") from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise UsageError(f"{file} is no YAML: {reason[:300]}") from None


def problems(file: Path, document: Any, error: ValidationError) -> list[str]:
    """Return one line for each problem: file, key, what is wrong."""
    lines = []
    found = error.errors()
    for one in found:
        # A list whose only entry is faulty also counts as too short: an effect, not a fault.
        if any(_lies_in(other["loc"], one["loc"]) for other in found):
            continue
        message = one["msg"].removeprefix("Value error, ")
        if one["type"] == "extra_forbidden":
            message = "unknown key"
        lines.append(f"{file}: {_key(document, one['loc'])}: {message}")
    return lines


def _key(document: Any, location: Iterable[int | str]) -> str:
    """Return a place as a person finds it: entries of lists by their name."""
    path, node = "", document
    for part in location:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            node = None
        if isinstance(part, int):
            name = node.get("name") if isinstance(node, dict) else None
            path += f"[{name or part}]"
        else:
            path += f".{part}" if path else part
    return path or "the document"


def _lies_in(place: tuple[int | str, ...], other: tuple[int | str, ...]) -> bool:
    return len(place) > len(other) and place[: len(other)] == other


def _refuse_twice(names: Iterable[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise ValueError(f"{what} {name} is named twice")
        seen.add(name)


def _refuse_growth(file: Path, text: str) -> None:
    """Refuse what takes little room in the file and much in memory."""
    for count, event in enumerate(yaml.parse(text, Loader=yaml.SafeLoader), 1):
        if isinstance(event, yaml.AliasEvent):
            raise UsageError(f"{file}: *{event.anchor}: aliases are not allowed here. Write it out.")
        if count > MAX_EVENTS:
            raise UsageError(f"{file}: more than {MAX_EVENTS:,} nodes. Split the list into several files.")


def _refuse_duplicate_keys(file: Path, node: Any) -> None:
    """Of two equal keys the safe loader would silently take the second."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                raise UsageError(f"{file}: line {key.start_mark.line + 1}: key {key.value} is given twice")
            seen.add(str(key.value))
            _refuse_duplicate_keys(file, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_duplicate_keys(file, value)
