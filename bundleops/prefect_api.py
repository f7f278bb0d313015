"""Does Prefect's API answer? Without one, Prefect would only say so with a traceback."""

from __future__ import annotations

import os

from workspace.errors import SetupError


def check_prefect() -> str:
    """Return where Prefect keeps the flow runs of this process.

    Raises:
        SetupError: an address is set and nothing answers there.
    """
    from prefect import get_client  # noqa: PLC0415 - Prefect takes seconds to import
    from prefect.settings import get_current_settings  # noqa: PLC0415 - as above

    address = get_current_settings().api.url
    if not address:
        return "a temporary server for each operation (set PREFECT_API_URL to use a running one)"
    with get_client(sync_client=True) as client:
        fault = client.api_healthcheck()
    if fault is not None:
        where = "PREFECT_API_URL" if "PREFECT_API_URL" in os.environ else "the profile of Prefect"
        raise SetupError(
            f"Prefect's API at {address} does not answer ({fault}). Start it with `prefect server start`, correct "
            f"{where}, or take the address out of it to use a temporary server."
        )
    return address
