"""Evidence and small bundles for diagnosis, built from plain values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from diagnostics.models import BundleSnapshot, Diagnosis
from knowledge.pattern import Applicability, Category, FixKind
from knowledge.registry import Registry, load_registry
from workspace.models import Evidence, Failure, ResolvedBundle, Resource, Surface, TableShape


@pytest.fixture
def registry() -> Registry:
    """The built-in pages."""
    return load_registry()


@pytest.fixture
def snapshot_of() -> Callable[..., BundleSnapshot]:
    """Build a bundle from its files and the resolved configuration of its resources."""

    def build(files: Mapping[str, str], **resources: Mapping[str, Any]) -> BundleSnapshot:
        resolved = ResolvedBundle(
            name="shop",
            target="dev",
            mode="development",
            root="/bundle",
            remote_root="/Workspace/Users/me/.bundle/shop/dev",
            user="me@example.com",
            variables={},
            resources=tuple(
                Resource(
                    key=f"{'pipelines' if 'libraries' in config else 'jobs'}.{name}",
                    type="pipelines" if "libraries" in config else "jobs",
                    name=f"[dev me] {name}",
                    config=config,
                )
                for name, config in resources.items()
            ),
        )
        return BundleSnapshot(resolved=resolved, files=files)

    return build


@pytest.fixture
def evidence_of() -> Callable[..., Evidence]:
    """Build the evidence of one failed resource from error texts, one a task."""

    def build(
        *errors: str, resource: str | None = "jobs.gold_merge_job", tables: tuple[TableShape, ...] = (), **fields: Any
    ) -> Evidence:
        failures = tuple(
            Failure(surface=Surface.JOB, error=error, task_key=f"task_{number}", **fields)
            for number, error in enumerate(errors)
        )
        return Evidence(
            operation="op", target="dev", resource=resource, surface=Surface.JOB, failures=failures, tables=tables
        )

    return build


@pytest.fixture
def diagnosis_of() -> Callable[..., Diagnosis]:
    """Build a diagnosis with the given objects."""

    def build(code: str = "some-fault", fixer: str | None = None, **fields: Any) -> Diagnosis:
        values: dict[str, Any] = {
            "category": Category.SQL,
            "title": "A fault.",
            "explanation": "It happens.",
            "confidence": 0.9,
            "signals": (),
            "objects": {},
            "fix_kind": FixKind.ESCALATE,
            "applicability": Applicability.SAFE,
            "transient": False,
            "task_key": "task_0",
        }
        return Diagnosis(code=code, fixer=fixer, **{**values, **fields})

    return build
