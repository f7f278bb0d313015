"""Where the bundle is: a folder of this machine, or a git repository that is fetched first."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from prefect import get_run_logger, task
from prefect.blocks.system import Secret

from operations.store import StateStore
from tasks.retry_policies import READ
from workspace.errors import UsageError
from workspace.git_source import GitSource, fetch
from workspace.settings import settings

__all__ = ["GitSource", "fetch_bundle"]


@task(task_run_name="fetch bundle {bundle}", **READ)
def fetch_bundle(bundle: str, git: GitSource | None) -> str:
    """Return the bundle's folder; a bundle in a git repository is fetched into the state directory first.

    Raises:
        UsageError: there is no such credentials block.
        SetupError: the repository, ref or folder cannot be had.
    """
    if git is None:
        return bundle
    # The token stays in here: a secret must not become the parameter of a task.
    token = _token(git.credentials) if git.credentials else None
    checkout = fetch(git, StateStore(settings().state_dir).root / "sources", token)
    get_run_logger().info("Fetched %s of %s: commit %s", checkout.ref, checkout.url, checkout.commit)
    return str(Path(checkout.folder))


def _token(block: str) -> str:
    try:
        # Outside of an event loop it is loaded at once; the type says both.
        loaded = cast(Secret[str], Secret.load(block))
        return str(loaded.get())
    except ValueError:
        raise UsageError(
            f"Prefect has no Secret block {block!r} for the git repository. Create it in Prefect's UI "
            "(Blocks, Secret), or correct `credentials` of the git source."
        ) from None
