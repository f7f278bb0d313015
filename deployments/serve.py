"""A first look at everything: Prefect server, sandbox, and the deployments of the list, in one terminal until Ctrl-C.

Nothing here is needed where a Prefect server and workers exist: `prefect deploy` with `prefect.yaml` serves those.
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deployments.local_services import Service, prefect_server, workspace
from workspace.errors import OperatorError

if TYPE_CHECKING:
    from prefect.deployments.runner import RunnerDeployment

    from deployments.schema import Deployment

ROOT = Path(__file__).resolve().parents[1]
"""The project's folder: entrypoints and relative folders of bundles start here."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve the deployments until Ctrl-C; the return value is the exit code."""
    options = _parser().parse_args(arguments)
    # Before Prefect is imported: it reads its settings once. A first look should not wait ten seconds for a start.
    os.environ.setdefault("PREFECT_RUNNER_POLL_FREQUENCY", "2")
    # Until Prefect's runner takes the signal itself: what was started here must not outlive this process.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # The runner's own handler of SIGTERM stops it, and forgets to await one of its coroutines.
    warnings.filterwarnings("ignore", message="coroutine 'Runner.astop' was never awaited", category=RuntimeWarning)
    try:
        _serve(options.bundles, options.compute)
    except OperatorError as error:
        print(f"serve: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


def _serve(bundles: Path | None, compute: str) -> None:
    from workspace.settings import settings  # noqa: PLC0415 - after the arguments are known to be good

    # What is served is read first: a mistake in the list should not cost the start of two servers.
    deployments = _deployments(bundles)
    state_dir = settings().state_dir.expanduser().absolute()
    print("Starting; the first time takes about a minute.", flush=True)
    with workspace(state_dir, compute) as place, prefect_server(state_dir) as server:
        _run(deployments, place, server)
    print("Stopped.", flush=True)


def _deployments(bundles: Path | None) -> tuple[Deployment, ...]:
    from deployments.bundle_list import BUNDLES_FILE, read_bundle_list  # noqa: PLC0415 - imports parts of Prefect
    from deployments.render import prefect_file  # noqa: PLC0415 - as above

    listed = bundles.absolute() if bundles else BUNDLES_FILE
    os.chdir(ROOT)
    return prefect_file(read_bundle_list(listed), root=ROOT).deployments


def _run(deployments: Sequence[Deployment], place: Service, server: Service) -> None:
    from prefect import serve  # noqa: PLC0415 - reads the address of the server when it is imported
    from prefect.context import refresh_global_settings_context  # noqa: PLC0415 - as above

    refresh_global_settings_context()
    made = [_served(one) for one in deployments]
    print(_welcome(deployments, place, server), flush=True)
    # One operation does nearly nothing but wait; still, a first look should not take the machine.
    serve(*made, limit=4, print_starting_message=False)


def _served(deployment: Deployment) -> RunnerDeployment:
    from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy  # noqa: PLC0415
    from prefect.deployments.runner import RunnerDeployment  # noqa: PLC0415
    from prefect.schedules import Cron  # noqa: PLC0415

    limit = deployment.concurrency_limit
    return RunnerDeployment.from_entrypoint(
        deployment.entrypoint,
        name=deployment.name,
        description=deployment.description,
        tags=list(deployment.tags),
        parameters=dict(deployment.parameters),
        schedules=[Cron(one.cron, timezone=one.timezone, slug=one.slug) for one in deployment.schedules],
        paused=deployment.paused,
        enforce_parameter_schema=deployment.enforce_parameter_schema,
        concurrency_limit=ConcurrencyLimitConfig(
            limit=limit.limit, collision_strategy=ConcurrencyLimitStrategy(limit.collision_strategy)
        )
        if limit
        else None,
    )


def _welcome(deployments: Sequence[Deployment], place: Service, server: Service) -> str:
    first = deployments[0].full_name
    programs = Path(sys.executable).parent
    state_dir = os.environ.get("BUNDLEOPS_STATE_DIR")
    pools = sorted({str(one.name) for one in deployments if "env" in one.work_pool.job_variables})
    lines = [
        "",
        f"Prefect UI:  {server.address.removesuffix('/api')}",
        f"{'Sandbox' if place.started else 'Workspace'}:{' ' * (4 if place.started else 2)} {place.address}",
        "Serving:     " + ", ".join(one.full_name for one in deployments),
        "",
        "Try in another terminal:",
        f"  export PREFECT_API_URL={server.address}",
        *([f"  export BUNDLEOPS_STATE_DIR={shlex.quote(state_dir)}"] if state_dir else []),
        f"  {programs / 'prefect'} deployment run '{first}' --param dry_run=true --watch",
        "",
        "Questions are answered in Prefect's UI (Resume, in the menu of a flow run's page), or there:",
        f"  {programs / 'bundleops'} questions",
        f"  {programs / 'bundleops'} answer QUESTION OPTION{' --sandbox' if place.started else ''}",
        "",
        *(f"{name}: environment variables of its work pool do not count here; set them before." for name in pools),
        "Ctrl-C stops all that was started here.",
        "",
    ]
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m deployments.serve", description=__doc__)
    parser.add_argument("--bundles", type=Path, help="list of bundles (deployments/bundles.yaml)")
    parser.add_argument(
        "--compute", choices=("spark", "scripted"), default="spark", help="of a sandbox that is started here"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
