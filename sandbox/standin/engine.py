"""Which engine deploys: the stand-in has the direct one only."""

from __future__ import annotations

from sandbox.standin.bundle import Bundle
from sandbox.standin.diagnostics import BundleError, Diagnostic

ENV = "DATABRICKS_BUNDLE_ENGINE"
_ENGINES = ("direct", "terraform")


def check_engine(bundle: Bundle) -> None:
    """Refuse an engine that does not exist, or that is not here; the configuration counts before the environment.

    Raises:
        BundleError: the environment asks for an engine that does not exist, or Terraform is asked for.
    """
    setting = bundle.config.get("bundle", "engine")
    if setting is not None and setting.value not in _ENGINES:
        summary = f'invalid value "{setting.value}" for bundle.engine (expected "terraform" or "direct")'
        bundle.diagnostics.append(Diagnostic("Error", summary, (), (setting.location,)))
        return
    asked = setting.value if setting is not None else bundle.call.env.get(ENV) or "direct"
    if asked not in _ENGINES:
        raise BundleError(f"unexpected setting for {ENV}=\"{asked}\" (expected 'terraform' or 'direct')")
    if asked == "terraform":
        raise BundleError("SANDBOX_UNSUPPORTED: the stand-in deploys with the direct engine; Terraform is not here")
