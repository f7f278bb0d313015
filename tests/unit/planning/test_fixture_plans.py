"""Whole bundles of different kinds, each with the plan that an engineer would write down for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations.plan_preview import PlanPreview
from operations.planning.levels import Level
from tasks.preview_plan import preview_from_files
from workspace.models import Layer

PLANS = Path(__file__).resolve().parents[2] / "fixtures" / "plans"
CASES = sorted(file.stem for file in PLANS.glob("*.json"))


def expected(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((PLANS / f"{name}.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(params=CASES)
def name(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("BUNDLE_VAR_region", "eu")
    return str(request.param)


@pytest.fixture
def plan(name: str) -> PlanPreview:
    case = expected(name)
    return preview_from_files(PLANS / case["bundle"], case["target"], Level.ATOMIC)


def test_every_resource_has_its_place_layer_level_and_needs(name: str, plan: PlanPreview) -> None:
    fields = {"key", "level", "layer", "needs"}
    assert [one.model_dump(mode="json", include=fields) for one in plan.resources] == expected(name)["resources"]


def test_what_the_files_do_not_tell_is_listed(name: str, plan: PlanPreview) -> None:
    assert list(plan.unresolved) == expected(name)["unresolved"]


def test_what_is_needed_comes_first(plan: PlanPreview) -> None:
    seen: set[str] = set()
    for one in plan.resources:
        assert seen.issuperset(one.needs), one
        seen.add(one.key)


def test_layers_follow_one_another(plan: PlanPreview) -> None:
    ranks = [tuple(Layer).index(one.layer) for one in plan.resources]
    assert ranks == sorted(ranks)


def test_each_resource_says_why_in_one_sentence(plan: PlanPreview) -> None:
    assert all(one.why.endswith(".") and "\n" not in one.why for one in plan.resources)
