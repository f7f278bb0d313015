"""Files of an operation besides its journal: the resolved bundle, the run plan, and every fix plan in full."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TypeVar

from diagnostics.models import FixPlan
from operations.operation import Operation
from operations.run_plan import RunPlan
from workspace.errors import StateError
from workspace.models import Model, ResolvedBundle

M = TypeVar("M", bound=Model)


class AppliedFix(Model):
    """A fix plan that was applied, and for which resource."""

    resource: str
    plan: FixPlan


class Records:
    """What later steps, a resumed operation and the report read back. Readable by their owner only."""

    def __init__(self, operation: Operation) -> None:
        self._folder = operation.folder

    def save_bundle(self, bundle: ResolvedBundle) -> None:
        """Keep the bundle as resolved by the newest validate or deploy."""
        self._write("bundle.json", bundle)

    def bundle(self) -> ResolvedBundle:
        """Return the bundle as resolved last.

        Raises:
            StateError: it was never resolved.
        """
        return self._read("bundle.json", ResolvedBundle)

    def has_bundle(self) -> bool:
        """Tell whether the bundle was resolved at least once."""
        return (self._folder / "bundle.json").is_file()

    @property
    def is_production(self) -> bool:
        """True unless the bundle was resolved and its target says `mode: development`."""
        return not self.has_bundle() or self.bundle().is_production

    def save_plan(self, plan: RunPlan) -> None:
        """Keep the run plan."""
        self._write("run-plan.json", plan)

    def has_plan(self) -> bool:
        """Tell whether the resources were planned."""
        return (self._folder / "run-plan.json").is_file()

    def plan(self) -> RunPlan:
        """Return the run plan.

        Raises:
            StateError: nothing was planned yet.
        """
        return self._read("run-plan.json", RunPlan)

    def save_fix(self, fix: AppliedFix) -> None:
        """Keep a fix plan with the full texts of its edits; the journal has only the diff."""
        self._write(f"fixes/{max(self._fix_numbers(), default=0) + 1:02}.json", fix)

    def fixes(self) -> tuple[AppliedFix, ...]:
        """Return all applied fixes, oldest first."""
        return tuple(self._read(f"fixes/{number:02}.json", AppliedFix) for number in self._fix_numbers())

    @property
    def deploy_plan_file(self) -> Path:
        """Where the CLI's plan is kept, so that exactly it is deployed."""
        return self._folder / "deploy-plan.json"

    @property
    def patch_file(self) -> Path:
        """Where the unified diff of all proven fixes goes."""
        return self._folder / "fix.patch"

    def _fix_numbers(self) -> list[int]:
        return sorted(int(path.stem) for path in (self._folder / "fixes").glob("*.json") if path.stem.isdecimal())

    def _write(self, name: str, model: Model) -> None:
        path = self._folder / name
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary = path.with_suffix(".tmp")
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(model.model_dump_json(indent=1))
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError as error:
            raise StateError(
                f"{path} cannot be written ({error.strerror or error}). Free disk space, or make the folder writable "
                "again, then resume the operation."
            ) from error

    def _read(self, name: str, model: type[M]) -> M:
        path = self._folder / name
        try:
            return model.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise StateError(f"{path} is missing: this operation has not come that far.") from None
        except (OSError, ValueError) as error:
            raise StateError(f"{path} cannot be read ({error}). Start a new operation.") from None
