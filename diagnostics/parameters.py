"""The values of parameters that a bundle hands its programs, as far as they are known."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from diagnostics.table_use import PLACEHOLDER
from workspace.models import ResolvedBundle

_RESOURCE = re.compile(r"\$\{resources\.([a-z_]+)\.([^.}\[]+)\.([^.}\[]+)\}")
_SYMBOLIC = re.compile(r"\$\{[^{}]*\}")
_DYNAMIC = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")
_OF_JOB = "job.parameters."


@dataclass(frozen=True)
class Given:
    """What a task hands its program."""

    values: Mapping[str, str]
    arguments: tuple[str, ...] = ()


class Parameters:
    """Resolves parameter values within one bundle."""

    def __init__(self, bundle: ResolvedBundle) -> None:
        self._resources = {one.key: one.config for one in bundle.resources}

    def text(self, value: str) -> str:
        """Return a value with references to resources resolved; what stays unknown is the placeholder."""
        return _SYMBOLIC.sub(PLACEHOLDER, _RESOURCE.sub(self._field, value))

    def resolved(self, values: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the values of which something is known."""
        texts = {name: self.text(str(value)) for name, value in values.items()}
        return {name: text for name, text in texts.items() if text != PLACEHOLDER and "{{" not in text}

    def of_job(self, config: Mapping[str, Any]) -> Mapping[str, str]:
        """Return the defaults of a job's parameters, which every task gets."""
        declared = [one for one in config.get("parameters") or () if isinstance(one, Mapping) and one.get("name")]
        return self.resolved({str(one["name"]): one.get("default", "") for one in declared})

    def of_task(self, task: Mapping[str, Any], of_job: Mapping[str, str]) -> Given:
        """Return values and arguments of one task; a job's parameter wins over the task's of the same name."""
        named: dict[str, Any] = {}
        listed: list[str] = []
        for kind in ("notebook_task", "sql_task", "spark_python_task", "python_wheel_task", "spark_jar_task"):
            part = task.get(kind) or {}
            for field in ("base_parameters", "named_parameters", "parameters"):
                given = part.get(field)
                if isinstance(given, Mapping):
                    named.update(given)
                elif isinstance(given, list):
                    listed += [str(one) for one in given]
        filled = {name: self._filled(str(value), of_job) for name, value in named.items()}
        arguments = [self.text(self._filled(one, of_job)) for one in listed]
        arguments += [f"--{name}={self.text(value)}" for name, value in filled.items()]
        return Given({**self.resolved(filled), **of_job}, tuple(arguments))

    def _filled(self, value: str, of_job: Mapping[str, str]) -> str:
        def known(match: re.Match[str]) -> str:
            return of_job.get(match[1].removeprefix(_OF_JOB), match[0]) if match[1].startswith(_OF_JOB) else match[0]

        return _DYNAMIC.sub(known, value)

    def _field(self, match: re.Match[str]) -> str:
        value = self._resources.get(f"{match[1]}.{match[2]}", {}).get(match[3])
        return value if isinstance(value, str) and not _RESOURCE.search(value) else PLACEHOLDER
