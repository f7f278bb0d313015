"""The adapter to the official `databricks` program: one method for each bundle command that an operation needs."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from workspace.cli_diagnostics import parse_diagnostics
from workspace.cli_process import ProcessEnd, run_process
from workspace.deploy_plan import deploy_plan, saved_plan
from workspace.errors import (
    ApprovalRequiredError,
    AuthenticationError,
    BundleInvalidError,
    CliMissingError,
    CliTimeoutError,
    CliTooOldError,
    OperatorError,
    PlanChangedError,
    WorkspaceRequestError,
)
from workspace.guard import DestructiveAction, Permission
from workspace.lock_setting import own_location
from workspace.models import CliDiagnostic, CliOutcome, DeployPlan
from workspace.notebook_identity import notebook_identity
from workspace.redaction import redact, redact_json
from workspace.settings import Settings

__all__ = ["BundleCli", "CliTimeouts", "CliVersion", "deploy_plan", "failure_of"]

CliVersion = tuple[int, int, int]
OLDEST: CliVersion = (0, 278, 0)
PLAN_FILE_SINCE: CliVersion = (0, 281, 0)
MAX_TEXT = 200_000
_HOW_TO_GET = "Install it as https://docs.databricks.com/dev-tools/cli/install says, or name it with BUNDLEOPS_CLI."
_VERSION = re.compile(r"v?(\d+)\.(\d+)\.(\d+)")


@dataclass(frozen=True)
class CliTimeouts:
    """Time limits in seconds."""

    change: float = 900
    """deploy, plan, destroy"""
    read: float = 180
    """validate, summary"""
    version: float = 30

    @classmethod
    def from_settings(cls, settings: Settings) -> CliTimeouts:
        """Take the limits from the settings."""
        return cls(change=settings.cli_timeout_seconds, read=settings.cli_validate_timeout_seconds)


class BundleCli:
    """The CLI for one bundle folder and target.

    Args:
        program: program name on PATH, path, or a command line.
        folder: bundle root.
        target: target name; None lets the CLI take the bundle's default.
        profile: profile of the configuration file; None takes what the environment says.
        timeouts: time limits of the calls.
    """

    def __init__(
        self,
        program: str,
        folder: Path,
        target: str | None = None,
        profile: str | None = None,
        timeouts: CliTimeouts | None = None,
    ) -> None:
        self._program = program
        self._folder = folder.resolve()
        self._profile = profile
        self._options = [*(["-t", target] if target else []), *(["--profile", profile] if profile else [])]
        self._timeouts = timeouts or CliTimeouts()

    def version(self) -> CliVersion:
        """Return the program's version.

        Raises:
            CliMissingError: there is no such program.
            CliTooOldError: it is older than 0.278.0.
            CliTimeoutError: it does not answer.
        """
        return self._version

    def validate(self) -> CliOutcome:
        """Check the bundle strictly and resolve it; `document` is the resolved configuration with source locations."""
        arguments = ["bundle", "validate", "--strict", "--include-locations", "-o", "json"]
        return self._call(arguments, self._timeouts.read)

    def plan(self, save_to: Path | None = None) -> CliOutcome:
        """Work out what a deploy would do; `plan` says it, and `save_to` receives it for `deploy(plan_file=...)`."""
        end = self._run(["bundle", "plan", "-o", "json"], self._timeouts.change)
        outcome = self._outcome(end)
        document = _document(end.stdout)
        if document is None or not outcome.ok:
            return outcome
        if save_to is not None:
            saved_plan(end.stdout, save_to)
        return outcome.model_copy(update={"plan": deploy_plan(document)})

    def deploy(
        self, plan_file: Path, permission: Permission | None = None, *, force_lock: Permission | None = None
    ) -> CliOutcome:
        """Deploy exactly this plan.

        Args:
            plan_file: The plan, as `plan(save_to=...)` kept it.
            permission: For a plan that deletes or recreates something; it is used up right before the deploy.
            force_lock: To take the deploy lock from its holder; it is used up right before the deploy.

        Raises:
            ApprovalRequiredError: the plan deletes or recreates something and nobody approved exactly that.
            PlanChangedError: this CLI cannot deploy a plan file, and planned anew the deploy would do something else.
        """
        plan = deploy_plan(_document(plan_file.read_text(encoding="utf-8")) or {})
        arguments = ["bundle", "deploy"]
        if self.deploys_plan_files(plan_file):
            arguments += ["--plan", str(plan_file.resolve())]
        else:
            self._require_same_plan(plan, plan_file)
        if plan.destructive:
            if permission is None:
                raise ApprovalRequiredError(f"{plan_file.name} deletes or recreates resources: that needs an approval.")
            permission.use(DestructiveAction.DEPLOY_PLAN, plan.digest)
            arguments.append("--auto-approve")
        if force_lock is not None:
            force_lock.use(DestructiveAction.FORCE_LOCK)
            arguments.append("--force-lock")
        return self._call(arguments, self._timeouts.change)

    def summary(self) -> Mapping[str, Any]:
        """Return the deployed bundle with the id and URL of each resource.

        Raises:
            OperatorError: the CLI could not tell.
        """
        outcome = self._call(["bundle", "summary", "-o", "json"], self._timeouts.read)
        if not outcome.ok or outcome.document is None:
            raise failure_of(outcome, "reading what is deployed")
        return outcome.document

    def destroy(self, permission: Permission) -> CliOutcome:
        """Remove everything that the bundle has deployed; the permission is used up right before.

        Raises:
            ApprovalRequiredError: nobody approved exactly this, or the approval is used or too old.
        """
        self.version()  # a missing program is no reason to use an approval up
        permission.use(DestructiveAction.DESTROY_BUNDLE)
        return self._call(["bundle", "destroy", "--auto-approve"], self._timeouts.change)

    def deploys_plan_files(self, plan_file: Path) -> bool:
        """Tell whether this CLI can deploy this plan as it is: 0.281 or newer, and a plan of the direct engine."""
        document = _document(plan_file.read_text(encoding="utf-8")) or {}
        return self._version >= PLAN_FILE_SINCE and "plan_version" in document

    def _require_same_plan(self, looked_at: DeployPlan, plan_file: Path) -> None:
        outcome = self.plan()
        if outcome.plan is None:
            raise failure_of(outcome, "planning the deploy again")
        if outcome.plan.digest != looked_at.digest:
            raise PlanChangedError(
                f"The deploy would now do something else than the plan in {plan_file.name}: bundle or workspace "
                "changed since. Nothing was deployed; look at the new plan."
            )

    @cached_property
    def _command(self) -> list[str]:
        if found := shutil.which(self._program):
            return [found]
        words = shlex.split(self._program)
        if len(words) > 1 and (found := shutil.which(words[0])):
            return [found, *words[1:]]
        raise CliMissingError(f"The Databricks CLI was not found: {self._program}. {_HOW_TO_GET}")

    @cached_property
    def _version(self) -> CliVersion:
        end = self._run(["--version"], self._timeouts.version, options=False)
        match = _VERSION.search(end.stdout)
        if end.exit_code != 0 or match is None:
            said = redact((end.stdout + end.stderr).strip()[:200])
            raise CliMissingError(f"{self._program} --version names no version (it said: {said!r}). {_HOW_TO_GET}")
        version = (int(match[1]), int(match[2]), int(match[3]))
        if version < OLDEST:
            raise CliTooOldError(
                f"{self._program} is {_dotted(version)}; {_dotted(OLDEST)} or newer is needed. {_HOW_TO_GET}"
            )
        return version

    def _call(self, arguments: Sequence[str], timeout_seconds: float) -> CliOutcome:
        return self._outcome(self._run(arguments, timeout_seconds))

    def _run(self, arguments: Sequence[str], timeout_seconds: float, *, options: bool = True) -> ProcessEnd:
        command = [*self._command, *arguments, *(self._options if options else [])]
        environment = _environment() | (notebook_identity(self._profile) if options else {})
        try:
            end = run_process(command, self._folder, environment, timeout_seconds)
        except OSError as error:
            reason = f"{self._program} cannot be started in {self._folder}: {error.strerror or error}"
            raise CliMissingError(f"{reason}. {_HOW_TO_GET}") from None
        if end.timed_out:
            raise CliTimeoutError(_timeout_text(arguments, timeout_seconds, end))
        return end

    def _outcome(self, end: ProcessEnd) -> CliOutcome:
        document = _document(end.stdout)
        stderr = redact(end.stderr)
        return CliOutcome(
            ok=end.exit_code == 0,
            exit_code=end.exit_code,
            stdout="" if document is not None else _shortened(redact(end.stdout)),
            stderr=_shortened(stderr),
            diagnostics=tuple(self._in_own_lines(one) for one in parse_diagnostics(stderr, self._folder)),
            document=None if document is None else redact_json(document),
        )

    def _in_own_lines(self, diagnostic: CliDiagnostic) -> CliDiagnostic:
        """The working copy has lines of ours; a person's file does not."""
        locations = tuple(own_location(self._folder, location) for location in diagnostic.locations)
        return diagnostic.model_copy(update={"locations": locations})


def failure_of(outcome: CliOutcome, doing: str) -> OperatorError:
    """Return the error that a failed call of the CLI means."""
    errors = outcome.errors
    text = "\n".join(error.summary for error in errors) or outcome.stderr.strip() or "it printed no reason"
    message = f"The Databricks CLI failed while {doing} (exit {outcome.exit_code}): {text}"
    status = next((error.http_status for error in errors if error.http_status), None)
    if status == 401 or "default credentials" in text:
        return AuthenticationError(message)
    if status is None:
        return BundleInvalidError(message)
    code = next((error.error_code for error in errors if error.error_code), "")
    return WorkspaceRequestError(message, status=status, error_code=code, transient=status in {429, 500, 502, 503, 504})


def _environment() -> dict[str, str]:
    """The caller's environment, without what would turn the CLI to another bundle or target.

    The engine stays: existing state belongs to one engine.
    """
    kept = {"DATABRICKS_BUNDLE_ENGINE"}
    return {
        name: value for name, value in os.environ.items() if name in kept or not name.startswith("DATABRICKS_BUNDLE_")
    }


def _document(stdout: str) -> Mapping[str, Any] | None:
    if not stdout.lstrip().startswith("{"):
        return None
    try:
        document = json.loads(stdout)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None


def _shortened(text: str) -> str:
    """Keep the end: the error that was returned is printed last."""
    return text if len(text) <= MAX_TEXT else f"[{len(text) - MAX_TEXT} characters cut]\n{text[-MAX_TEXT:]}"


def _timeout_text(arguments: Sequence[str], timeout_seconds: float, end: ProcessEnd) -> str:
    said = redact(end.stderr.strip())[-500:]
    last = f" Last words: {said}" if said else " It printed nothing: often the workspace host does not answer."
    call = " ".join(arguments)
    return f"`databricks {call}` gave no end within {timeout_seconds:g} s and was stopped.{last}"


def _dotted(version: CliVersion) -> str:
    return ".".join(map(str, version))
