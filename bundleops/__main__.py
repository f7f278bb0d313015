"""Entry point: commands, and how errors become exit codes. Heavy imports happen inside the commands."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from bundleops.commands import (
    answer,
    deployments,
    destroy,
    diagnose,
    doctor,
    health,
    knowledge,
    operate,
    operations,
    plan,
    questions,
    sandbox,
    stop,
    watch,
)
from operations.plain_text import for_terminal
from workspace.errors import OperatorError

app = typer.Typer(
    name="bundleops",
    help="Operates Databricks Asset Bundles: deploys, runs, diagnoses, fixes and verifies them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("operate")(operate.operate)
app.command("destroy")(destroy.destroy)
app.command("plan")(plan.plan)
app.command("diagnose")(diagnose.diagnose)
app.command("watch")(watch.watch)
app.command("output")(watch.output_of)
app.command("questions")(questions.questions)
app.command("answer")(answer.answer)
app.command("stop")(stop.stop)
app.command("doctor")(doctor.doctor)
app.command("health")(health.health)
app.add_typer(operations.app, name="operations")
app.add_typer(deployments.app, name="deployments")
app.add_typer(knowledge.app, name="knowledge")
app.command(
    "sandbox", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)(sandbox.sandbox)


def _version(asked: bool) -> None:  # noqa: FBT001 - the form of a typer callback
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only this option needs it

        print(version("bundleops"))
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[  # noqa: FBT002 - the form of a typer option
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Operates Databricks Asset Bundles: deploys, runs, diagnoses, fixes and verifies them."""
    del version


def main() -> None:
    """Run a command; expected errors end as one message and the exit code of their kind."""
    try:
        app()
    except OperatorError as error:
        print(f"bundleops: {for_terminal(str(error))}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("bundleops: interrupted", file=sys.stderr)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output is gone; Python would complain again while it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


if __name__ == "__main__":
    main()
