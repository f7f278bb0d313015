from __future__ import annotations

from tests.unit.workspace.conftest import client, no_credentials, workspace

__all__ = ["client", "no_credentials", "workspace"]
