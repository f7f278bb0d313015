"""The one SQL warehouse of the sandbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sandbox.errors import ApiError
from sandbox.layout import USER_NAME

WAREHOUSE_ID = "5a9d0b0c5a9d0b0c"


@dataclass
class Warehouse:
    """Starts and stops at once: the engine behind it runs as long as the sandbox does."""

    running: bool = True

    def require(self, warehouse_id: str) -> None:
        """Refuse the id of any other warehouse."""
        if warehouse_id != WAREHOUSE_ID:
            raise ApiError.missing(f"SQL warehouse {warehouse_id} does not exist.")

    def shown(self) -> dict[str, Any]:
        """As the API returns it."""
        return {
            "id": WAREHOUSE_ID,
            "name": "Serverless Starter Warehouse",
            "cluster_size": "Small",
            "warehouse_type": "PRO",
            "enable_serverless_compute": True,
            "auto_stop_mins": 10,
            "min_num_clusters": 1,
            "max_num_clusters": 1,
            "num_clusters": int(self.running),
            "state": "RUNNING" if self.running else "STOPPED",
            "creator_name": USER_NAME,
            "health": {"status": "HEALTHY"},
        }
