"""Evidence of a failed CLI call: what validate, plan or deploy printed, with file, line and API block."""

from __future__ import annotations

from operations.ends import BUNDLE
from operations.operation import Operation
from workspace.models import CliDiagnostic, CliOutcome, Evidence, Failure, Surface


def cli_evidence(work: Operation, outcome: CliOutcome, surface: Surface, iteration: int) -> Evidence:
    """Return the evidence of one failed call of the CLI; warnings count where strict validation made them fatal."""
    told = outcome.errors if surface is not Surface.VALIDATE else outcome.diagnostics
    failures = tuple(_failure(diagnostic, surface) for diagnostic in told if diagnostic.severity != "recommendation")
    if not failures:
        text = outcome.stderr.strip() or outcome.stdout.strip() or f"exit code {outcome.exit_code}, nothing was printed"
        failures = (Failure(surface=surface, error=text),)
    return Evidence(
        operation=work.id,
        target=work.target,
        resource=None,
        resource_name=BUNDLE,
        surface=surface,
        iteration=iteration,
        failures=failures,
    )


def _failure(diagnostic: CliDiagnostic, surface: Surface) -> Failure:
    label = diagnostic.severity.capitalize()
    lines = [f"{label}: {diagnostic.summary}"]
    if diagnostic.config_path:
        lines.append(f"  at {diagnostic.config_path}")
    lines += [f"  in {location}" for location in diagnostic.locations]
    return Failure(
        surface=surface,
        error="\n".join(lines),
        trace=diagnostic.detail,
        location=diagnostic.locations[0] if diagnostic.locations else None,
    )
