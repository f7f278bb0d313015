"""`bundleops diagnose`: what is this error, why, how sure, and what would be done about it?"""

from __future__ import annotations

import json
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from bundleops.options import Output, OutputOption, ProfileOption, SandboxOption, use
from diagnostics.models import Diagnosis
from workspace.errors import UsageError
from workspace.models import Surface

MAX_TEXT = 10_000_000
MAX_PROBLEMS = 20


def diagnose(
    run: Annotated[str | None, typer.Option("--run", help="Id of a failed job run.")] = None,
    text: Annotated[
        str | None, typer.Option("--text", help="File with an error text; `-` reads standard input.")
    ] = None,
    batch: Annotated[
        str | None,
        typer.Option("--batch", help="File of JSON lines {id, surface, text}; one JSON line answers each. `-`: input."),
    ] = None,
    surface: Annotated[Surface, typer.Option(help="Where the text came from.")] = Surface.JOB,
    profile: ProfileOption = None,
    sandbox: SandboxOption = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Diagnose a failed run, an error text, or many of them."""
    if sum(given is not None for given in (run, text, batch)) != 1:
        raise UsageError("Name one of: a run with --run ID, a text with --text FILE, texts with --batch FILE.jsonl.")
    if batch is not None:
        _answer_batch(batch)
        return
    if text is not None:
        found = _of_text(_read(text), surface)
    else:
        use(profile, sandbox=sandbox)
        found = _of_run(str(run))
    if output is Output.JSON:
        print(json.dumps([one.model_dump(mode="json") for one in found]))
    else:
        from bundleops.explain import explain  # noqa: PLC0415 - rich only where text is shown

        explain(found)


def _of_text(text: str, surface: Surface) -> tuple[Diagnosis, ...]:
    from diagnostics.diagnose import diagnose_text  # noqa: PLC0415 - bad input is refused first
    from knowledge.registry import load_registry  # noqa: PLC0415 - as above

    return diagnose_text(text, surface, load_registry())


def _answer_batch(name: str) -> None:
    from bundleops.batch import diagnose_batch  # noqa: PLC0415 - bad input is refused first
    from knowledge.registry import load_registry  # noqa: PLC0415 - as above

    try:
        with nullcontext(sys.stdin.buffer) if name == "-" else Path(name).open("rb") as lines:
            problems = diagnose_batch("standard input" if name == "-" else name, lines, sys.stdout, load_registry())
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}.") from None
    if problems:
        shown = "\n  ".join(problems[:MAX_PROBLEMS])
        raise UsageError(f"{len(problems)} lines have no answer; the others have one:\n  {shown}")


def _of_run(run: str) -> tuple[Diagnosis, ...]:
    if not run.isdecimal():
        raise UsageError(f"{run!r} is no run id: ids are digits, as in the run page's address .../runs/123.")
    from tasks.diagnose_run import diagnose_run  # noqa: PLC0415 - imports the SDK

    return diagnose_run(run)


def _read(name: str) -> str:
    try:
        data = sys.stdin.buffer.read(MAX_TEXT) if name == "-" else Path(name).read_bytes()[:MAX_TEXT]
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror or error}.") from None
    text = data.decode("utf-8", "replace")
    if not text.strip():
        raise UsageError(f"{'Standard input' if name == '-' else name} is empty: there is nothing to diagnose.")
    return text
