"""Loads a bundle, phase by phase; the first phase that finds an error is the last."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.standin.bundle import Bundle, Call
from sandbox.standin.defaults import apply_mode, complete_resources
from sandbox.standin.diagnostics import BundleError
from sandbox.standin.engine import check_engine
from sandbox.standin.layout import check_own_root, define_workspace_paths, resolve_references
from sandbox.standin.localfiles import translate_paths
from sandbox.standin.session import connect
from sandbox.standin.source import read_files
from sandbox.standin.targets import select_target
from sandbox.standin.variables import assign_variables

PHASES: tuple[Callable[[Bundle], None], ...] = (
    read_files,
    select_target,
    connect,
    define_workspace_paths,
    assign_variables,
    resolve_references,
    apply_mode,
    check_own_root,
    complete_resources,
    translate_paths,
)


def load(call: Call) -> Bundle:
    """Load the bundle of the working directory; what is wrong with it is in its diagnostics."""
    bundle = Bundle(call)
    for phase in PHASES:
        try:
            phase(bundle)
        except BundleError as error:
            bundle.diagnostics.append(error.diagnostic())
        if bundle.failed:
            break
    if not bundle.failed:
        check_engine(bundle)
    return bundle
