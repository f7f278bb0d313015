"""`bundleops knowledge`: read, search and check what is known about errors."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from bundleops.options import Output, OutputOption
from knowledge.pattern import ErrorPattern
from knowledge.registry import BUILTIN, Registry, load_registry
from operations.plain_text import for_terminal
from workspace.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Read, search and check what is known about errors.")
ROOT = BUILTIN.parent.parent


@app.callback()
def _group() -> None:
    """Read, search and check what is known about errors."""


@app.command("search")
def search(
    words: Annotated[list[str], typer.Argument(help="Words of the fault, its message or its fix.")],
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many pages at most.")] = 10,
    output: OutputOption = Output.TEXT,
) -> None:
    """Find the pages that hold these words, the best first."""
    from knowledge.search import search as search_pages  # noqa: PLC0415 - only this command needs it

    found = search_pages(load_registry(), " ".join(words), limit)
    if output is Output.JSON:
        print(json.dumps([_summary(pattern) for pattern in found]))
    elif found:
        from bundleops.tables import show, table  # noqa: PLC0415 - rich only where a table is shown

        rows = [[one.code, one.category.value, one.fix_kind.value, one.title] for one in found]
        show(table("", ["code", "category", "first step", "what it is"], rows))
    else:
        print("No page holds any of these words. `bundleops diagnose --text FILE` reads a whole message.")


@app.command("show")
def show_page(
    code: Annotated[str, typer.Argument(help="Code of an error pattern, such as module-not-found.")],
    output: OutputOption = Output.TEXT,
) -> None:
    """Print the page of one fault."""
    registry = load_registry()
    if code not in registry:
        raise UsageError(f"No page has the code {code!r}. `bundleops knowledge search WORDS` finds codes.")
    pattern = registry[code]
    if output is Output.JSON:
        print(json.dumps(pattern.model_dump(mode="json")))
    else:
        print(for_terminal((BUILTIN / pattern.page).read_text(encoding="utf-8")).rstrip())


@app.command("top")
def show_top(output: OutputOption = Output.TEXT) -> None:
    """Show the ten faults that are met most, with what to do first."""
    from knowledge.top import top  # noqa: PLC0415 - only this command needs it
    from operations.seen_codes import seen_codes  # noqa: PLC0415 - as above
    from operations.store import StateStore  # noqa: PLC0415 - as above
    from workspace.settings import settings  # noqa: PLC0415 - as above

    seen, unread = seen_codes(StateStore(settings().state_dir))
    for problem in unread:
        print(f"not counted: {for_terminal(problem)}", file=sys.stderr)
    found = top(load_registry(), seen)
    if output is Output.JSON:
        print(json.dumps([one.model_dump(mode="json") for one in found]))
        return
    from bundleops.tables import show, table  # noqa: PLC0415 - rich only where a table is shown

    rows = [[str(n), one.code, one.first_step, str(one.seen), one.title] for n, one in enumerate(found, start=1)]
    show(table("", ["#", "code", "first step", "seen here", "what it is"], rows))


@app.command("lint")
def lint(
    folder: Annotated[Path, typer.Argument(help="Folder of pattern pages.")] = BUILTIN,
    output: OutputOption = Output.TEXT,
) -> None:
    """Check all pages: form, codes, expressions, samples, clashes and fixers. Exit code 1 when something is wrong."""
    from diagnostics.lint import lint as problems_of  # noqa: PLC0415 - compiles all patterns

    if not folder.is_dir():
        raise UsageError(f"{folder} is no folder.")
    registry = load_registry(folder)
    problems = problems_of(registry)
    if output is Output.JSON:
        found = [problem.model_dump(mode="json") for problem in problems]
        print(json.dumps({"pages": len(registry.patterns), "problems": found}))
    else:
        for problem in problems:
            print(for_terminal(str(problem)))
        print(f"{len(registry.patterns)} usable pages, {len(problems)} problems")
    if problems:
        raise typer.Exit(1)


@app.command("docs")
def docs(
    check: Annotated[bool, typer.Option("--check", help="Only compare; exit code 1 when a page differs.")] = False,
) -> None:
    """Write the pages of the docs that are generated from the patterns."""
    from knowledge.catalogue import catalogue, differences  # noqa: PLC0415 - only this command needs it

    registry = _whole(load_registry())
    if check:
        changed = differences(registry, ROOT)
        for name in changed:
            print(f"{name} differs: run `bundleops knowledge docs`")
        raise typer.Exit(int(bool(changed)))
    for name, text in catalogue(registry).items():
        (ROOT / name).write_text(text, encoding="utf-8")
        print(name)


def _whole(registry: Registry) -> Registry:
    """Refuse to make docs from pages of which some cannot be used."""
    if registry.problems:
        raise UsageError(f"{registry.problems[0]}; `bundleops knowledge lint` shows all problems.")
    return registry


def _summary(pattern: ErrorPattern) -> dict[str, str]:
    return {
        "code": pattern.code,
        "category": pattern.category.value,
        "fix_kind": pattern.fix_kind.value,
        "title": pattern.title,
        "page": pattern.page,
    }
