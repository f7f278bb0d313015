"""`bundleops deployments`: prefect.yaml from the list of bundles, and automations that notify people."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from workspace.errors import UsageError

app = typer.Typer(no_args_is_help=True, help="Make deployments and automations of Prefect.")


@app.callback()
def _group() -> None:
    """Make deployments and automations of Prefect."""


@app.command("generate")
def generate(
    bundles: Annotated[Path | None, typer.Option(help="The list of bundles (deployments/bundles.yaml).")] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write (prefect.yaml beside it).")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; end with 1 when the file is not current.")
    ] = False,
) -> None:
    """Write prefect.yaml: with the deployments of every bundle and target."""
    # Prefect takes seconds to import, and it is only needed here.
    from deployments.bundle_list import BUNDLES_FILE, read_bundle_list  # noqa: PLC0415
    from deployments.render import as_yaml, prefect_file  # noqa: PLC0415

    listed = bundles or BUNDLES_FILE
    file = output or listed.with_name("prefect.yaml")
    text = as_yaml(prefect_file(read_bundle_list(listed)))
    if check:
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            print(f"{file} is not what {listed} says. Run: bundleops deployments generate")
            raise typer.Exit(1)
        print(f"{file} is current.")
        return
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror or error}.") from None
    print(f"Wrote {file}. To create the deployments: prefect deploy --all --prefect-file {file}")


@app.command("automations")
def automations(
    notify: Annotated[str, typer.Option(help="Notification block as TYPE/NAME, such as slack-webhook/oncall.")],
) -> None:
    """Let Prefect notify people of escalations, waiting questions, crashed flow runs and silent operations."""
    from bundleops.prefect_api import check_prefect  # noqa: PLC0415 - Prefect takes seconds to import
    from deployments.automations import install_automations  # noqa: PLC0415 - as above

    check_prefect()
    for line in install_automations(notify):
        print(line)
